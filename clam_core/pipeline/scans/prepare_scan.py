"""Tasks for reader processes: what is done with one scan where it is safe to read it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clam_core.files.file_ref import FileRef
from clam_core.preprocess.prepare import prepare
from clam_core.read.reading import read_scan
from clam_core.settings import PreprocessSettings, ReadLimits

Files = list[list[str | None]]


def prepare_scan(  # the arguments are one JSON object
    scan: dict[str, Any], settings: dict[str, Any], limits: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Read one scan and bring it onto the grid.

    Args:
        scan: format, files, mask_format, masks, unit.
        settings: Values of `PreprocessSettings`.
        limits: Values of `ReadLimits`.

    Returns:
        Values for its row of the scans table, and the arrays `volume` (int16),
        `mask` (bool, absent where there is none) and `picture` (bytes of a PNG).
    """
    allowed = ReadLimits(**limits)
    wanted = PreprocessSettings(**settings)
    result = read_scan(scan["format"], _refs(scan["files"]), allowed, scan["unit"])
    mask, doubts = None, []
    if scan["masks"] and wanted.reads_masks:
        drawn = read_scan(scan["mask_format"], _refs(scan["masks"]), allowed, "arbitrary")
        mask = drawn.volume
        doubts = [f"The mask: {words}" for words in drawn.warnings if words not in result.warnings]
    prepared = prepare(result.volume, mask, wanted)
    values = {
        **prepared.quality,
        "warnings": " ".join(dict.fromkeys((*result.warnings, *doubts, *prepared.warnings))),
        "affine": prepared.volume.affine.ravel().tolist(),
        "source_affine": result.volume.affine.ravel().tolist(),
        "source_shape": list(result.volume.shape),
        "mask_source": "none" if prepared.mask is None else "lungs" if mask is None else "given",
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "volume": prepared.volume.array,
        "picture": _png(prepared.picture),
    }
    if prepared.mask is not None:
        arrays["mask"] = prepared.mask
    return values, arrays


def _refs(files: Files) -> list[FileRef]:
    return [FileRef(Path(str(path)), member) for path, member in files]


def _png(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", optimize=False)
    return np.frombuffer(stream.getvalue(), np.uint8)
