"""Volumes that are already in memory, as the fit reads those of a study."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError, ClamError, ReadError
from clam_core.preprocess.values import check_values
from clam_core.settings import Unit
from clam_core.training import ScanSource
from clam_core.volume import Volume


class Rows(Protocol):
    """Arrays of scans by position: a list, one array with the scan as first axis, or a study's."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Any: ...  # noqa: ANN401


def source_of_arrays(
    volumes: Rows,
    masks: Rows | None = None,
    unit: Unit = "HU",
    intensity_factor: float = 1.0,
) -> ScanSource:
    """Volumes as whole numbers of 16 bits, checked like those that `preprocess` stores.

    Args:
        volumes: One array per scan, all of one shape with two or three axes; read when
            they are needed.
        masks: An array of that shape per scan, not zero inside; None for a scan without.
        unit: `HU`, or `arbitrary`.
        intensity_factor: Volumes in arbitrary units are multiplied by it.

    Returns:
        What the fit reads.

    Raises:
        AlignmentError: If there are no volumes, or another number of masks.
    """
    n_scans = len(volumes)
    if not n_scans:
        raise AlignmentError("There are no volumes; give an array per scan.")
    if masks is not None and len(masks) != n_scans:
        raise AlignmentError(f"There are {n_scans} volumes and {len(masks)} masks; give as many.")
    grid = np.shape(volumes[0])
    if len(grid) not in {2, 3}:
        raise AlignmentError(
            f"The first volume has the shape {grid}; two or three axes are expected, one array "
            "per scan."
        )

    def read(row: int) -> tuple[NDArray[np.int16], NDArray[np.bool_] | None]:
        mask = None if masks is None else masks[row]
        inside = None if mask is None else np.ascontiguousarray(mask).astype(bool)
        try:
            return _whole(np.asarray(volumes[row]), unit, intensity_factor), inside
        except ClamError as error:
            raise ReadError(f"Volume number {row + 1}: {error}") from error

    return ScanSource(read, n_scans, grid, unit)


def _whole(array: NDArray[Any], unit: Unit, intensity_factor: float) -> NDArray[np.int16]:
    """Values that `preprocess` would store for a scan that is on the grid already.

    In the order in memory in which a study gives them: sums in another order differ in
    their last digits.
    """
    checked = check_values(Volume(array, np.eye(4), unit), intensity_factor)
    # `preprocess` clamps while it resizes; there is nothing to resize here.
    within = np.clip(checked.volume.array, *checked.limits)
    return np.ascontiguousarray(within, dtype=np.int16)
