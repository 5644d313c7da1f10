"""Clusters compared within sites: a difference between sites is no difference between clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from clam_core.statistics.cohort.groups import Groups, group, midranks
from clam_core.statistics.models.adjust import Outcome
from clam_core.statistics.result import Labels, NotTestableError, Tested, Values
from clam_core.statistics.significance.permutation import (
    random_tables,
    share_as_extreme,
    shuffled_sums,
)

SMALL_CLUSTER, SPARSE = 10, 5
"""Below this size of a cluster, or this expected count of a level, p comes from shuffles."""


CLEARLY_LARGE = 0.2
"""Above this p-value a tenth of the shuffles is enough."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """One site: where its values lie, centered, and which clusters they are in.

    Attributes:
        groups: Values of this site by cluster; clusters without a value here are absent.
        places: Position of each of its clusters among all clusters.
        scores: Scores of the values less their mean, shape (n_site, s).
    """

    groups: Groups
    places: Labels
    scores: Values


Shuffles = tuple[Callable[[Stratum, int], Values], Sequence[int]]
"""What gives sums of a stratum's scores after a number of shuffles, and the numbers to try."""


@dataclass(frozen=True, eq=False)
class Within:
    """A test within sites.

    Attributes:
        tested: The test.
        n: Values in sites that could be used.
        n_strata: Those sites.
        n_left_out: Values in sites with one cluster only, or in which nothing varies.
    """

    tested: Tested
    n: int
    n_strata: int
    n_left_out: int


