"""Files written byte by byte for the tests of the readers, so that every field can lie."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from clam_core.settings import ReadLimits

LIMITS = ReadLimits()

# Offsets in a NIfTI-1 header (nifti1.h) and the type of each field.
NIFTI_FIELDS = {
    "dim": (40, "8h"),
    "datatype": (70, "h"),
    "pixdim": (76, "8f"),
    "vox_offset": (108, "f"),
    "scl_slope": (112, "f"),
    "scl_inter": (116, "f"),
    "xyzt_units": (123, "B"),
    "qform_code": (252, "h"),
    "sform_code": (254, "h"),
    "quatern": (256, "3f"),
    "srow": (280, "12f"),
}


def ct_like(shape: tuple[int, ...] = (4, 5, 6), dtype: str = "int16") -> np.ndarray:
    """Every voxel has its own value, from -1000 on."""
    return (np.arange(np.prod(shape)).reshape(shape) * 3 - 1000).astype(dtype)


def nifti_bytes(array: np.ndarray, affine: np.ndarray | None = None, **fields: Any) -> bytes:
    """A NIfTI-1 file by nibabel, with header fields overwritten."""
    affine = np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine
    image = nib.Nifti1Image(array, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    raw = bytearray(image.to_bytes())
    for name, value in fields.items():
        offset, code = NIFTI_FIELDS[name]
        values = value if isinstance(value, (tuple, list)) else (value,)
        struct.pack_into("<" + code, raw, offset, *values)
    return bytes(raw)


def nrrd_bytes(array: np.ndarray, *, data: bytes | None = None, **fields: str | None) -> bytes:
    """An NRRD file; blanks of field names are written as underscores, None leaves a field out."""
    header: dict[str, str | None] = {
        "type": "short",
        "dimension": str(array.ndim),
        "space": "left-posterior-superior",
        "space_dimension": None,
        "sizes": " ".join(str(n) for n in array.shape),
        "space_directions": "(2,0,0) (0,3,0) (0,0,4)",
        "kinds": "domain domain domain",
        "endian": "little",
        "encoding": "raw",
        "space_origin": "(10,20,30)",
        **fields,
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in header.items() if value]
    text = "\n".join(["NRRD0004", "# made for a test", *lines, "", ""])
    return text.encode() + (array.tobytes(order="F") if data is None else data)


def mha_bytes(array: np.ndarray, *, data: bytes | None = None, **fields: str | None) -> bytes:
    """A MetaImage file; None leaves a field out."""
    header: dict[str, str | None] = {
        "ObjectType": "Image",
        "NDims": str(array.ndim),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "10 20 30",
        "ElementSpacing": "2 3 4",
        "DimSize": " ".join(str(n) for n in array.shape),
        "ElementType": "MET_SHORT",
        **{key: value for key, value in fields.items() if key != "ElementDataFile"},
        "ElementDataFile": fields.get("ElementDataFile", "LOCAL"),
    }
    text = "".join(f"{key} = {value}\n" for key, value in header.items() if value)
    return text.encode() + (array.tobytes(order="F") if data is None else data)


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zero_bomb(head: bytes, n_megabytes: int) -> bytes:
    """A gzip file of `head` and then zeros, about a thousand times smaller than its content."""
    packed = gzip.compress(head, mtime=0)
    return packed + gzip.compress(bytes(1 << 20), mtime=0) * n_megabytes


def zip_of_empty_files(n: int) -> bytes:
    """A zip archive of `n` empty files (APPNOTE.TXT 4.3, with the 64-bit end), quickly."""
    names = [str(number).encode() for number in range(n)]
    local = [struct.pack("<4s5H3I2H", b"PK\3\4", *[0] * 8, len(name), 0) + name for name in names]
    starts = np.cumsum([0, *map(len, local)]).tolist()
    central = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 9, len(name), *[0] * 5, start) + name
        for name, start in zip(names, starts, strict=False)
    )
    where = starts[-1]
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, len(central), where)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, where + len(central), 1)
    end += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return b"".join(local) + central + end


_CHILD = """
import json, sys
from pathlib import Path
from tests.memory import peak_mb
from clam_core.errors import ClamError
from clam_core.settings import ReadLimits
import importlib
module, function, path = sys.argv[1:]
read = getattr(importlib.import_module(module), function)
before = peak_mb()
try:
    read(Path(path), ReadLimits())
    said = "read"
except ClamError as error:
    said = type(error).__name__ + ": " + str(error)
after = peak_mb()
print(json.dumps([said, after - before]))
"""


def read_in_child(reader: str, path: Path) -> tuple[str, float]:
    """What a reader (`module:function`) said in a process of its own, and its growth in MB."""
    import json

    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *reader.split(":"), str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    said, growth_mb = json.loads(done.stdout)
    return said, growth_mb
