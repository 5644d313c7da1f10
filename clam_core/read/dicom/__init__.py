"""DICOM: headers, series and volumes, from files on disk or in an archive."""

from clam_core.read.dicom.header import DicomHeader, HeaderProblem, PixelFormat, Plane
from clam_core.read.dicom.read import read_series
from clam_core.read.dicom.read_headers import read_headers
from clam_core.read.dicom.series.judge import group_series
from clam_core.read.dicom.series.outcome import SeriesOutcome

__all__ = [
    "DicomHeader",
    "HeaderProblem",
    "PixelFormat",
    "Plane",
    "SeriesOutcome",
    "group_series",
    "read_headers",
    "read_series",
]
