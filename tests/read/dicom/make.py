"""Synthetic DICOM files, written with pydicom, for the tests of the reader."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import DicomHeader, HeaderProblem, read_headers

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
SERIES, STUDY = "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2"
ROWS, COLUMNS = 6, 5

Array = NDArray[Any]


def uid(*parts: object) -> str:
    """A UID that depends on the parts only."""
    return str(generate_uid(entropy_srcs=[str(part) for part in parts] or ["x"]))


def ramp(n: int = 4, rows: int = ROWS, columns: int = COLUMNS) -> Array:
    """Stored pixels, shape (slices, rows, columns), all different, 0 to 4095."""
    total = n * rows * columns
    return (np.arange(total) * 37 % 4096).astype(np.uint16).reshape(n, rows, columns)


def dataset(stored: Array, **tags: Any) -> Dataset:
    """One CT slice with sound values, which `tags` replace; None leaves an element out."""
    bits = stored.dtype.itemsize * 8
    values: dict[str, Any] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": uid(stored.tobytes(), sorted(tags.items(), key=str)),
        "SeriesInstanceUID": SERIES,
        "StudyInstanceUID": STUDY,
        "PatientName": "Test^Case",
        "PatientID": "P-001",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "ImageOrientationPatient": list(AXIAL),
        "ImagePositionPatient": [-10.0, -20.0, 30.0],
        "PixelSpacing": [0.8, 0.7],
        "SliceThickness": 2.0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": stored.shape[-2],
        "Columns": stored.shape[-1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
    }
    if "BitsStored" in tags and "HighBit" not in tags:
        values["HighBit"] = tags["BitsStored"] - 1
    values.update(tags)
    made = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(made, keyword, value)
    made.PixelData = stored.tobytes()
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    return made


def write(path: Path, made: Dataset, syntax: str = ExplicitVRLittleEndian) -> FileRef:
    """Write a data set whose pixel data is already in the form of `syntax`."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.save_as(path, enforce_file_format=True)
    return FileRef(path)


def series(
    folder: Path,
    stored: Array | None = None,
    step: tuple[float, float, float] = (0.0, 0.0, 2.0),
    syntax: str = ExplicitVRLittleEndian,
    **tags: Any,
) -> list[FileRef]:
    """A series of slices `step` apart, in the order of the files.

    A tag that is a list of as many values as there are slices, in a tuple
    `("each", values)`, gives each slice its own.
    """
    stored = ramp() if stored is None else stored
    refs = []
    for n, pixels in enumerate(stored):
        own = {k: v[1][n] if _is_each(v) else v for k, v in tags.items()}
        position = [-10.0 + n * step[0], -20.0 + n * step[1], 30.0 + n * step[2]]
        own.setdefault("ImagePositionPatient", [round(p, 6) for p in position])
        own.setdefault("InstanceNumber", n + 1)
        folder.mkdir(exist_ok=True, parents=True)
        refs.append(write(folder / f"slice_{n:03d}.dcm", dataset(pixels, **own), syntax))
    return refs


def each(values: Any) -> tuple[str, list[Any]]:
    """One value per slice, for `series`."""
    return "each", list(values)


def _is_each(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and value[0] == "each"


def encapsulated(
    path: Path, streams: list[bytes], stored: Array, syntax: str, **tags: Any
) -> FileRef:
    """A compressed file from ready code streams; `stored` gives size and type."""
    made = dataset(stored, **tags)
    made.PixelData = encapsulate(streams)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return write(path, made, syntax)


def item(**tags: Any) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def enhanced(
    stored: Array,
    positions: list[list[float]],
    scales: list[tuple[float, float]] | None = None,
    **tags: Any,
) -> Dataset:
    """An Enhanced CT file, shape (frames, rows, columns)."""
    made = dataset(
        stored,
        **{
            "SOPClassUID": ENHANCED_CT,
            "NumberOfFrames": len(stored),
            "ImagePositionPatient": None,
            "ImageOrientationPatient": None,
            "PixelSpacing": None,
            "SliceThickness": None,
            "RescaleSlope": None,
            "RescaleIntercept": None,
            **tags,
        },
    )
    measures = item(PixelSpacing=[0.8, 0.7], SliceThickness=2.0)
    shared = item(
        PixelMeasuresSequence=Sequence([measures]),
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=list(AXIAL))]),
    )
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for n, position in enumerate(positions):
        slope, intercept = scales[n] if scales else (1, -1024)
        scale = item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")
        frames.append(
            item(
                PlanePositionSequence=Sequence([item(ImagePositionPatient=position)]),
                PixelValueTransformationSequence=Sequence([scale]),
                FrameContentSequence=Sequence([item(FrameAcquisitionNumber=1)]),
            )
        )
    made.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return made


def nested(path: Path, depth: int) -> None:
    """Put a sequence nested `depth` deep, that never ends, into a file."""
    opening = struct.pack("<HH2sHL", 0x0008, 0x1110, b"SQ", 0, 0xFFFFFFFF)
    opening += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    whole = path.read_bytes()
    start = whole.index(struct.pack("<HH", 0x0008, 0x0016))
    path.write_bytes(whole[:start] + opening * depth + whole[start:])


def plant(made: Dataset, name: str, place: str, date: str) -> Dataset:
    """Put a name into every element that can hold a text or a date, as one that a file sets."""
    for tag, (vr, vm, _, retired, keyword) in DicomDictionary.items():
        group = tag >> 16
        if retired or not keyword or group in {0x0000, 0x0002, 0x0004, 0xFFFE} or keyword in made:
            continue
        if vr == "PN":
            setattr(made, keyword, f"{name}^Anna")
        elif vr == "DA":
            setattr(made, keyword, date)
        elif vr in {"LO", "LT", "SH", "ST", "UT"} and vm == "1":
            setattr(made, keyword, f"{name} {place} {date}"[: 16 if vr == "SH" else 64])
        elif vr in {"LO", "SH"} and vm == "1-n":
            setattr(made, keyword, [name[:15], place[:15]])
    made.PatientName = f"{name}^Anna"
    made.PatientID = f"{name}-4711"
    made.InstitutionName = f"{place} North"
    return made


def zipped(refs: list[FileRef], path: Path) -> list[FileRef]:
    """The same files as members of an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for ref in refs:
            archive.write(ref.path, f"series/{ref.name}")
    return [FileRef(path, f"series/{ref.name}") for ref in refs]


def read_header(ref: FileRef) -> DicomHeader:
    """The header of one file; its problem as an error."""
    (header,) = read_headers([ref])
    if isinstance(header, HeaderProblem):
        raise (NotAScanError if header.kind == "skipped" else ReadError)(header.reason)
    return header
