"""The feature matrix before clustering: checked, scaled, in an order of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError, ClamError, SettingsError

SAME_DIGITS = 9
"""Scans that agree to this many digits of the cohort's spread count as equal."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Features centered, divided by one number, and sorted.

    Sorting makes every clusterer independent of the order of the scans: the same
    scans in another order give the same clusters.

    Attributes:
        values: Shape (n_scans, n_features), float64, sorted.
        order: Row of the given matrix that each row of `values` came from.
    """

    values: NDArray[np.float64]
    order: NDArray[np.int64]

    def back(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Labels of the sorted rows, in the order of the given matrix."""
        placed = np.empty_like(labels)
        placed[self.order] = labels
        return placed


def check_features(features: NDArray[np.floating]) -> None:
    """Refuse anything but a matrix of finite numbers.

    Args:
        features: Shape (n_scans, n_features).

    Raises:
        AlignmentError: If it has not two axes, no row or no column.
        ClamError: If a value is missing or infinite.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise AlignmentError(
            f"Features need one row per scan and at least one column; they have shape "
            f"{features.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        first = ", ".join(str(row + 1) for row in bad[:5])
        more = ", ..." if len(bad) > 5 else ""
        raise ClamError(
            f"{len(bad)} of {len(features)} scans have features that are not finite numbers "
            f"(rows {first}{more}); leave these scans out or fit again."
        )


def sorted_rows(features: NDArray[np.floating]) -> Rows:
    """Center, scale and sort the features.

    Args:
        features: Shape (n_scans, n_features), finite.

    Returns:
        The rows. Where all scans are equal, zeros.

    Raises:
        ClamError: As `check_features`.
    """
    check_features(features)
    values = np.asarray(features, dtype=np.float64)
    # Sorted before anything is added up: even the last bits of sums then ignore the given order.
    order = np.lexsort(values.T[::-1])
    values = values[order]
    # By the largest first, so that squares neither overflow nor vanish, whatever the unit.
    values = values / max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    values = values - values.mean(axis=0)
    spread = float(np.sqrt(np.square(values).mean()))
    return Rows(values / spread if spread > 1e-12 else np.zeros_like(values), order)


def check_clusters(rows: Rows, n_clusters: int) -> None:
    """Refuse a number of clusters that these scans cannot form.

    Args:
        rows: The scans.
        n_clusters: Clusters asked for.

    Raises:
        SettingsError: If it is below 1, or above the number of different scans.
    """
    n_scans = len(rows.values)
    if n_clusters < 1:
        raise SettingsError(f"{n_clusters} clusters cannot be made; ask for at least 1.")
    if n_scans < n_clusters:
        raise SettingsError(
            f"{n_scans} scans cannot form {n_clusters} clusters; ask for at most {n_scans} or "
            "add scans."
        )
    n_different = len(np.unique(rows.values.round(SAME_DIGITS), axis=0))
    if n_different >= n_clusters:
        return
    if n_different == 1:
        raise SettingsError(
            f"All {n_scans} scans have the same features, so there are no {n_clusters} clusters "
            "to find; check that the scans differ after preprocessing."
        )
    raise SettingsError(
        f"The {n_scans} scans have only {n_different} different feature vectors, too few for "
        f"{n_clusters} clusters; ask for at most {n_different}."
    )


def check_filled(labels: NDArray[np.int64], n_clusters: int, method: str) -> None:
    """Refuse a result in which a cluster has no scan.

    Args:
        labels: Cluster of each scan, from 0.
        n_clusters: Clusters asked for.
        method: Its name, for the message.

    Raises:
        ClamError: If there are fewer clusters than asked for.
    """
    n_found = len(np.unique(labels))
    if n_found != n_clusters:
        raise ClamError(
            f"The method {method!r} found only {n_found} of {n_clusters} clusters in "
            f"{len(labels)} scans; ask for fewer clusters or choose another method."
        )
