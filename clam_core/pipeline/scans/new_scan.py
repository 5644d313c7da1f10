"""Read a scan that is no part of a study, prepared as the study's scans were."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ClamError, MissingStepError, ReadError
from clam_core.files.found_scan import FoundScan
from clam_core.find.discover import Searcher, discover
from clam_core.pipeline.progress import silent
from clam_core.pipeline.scans.preprocess import PRELOAD
from clam_core.sandbox.engine import Engine, Task, run_task
from clam_core.settings import ReadLimits
from clam_core.study import Study


@dataclass(frozen=True, eq=False)
class NewScan:
    """A scan on the study's grid, or why there is none.

    Attributes:
        volume: int16, shape of the grid.
        mask: Same shape, or None.
        affine: Of the grid, shape (4, 4).
        warnings: What was assumed or looks wrong, in sentences.
        error: Why it could not be read; the other attributes are empty then.
    """

    volume: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    mask: NDArray[np.bool_] | None = None
    affine: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    warnings: str = ""
    error: ClamError | None = None

    def check(self) -> None:
        """Raise the error if there is one."""
        if self.error is not None:
            raise self.error


def read_new_scan(study: Study, path: Path, mask: Path | None, pool: Engine) -> NewScan:
    """Read one scan and bring it onto the study's grid, in a reader process.

    Args:
        study: Its preprocessing is used.
        path: A file, folder or archive.
        mask: The scan's mask, or None.
        pool: Reader processes.

    Returns:
        The scan, or the error that its reader met.

    Raises:
        MissingStepError: If the study has not been preprocessed.
        ReadError: If a path holds no scan or several, or a mask is missing.
    """
    prepared = study.info.prepared
    if prepared is None:
        raise MissingStepError("The study has no volumes yet; run the step 'preprocess' first.")
    if prepared.settings.mask == "given" and mask is None:
        raise ReadError("The scans of this study came with masks; give this scan's mask as well.")
    scan = _one_scan(path, pool, study.info.spatial_dims)
    drawn = None if mask is None else _one_scan(mask, pool, study.info.spatial_dims)
    limits = ReadLimits()
    arguments = {
        "scan": {
            "format": scan.format,
            "files": _files(scan),
            "mask_format": "none" if drawn is None else drawn.format,
            "masks": [] if drawn is None else _files(drawn),
            "unit": study.info.unit,
        },
        "settings": prepared.settings.model_dump(),
        "limits": limits.model_dump(),
    }
    refs = (*scan.files, *(() if drawn is None else drawn.files))
    n_bytes = sum({ref.path: ref.path.stat().st_size for ref in refs}.values())
    reply = run_task(pool, Task(f"{PRELOAD[0]}:prepare_scan", arguments, n_bytes))
    advice = "" if mask is not None or not masks_were_given(study) else _WITHOUT_MASK
    if reply.error is not None:
        return NewScan(error=type(reply.error)(f"{reply.error} {advice}".strip()))
    voxels = reply.arrays.get("mask")
    return NewScan(
        volume=reply.arrays["volume"].astype(np.int16),
        mask=None if voxels is None else voxels.astype(bool),
        affine=np.reshape(reply.values["affine"], (4, 4)).astype(np.float64),
        warnings=f"{reply.values['warnings']} {advice}".strip(),
    )


_WITHOUT_MASK = (
    "The scans of this study came with masks and this one did not: give its mask as well, or the "
    "result may only show the difference between masks."
)


def masks_were_given(study: Study) -> bool:
    """Whether the masks of the study's scans came with them."""
    scans = study.scans()
    if "mask_source" not in scans:
        return False
    return bool((scans.loc[scans["status"] == "ready", "mask_source"] == "given").mean() > 0.5)


def _files(scan: FoundScan) -> list[list[str | None]]:
    return [[str(ref.path), ref.member] for ref in scan.files]


def _one_scan(path: Path, pool: Engine, spatial_dims: int) -> FoundScan:
    """The one scan at a path."""
    if not path.exists():
        raise ReadError(f"There is nothing at {path.name!r}; check the path.")
    found = discover(path.absolute(), Searcher(pool, ReadLimits(), silent), spatial_dims)
    usable = [scan for scan in found.scans if scan.status == "found"]
    if len(usable) > 1:
        raise ReadError(f"{path.name!r} holds {len(usable)} scans; name one of them.")
    if not usable:
        reasons = [scan.reason for scan in found.scans] + [item.reason for item in found.skipped]
        why = reasons[0] if reasons else "It is empty."
        raise ReadError(f"There is no scan in {path.name!r}: {why}")
    return usable[0]