def compare_within(
    outcome: Outcome, strata: Labels, n_resamples: int, rng: np.random.Generator
) -> Within:
    """Compare clusters with each other only within strata, such as sites.

    Numbers and ordered values are ranked within each stratum and weighted by 1 / (n + 1),
    which for two clusters is van Elteren's test; levels are counted, which for two levels of
    two clusters is the test of Cochran, Mantel and Haenszel. Both are the generalized
    Cochran-Mantel-Haenszel statistic: labels are random within strata under the null
    hypothesis, and nothing is assumed about differences between strata.

    Args:
        outcome: The variable with its clusters; every row another subject.
        strata: Stratum of each row, below 0 where not known, shape (n,).
        n_resamples: Label shuffles where clusters or levels are small; a tenth of them where
            that shows that p is above 0.2.
        rng: Their randomness.

    Returns:
        The test; p from chi-square, or from label shuffles within strata.

    Raises:
        NotTestableError: If no stratum holds two clusters and two different values.

    Source:
        Landis, Heyman & Koch (1978), Int Stat Rev 46:237; van Elteren (1960), Bull Int Stat
        Inst 37:351.
    """
    values, labels = outcome.values, outcome.labels
    seen = np.isfinite(values) & (strata >= 0)
    pooled = group(np.where(seen, values, np.nan), labels)
    counted = outcome.kind in {"nominal", "binary"}
    levels = np.unique(pooled.values) if counted else np.empty(0)
    parts = []
    for one in np.unique(strata[seen]):
        rows = seen & (strata == one) & np.isin(labels, pooled.clusters)
        if len(np.unique(labels[rows])) > 1 and np.ptp(values[rows]) > 0:
            parts.append(_stratum(values[rows], labels[rows], pooled.clusters, levels))
    if not parts:
        raise NotTestableError("no site holds two clusters with different values")
    n = sum(part.groups.n for part in parts)

    def shuffle(part: Stratum, count: int) -> Values:
        return _shuffled(part, pooled.k, count, rng)

    counts = (n_resamples // 10, n_resamples)
    tested = _tested(parts, pooled.k, (shuffle, counts), counted=counted)
    return Within(tested, n, len(parts), int(seen.sum()) - n)


def _stratum(values: Values, labels: Labels, clusters: Labels, levels: Values) -> Stratum:
    """Ranks of the values of one site, or an indicator per level but the first."""
    present, codes = np.unique(labels, return_inverse=True)
    if len(levels):
        scores = (values[:, None] == levels[None, 1:]).astype(np.float64)
    else:
        scores = midranks(values)[:, None] / (len(values) + 1)
    groups = Groups(values, present, codes.astype(np.intp))
    places = np.searchsorted(clusters, present).astype(np.int64)
    return Stratum(groups, places, scores - scores.mean(axis=0))


def _tested(parts: list[Stratum], k: int, shuffles: Shuffles, *, counted: bool) -> Tested:
    inverse, df = _inverse_variance(parts, k)
    observed = float(_statistic(_added(_sums(part, k) for part in parts), inverse)[0])
    name = "Cochran-Mantel-Haenszel" if counted else "van Elteren"
    what = "From counts of levels" if counted else "From ranks"
    if not (_is_sparse(parts, k) if counted else _has_small_cluster(parts, k)):
        from scipy.special import chdtrc

        p_value = float(chdtrc(df, observed))
        return Tested(name, observed, df, np.nan, p_value, f"{what}, p by chi-square.")
    p_value, n_drawn = _drawn(observed, shuffles, parts, inverse)
    few = "an expected count is below 5" if counted else "a cluster is small"
    why = f"{what}; {few}, so p comes from {n_drawn:,} label shuffles."
    return Tested(f"{name}, permutation", observed, df, np.nan, p_value, why)


def _drawn(
    observed: float, shuffles: Shuffles, parts: list[Stratum], inverse: Values
) -> tuple[float, int]:
    """P-value of a permutation test and its shuffles: the fewest where p is clearly large.

    Source:
        Besag & Clifford (1991), "Sequential Monte Carlo p-values", Biometrika 78:301.
    """
    shuffle, counts = shuffles
    p_value, n_drawn = 1.0, 0
    for n_drawn in counts:
        drawn = _statistic(_added(shuffle(part, n_drawn) for part in parts), inverse)
        p_value = share_as_extreme(observed, drawn)
        if p_value > CLEARLY_LARGE:
            break
    return p_value, n_drawn


def _added(parts: Iterable[Values]) -> Values:
    return reduce(np.add, parts)


def _inverse_variance(parts: list[Stratum], k: int) -> tuple[Values, int]:
    """Inverse of the variance of the sums under random labels, and its rank."""
    size = (k - 1) * parts[0].scores.shape[1]
    total = np.zeros((size, size))
    for part in parts:
        sizes = np.zeros(k)
        sizes[part.places] = part.groups.sizes
        n = part.groups.n
        # Sums over labels drawn without replacement: (n_i 1[i = j] - n_i n_j / n) S'S / (n - 1).
        labels = np.diag(sizes) - np.outer(sizes, sizes) / n
        total += np.kron(labels[:-1, :-1], part.scores.T @ part.scores) / (n - 1)
    inverse: Values = np.linalg.pinv(total, rcond=1e-10, hermitian=True)
    return inverse, int(np.linalg.matrix_rank(total, hermitian=True))


def _statistic(sums: Values, inverse: Values) -> Values:
    """Quadratic form of sums of shape (n, k, s); the last cluster follows from the others."""
    flat = sums[:, :-1].reshape(len(sums), -1)
    statistic: Values = ((flat @ inverse) * flat).sum(axis=1)
    return statistic


def _sums(part: Stratum, k: int) -> Values:
    """Sum of the scores of each cluster, shape (1, k, s)."""
    sums = np.zeros((1, k, part.scores.shape[1]))
    np.add.at(sums[0], part.places[part.groups.codes], part.scores)
    return sums


def _shuffled(part: Stratum, k: int, n_resamples: int, rng: np.random.Generator) -> Values:
    """The same after the labels of one site were shuffled, shape (n_resamples, k, s)."""
    sums = np.zeros((n_resamples, k, part.scores.shape[1]))
    if part.scores.shape[1] == 1:
        sums[:, part.places, 0] = shuffled_sums(part.scores[:, 0], part.groups, n_resamples, rng)
        return sums
    levels, first = np.unique(part.groups.values, return_index=True)
    codes = np.searchsorted(levels, part.groups.values)
    table = np.zeros((part.groups.k, len(levels)), dtype=np.int64)
    np.add.at(table, (part.groups.codes, codes), 1)
    # Rows of one level have one score: counts per level say it all, and are faster to draw.
    sums[:, part.places] = random_tables(table, n_resamples, rng) @ part.scores[first]
    return sums


def _is_sparse(parts: list[Stratum], k: int) -> bool:
    """Whether a count expected under the null hypothesis, summed over sites, is below 5."""
    levels = np.unique(np.concatenate([part.groups.values for part in parts]))
    expected = np.zeros((k, len(levels)))
    for part in parts:
        counts = (part.groups.values[:, None] == levels).sum(axis=0)
        expected[part.places] += np.outer(part.groups.sizes, counts) / part.groups.n
    return bool((expected < SPARSE).any())


def _has_small_cluster(parts: list[Stratum], k: int) -> bool:
    sizes = np.zeros(k)
    for part in parts:
        sizes[part.places] += part.groups.sizes
    return bool((sizes < SMALL_CLUSTER).any())
