"""The report: everything that is stored of a run as one HTML file that opens offline."""

from clam_core.report.document import GENERATOR, OutlineRow, build_report, outline
from clam_core.report.settings import SECTIONS, ReportSettings, SectionName

__all__ = [
    "GENERATOR",
    "SECTIONS",
    "OutlineRow",
    "ReportSettings",
    "SectionName",
    "build_report",
    "outline",
]
