"""ScanSource: volumes and masks of a cohort, read one at a time and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError, StudyError
from clam_core.settings import Unit

Volume16 = NDArray[np.int16]
Mask = NDArray[np.bool_]
Reader = Callable[[int], tuple[Volume16, Mask | None]]


@dataclass(frozen=True)
class ScanSource:
    """Where the scans of a cohort come from.

    Attributes:
        reader: Volume (int16, HU or the study's unit) and mask of a row, both on the grid.
        n_scans: Number of rows.
        grid: Voxels along each axis.
        unit: Unit of the voxels.
        names: Name of each row for messages; without them rows are counted from 1.
    """

    reader: Reader
    n_scans: int
    grid: tuple[int, ...]
    unit: Unit = "HU"
    names: tuple[str, ...] = ()

    def read(self, row: int) -> tuple[Volume16, Mask | None]:
        """Volume and mask of a row.

        Raises:
            StudyError: If the voxels are not whole numbers of 16 bits, or the mask is empty.
            AlignmentError: If volume or mask are not on the grid.
        """
        volume, mask = self.reader(row)
        name = repr(self.names[row]) if self.names else f"number {row + 1}"
        for what, array in (("volume", volume), ("mask", mask)):
            if array is not None and array.shape != self.grid:
                raise AlignmentError(
                    f"The {what} of scan {name} has the shape {array.shape}, but the grid of the "
                    f"study is {self.grid}; preprocess the study again."
                )
        if volume.dtype != np.int16:
            raise StudyError(
                f"The volume of scan {name} holds {volume.dtype} instead of int16 voxels, so "
                "missing values could hide in it; preprocess the study again."
            )
        if mask is not None and (mask.dtype != np.bool_ or not mask.any()):
            raise StudyError(
                f"The mask of scan {name} is empty; give another mask for it, or leave the scan "
                "out."
                if mask.dtype == np.bool_
                else f"The mask of scan {name} holds {mask.dtype} instead of yes or no; "
                "preprocess the study again."
            )
        return volume, mask
