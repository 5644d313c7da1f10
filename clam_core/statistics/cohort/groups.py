"""Values of one variable by cluster: sizes, means, variances, midranks, tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.result import Labels, NotTestableError, Values


@dataclass(frozen=True, eq=False)
class Groups:
    """Values of one variable, each with its cluster, none missing.

    Attributes:
        values: Shape (n,), numbers or codes of levels.
        clusters: Numbers of the clusters that have values, ascending, shape (k,).
        codes: Position of each value's cluster in `clusters`, shape (n,).
        left_out: Clusters with too few values, which were left out.
    """

    values: Values
    clusters: Labels
    codes: NDArray[np.intp]
    left_out: tuple[int, ...] = ()

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.clusters)

    @property
    def n(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def sizes(self) -> Values:
        """Values per cluster, shape (k,)."""
        return np.bincount(self.codes, minlength=self.k).astype(np.float64)

    def sums(self, scores: Values) -> Values:
        """Sum of `scores` (n,) per cluster, shape (k,)."""
        sums = np.bincount(self.codes, weights=scores, minlength=self.k)
        return sums.astype(np.float64)

    def means(self) -> Values:
        """Mean per cluster, shape (k,)."""
        return self.sums(self.values) / self.sizes

    def variances(self) -> Values:
        """Sample variance per cluster, shape (k,)."""
        squares = (self.values - self.means()[self.codes]) ** 2
        variances: Values = self.sums(squares) / (self.sizes - 1)
        return variances

    def part(self, position: int) -> Values:
        """Values of the cluster at a position."""
        values: Values = self.values[self.codes == position]
        return values

    def pair(self, first: int, second: int) -> Groups:
        """The clusters at two positions alone."""
        kept = (self.codes == first) | (self.codes == second)
        codes = (self.codes[kept] == second).astype(np.intp)
        return Groups(self.values[kept], self.clusters[[first, second]], codes)


def group(values: Values, labels: Labels, min_size: int = 2) -> Groups:
    """Sort values by cluster and leave out what is missing.

    Args:
        values: Shape (n,); NaN and infinite values count as missing.
        labels: Cluster of each value, shape (n,); below 1 means none.
        min_size: Clusters with fewer values are left out.

    Returns:
        The values that can be compared.

    Raises:
        NotTestableError: If fewer than two clusters are left, or all values are the same.
    """
    seen = np.isfinite(values) & (labels >= 1)
    if not seen.any():
        raise NotTestableError("it has no value in any cluster")
    clusters, codes, counts = np.unique(labels[seen], return_inverse=True, return_counts=True)
    large = counts >= min_size
    if large.sum() < 2:
        raise NotTestableError(f"fewer than two clusters have {min_size} or more values")
    kept = large[codes]
    # New positions without gaps, as the clusters that were left out have none.
    codes = (np.cumsum(large) - 1)[codes[kept]]
    values = values[seen][kept]
    if np.ptp(values) == 0:
        raise NotTestableError("all its values are the same")
    left_out = tuple(int(one) for one in clusters[~large])
    return Groups(values, clusters[large], codes.astype(np.intp), left_out)


def midranks(values: Values) -> Values:
    """Ranks from 1, ties share their mean rank, shape (n,)."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    # Ties hold the ranks up to `last`, and their mean lies half their number below it.
    ranks: Values = (last - (counts - 1) / 2)[codes]
    return ranks


def table_of(groups: Groups) -> NDArray[np.int64]:
    """Clusters against the different values, counts, shape (k, n_levels)."""
    _, codes = np.unique(groups.values, return_inverse=True)
    levels = int(codes.max()) + 1
    cells = np.bincount(groups.codes * levels + codes, minlength=groups.k * levels)
    return cells.reshape(groups.k, levels)
