"""Sound files and two kinds of damage: by bytes that know no format, by fields that do."""

from __future__ import annotations

import gzip
import struct
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.filebase import DicomBytesIO

from tests.read.dicom import make
from tests.read.made_files import NIFTI_FIELDS, mha_bytes, nifti_bytes, nrrd_bytes

SHAPE = (9, 8, 10)
WHOLE = [-32768, -1, 0, 1, 2, 3, 4, 7, 9, 10, 16, 64, 512, 32767]
EDGES = {
    # nibabel knows no other codes, and reads voxels from byte 0 where the header says so; for us,
    # as nifti1.h has it, each code is a form, and voxels come after the header.
    "sform_code": [0, 1, 2, 3, 4],
    "qform_code": [0, 1, 2, 3, 4],
    "vox_offset": [352.0, 353.0, 1000.0, np.nan, 1e38],
}
REAL = [0.0, 1.0, -1.0, 2.5, np.nan, np.inf, 1e38, 1e-45, 353.0, 1000.0]
WORDS = ["nan", "inf", "0", "-1", "1e400", "99999999999", "x", "", "9", "1 1", "raw", "LOCAL",
         "/etc/passwd", "\u202e", "1,5", "float", "MET_UCHAR", "big", "True"]  # fmt: skip
TAGS = ["ImagePositionPatient", "PixelSpacing", "Rows", "BitsStored", "PixelRepresentation",
        "RescaleSlope", "RescaleIntercept", "SeriesInstanceUID", "SOPInstanceUID", "PatientID",
        "Modality", "SpecificCharacterSet", "PhotometricInterpretation", "SamplesPerPixel",
        "ImageOrientationPatient"]  # fmt: skip

Files = dict[str, bytes]


def sound(folder: Path, rng: np.random.Generator) -> Files:
    """A scan of `SHAPE` in one of the formats, by the name of each file."""
    array = rng.normal(-600, 200, SHAPE).astype(np.int16)
    kind = rng.choice(["nii", "nii.gz", "float", "nrrd", "mha", "dicom", "dicom"])
    if kind == "dicom":
        stored = (array[:, :, :6] + 1024).clip(0).astype(np.uint16)
        refs = make.series(folder, stored.transpose(2, 1, 0), SeriesInstanceUID=make.uid(folder))
        return {ref.path.name: ref.path.read_bytes() for ref in refs}
    made = {
        "nii": lambda: nifti_bytes(array),
        "nii.gz": lambda: gzip.compress(nifti_bytes(array), 1),
        "float": lambda: nifti_bytes(array.astype(np.float32)),
        "nrrd": lambda: nrrd_bytes(array),
        "mha": lambda: mha_bytes(array),
    }[kind]()
    return {f"scan.{'nii' if kind == 'float' else kind}": made}


def by_bytes(files: Files, rng: np.random.Generator) -> Files:
    """One file with some bytes changed, lost, doubled or swapped, or under another name."""
    name = sorted(files)[rng.integers(len(files))]
    data = bytearray(files[name])
    at = int(rng.integers(len(data) if rng.random() < 0.5 else min(len(data), 400)))
    size, to = int(2 ** rng.uniform(0, 12)), int(rng.integers(len(data)))
    how = rng.choice(["flip", "cut", "empty", "double", "swap", "zero", "name", "copy", "twice"])
    if how == "flip":
        data[at] ^= 1 << int(rng.integers(8))
    elif how == "swap":
        data[at : at + size], data[to : to + size] = data[to : to + size], data[at : at + size]
    elif how == "zero":
        data[at : at + size] = bytes(len(data[at : at + size]))
    elif how == "double":
        data[at:at] = data[at : at + size]
    content = {"cut": data[:at], "empty": b"", "twice": data + data}.get(str(how), data)
    rest = {key: value for key, value in files.items() if key != name or how == "copy"}
    new = {"name": name + str(rng.choice([".txt", ".nii", ".dcm", ""])), "copy": f"b-{name}"}
    return {**rest, new.get(str(how), name): bytes(content)}


def by_fields(files: Files, rng: np.random.Generator) -> Files:
    """Fields of the header at the edge of their types, left out, doubled or swapped."""
    name = sorted(files)[rng.integers(len(files))]
    content = files[name]
    if name.endswith(".dcm"):
        return {**files, name: _dicom_fields(content, rng)}
    if name.endswith(".gz"):
        return {name: gzip.compress(_nifti_fields(gzip.decompress(content), rng), 1)}
    damaged = _nifti_fields if name.endswith(".nii") else _lines
    return {name: damaged(content, rng)}


def _nifti_fields(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for name in rng.choice(sorted(NIFTI_FIELDS), int(rng.integers(1, 4))):
        offset, code = NIFTI_FIELDS[str(name)]
        number, kind = int(rng.integers(int(code[:-1] or 1))), code[-1]
        edges = EDGES.get(str(name), REAL if kind == "f" else WHOLE)
        value = edges[rng.integers(len(edges))]
        place = offset + number * struct.calcsize(kind)
        struct.pack_into(f"<{kind}", data, place, value & 255 if kind == "B" else value)
    return bytes(data)


def _lines(content: bytes, rng: np.random.Generator) -> bytes:
    """Of a header of text, NRRD or MetaImage."""
    end = content.find(b"\n\n") if content.startswith(b"NRRD") else content.find(b"LOCAL\n")
    lines, rest = content[:end].split(b"\n"), content[end:]
    for _ in range(int(rng.integers(1, 3))):
        one, other = (int(n) for n in rng.integers(0, len(lines), 2))
        how = rng.choice(["drop", "double", "swap", "word"])
        if how == "drop":
            lines[one] = b""
        elif how == "double":
            lines.insert(other, lines[one])
        elif how == "swap":
            lines[one], lines[other] = lines[other], lines[one]
        else:
            words = lines[one].split(b" ")
            words[rng.integers(len(words))] = str(rng.choice(WORDS)).encode()
            lines[one] = b" ".join(words)
    return b"\n".join(lines) + rest


def _dicom_fields(content: bytes, rng: np.random.Generator) -> bytes:
    """An element left out, or with the value of another file, as its own bytes."""
    made, to = pydicom.dcmread(DicomBytesIO(content)), DicomBytesIO()
    tag = str(rng.choice(TAGS))
    with pydicom.config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if rng.random() < 0.3 and tag in made:
            del made[tag]
        else:
            value = str(rng.choice([*WORDS, "2\\2", "1\\2\\8", "MR", "RGB"]))
            made.add_new(tag, "LO", value)
        made.save_as(to)
    return to.getvalue()
