"""The stored map of a scan, where it fits the scan as it is now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import MissingStepError
from clam_core.study import Run, Study


def stored_map(run: Run, scan_id: str) -> NDArray[np.float32] | None:
    """Stored map of a scan, shape of the grid.

    Args:
        run: A fitted run.
        scan_id: A scan of its study.

    Returns:
        None where there is no map, or where it has another grid than the volumes have now.
    """
    if _grid_now(run.study) != run_grid(run):
        return None
    try:
        return run.activation_map(scan_id)
    except MissingStepError:
        return None


def run_grid(run: Run) -> tuple[int, ...]:
    """Voxels along each axis of the volumes that a run was fitted on."""
    grid = run.info().model.get("grid")
    return _grid_now(run.study) if grid is None else tuple(grid)


def _grid_now(study: Study) -> tuple[int, ...]:
    prepared = study.info.prepared
    return () if prepared is None else prepared.settings.grid
