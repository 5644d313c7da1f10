"""TechnicalLevels: which scanner, kernel or site made each scan, and what differs with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import StudyError
from clam_core.fitting.principal_axes import principal_axes

ROUNDING = 1e-9
"""Share of the largest difference between levels below which a direction is rounding."""
MOST_TAKEN = 0.5
"""Share of the numbers of a scan that may be taken out as technical directions."""


@dataclass(frozen=True, eq=False)
class KeptColumn:
    """A column whose differences must not count as technical ones, such as a disease.

    Attributes:
        name: As people call it.
        values: Numbers, or an indicator per level but the first; NaN where unknown. Shape
            (n_scans, n_values).
        codes: Level of each scan, from 0, -1 where unknown; None of numbers.
    """

    name: str
    values: NDArray[np.float64]
    codes: NDArray[np.int64] | None = None


@dataclass(frozen=True, eq=False)
class TechnicalLevels:
    """How the scans of a cohort were made.

    Attributes:
        name: Of the column, as people call it.
        levels: Names of the levels, at least two.
        codes: Level of each scan, from 0; -1 where it is unknown. Shape (n_scans,).
        kept: What differences between levels must not be taken for.
    """

    name: str
    levels: tuple[str, ...]
    codes: NDArray[np.int64]
    kept: tuple[KeptColumn, ...] = ()

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Scans that directions are found from, shape (n_scans,)."""
        known: NDArray[np.bool_] = self.codes >= 0
        for column in self.kept:
            known = known & np.isfinite(column.values).all(axis=1)
        return known

    @property
    def indicators(self) -> NDArray[np.float64]:
        """One column per level but the first, shape (n_scans, n_levels - 1)."""
        one_hot: NDArray[np.float64] = np.eye(len(self.levels))[self.codes][:, 1:]
        return one_hot

    def residuals(self, values: Tensor) -> Tensor:
        """Numbers of the known scans without the means of their levels, for spreads."""
        known = torch.from_numpy(self.is_known)
        rows, codes = values[known], torch.from_numpy(self.codes)[known]
        means = torch.zeros(len(self.levels), values.shape[1], dtype=values.dtype)
        counts = torch.bincount(codes, minlength=len(self.levels)).clamp_min(1)
        means.index_add_(0, codes, rows)
        return rows - (means / counts[:, None])[codes]

    def directions(self, values: Tensor) -> Tensor:
        """Orthonormal directions along which the levels differ on average.

        Means of levels are those of a regression on level and what is kept, so that a disease
        that one scanner saw more often does not count as the scanner's.

        Args:
            values: Numbers of each scan, shape (n_scans, n_values), float64.

        Returns:
            Shape (n_values, at most n_levels - 1).

        Raises:
            StudyError: If there are too many levels for so few numbers.
        """
        most = int(MOST_TAKEN * values.shape[1])
        if len(self.levels) - 1 > most:
            raise StudyError(
                f"{self.name} has {len(self.levels)} levels, but of the {values.shape[1]} numbers "
                f"that a scan is grouped by, differences between at most {most + 1} can be taken "
                "out; join levels that are alike in the clinical table, or harmonise by another "
                "column."
            )
        known = self.is_known
        kept = [column.values[known] for column in self.kept]
        parts = [np.ones((int(known.sum()), 1)), self.indicators[known], *kept]
        design = torch.from_numpy(np.hstack(parts)).to(values.dtype)
        # By singular values: columns to keep may repeat one another.
        fitted = torch.linalg.lstsq(design, values[torch.from_numpy(known)], driver="gelsd")
        differences = fitted.solution[1 : len(self.levels)]
        _, sizes, axes = torch.linalg.svd(differences, full_matrices=False)
        found: Tensor = axes[sizes > ROUNDING * sizes.max().clamp_min(ROUNDING)].T
        return found

    def projection(self, values: Tensor) -> Tensor:
        """Matrix that numbers are multiplied by to lose these directions, symmetric."""
        found = self.directions(values)
        return torch.eye(len(found), dtype=values.dtype) - found @ found.T


def axes_without(technical: TechnicalLevels | None, centered: Tensor, n_axes: int) -> Tensor:
    """Principal axes of numbers, of what is left without technical directions.

    Args:
        technical: How the scans were made; None takes out nothing.
        centered: Shape (n_scans, n_values), each column with mean 0.
        n_axes: How many, at most as many as there are.

    Returns:
        What numbers are multiplied by, shape (n_values, n_axes).
    """
    if technical is None:
        return principal_axes(centered, n_axes)
    kept = technical.projection(centered)
    return kept @ principal_axes(centered @ kept, n_axes)
