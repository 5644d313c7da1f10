"""Compare numbers of clusters on one set of features."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_each
from clam_core.clustering.feature_matrix import SAME_DIGITS, Rows, check_clusters, sorted_rows
from clam_core.errors import ClamError, SettingsError
from clam_core.how_many.decision import Verdict, decide, is_stable
from clam_core.how_many.groupless_cohorts import Compared, Labels, compare, gap_choice
from clam_core.how_many.indices import mean_agreement, mean_silhouettes, spread_indices
from clam_core.how_many.selection import NumberRow, Selection
from clam_core.how_many.stability import Found, resample
from clam_core.settings import SelectSettings

SCANS_PER_CLUSTER = 3
"""More clusters are not tried than leave this many scans to each."""
MOST_TESTED = 600
"""References and resampled cohorts have at most this many scans, to bound the time."""
N_STARTS = 10
N_STARTS_TESTED = 3
UNKNOWN = float("nan")
"""One object, so that equal comparisons are equal."""


@dataclass(frozen=True, eq=False)
class _Tests:
    """What resampling and references say, and the scans they were made with."""

    compared: Compared
    found: dict[int, Found]
    seeds_ari: dict[int, float]
    n_tested: int


def select_clusters(
    features: NDArray[np.floating],
    settings: SelectSettings,
    judge: Callable[[tuple[NumberRow, ...]], Verdict] = decide,
) -> Selection:
    """Compare numbers of clusters and recommend one, or none.

    The scans may come in any order, and in any unit.

    Args:
        features: Shape (n_scans, n_features), finite.
        settings: Numbers to try, repetitions, methods and seed.
        judge: What decides from the rows.

    Returns:
        One row per number, the recommendation and its reason.

    Raises:
        ClamError: If the scans are too few or too equal to be compared.
    """
    rows = sorted_rows(features)
    own = _own_labels(rows.values, _numbers(rows, settings), settings)
    labelings = [own, *_other_labels(rows.values, list(own), settings)]
    tests = _test(rows.values, own, settings)
    described = _describe(rows.values, own)
    every = tuple(
        replace(
            _with_tests(row, tests),
            methods_ari=mean_agreement([found[k] for found in labelings if k in found]),
        )
        for k, row in described.items()
    )
    chosen, reason, notes = judge(every)
    if tests.n_tested < len(rows.values):
        notes = (
            *notes,
            f"Stability and references were computed on {tests.n_tested} of the "
            f"{len(rows.values)} scans.",
        )
    choice = gap_choice(tests.compared.gap, tests.compared.gap_se)
    return Selection(every, chosen, reason, notes, choice, settings.methods[0])


def _numbers(rows: Rows, settings: SelectSettings) -> list[int]:
    """The numbers of clusters that this cohort allows."""
    check_clusters(rows, settings.k_min)
    n_different = len(np.unique(rows.values.round(SAME_DIGITS), axis=0))
    k_max = min(settings.k_max, n_different // SCANS_PER_CLUSTER)
    if k_max < settings.k_min:
        raise SettingsError(
            f"{n_different} different scans are too few to compare numbers of clusters from "
            f"{settings.k_min} on; at least {SCANS_PER_CLUSTER * settings.k_min} are needed."
        )
    return list(range(settings.k_min, k_max + 1))


def _own_labels(
    values: NDArray[np.float64], numbers: list[int], settings: SelectSettings
) -> dict[int, Labels]:
    """Clusters by the method that is judged, up to the largest number that it can form."""
    for n_tried in range(len(numbers), 1, -1):
        try:
            return cluster_each(
                values, settings.methods[0], numbers[:n_tried], settings.seed, N_STARTS
            )
        except ClamError:
            # The largest number may be too many for this method (an empty cluster); fewer may do.
            continue
    return cluster_each(values, settings.methods[0], numbers[:1], settings.seed, N_STARTS)


def _other_labels(
    values: NDArray[np.float64], numbers: list[int], settings: SelectSettings
) -> list[dict[int, Labels]]:
    """Clusters by the further methods; a method that fails for a number is left out there."""
    return [_that_work(values, method, numbers, settings.seed) for method in settings.methods[1:]]


def _that_work(
    values: NDArray[np.float64], method: str, numbers: list[int], seed: int
) -> dict[int, Labels]:
    """All numbers at once, for which a graph is made once; one by one where a number fails."""
    with suppress(ClamError):
        return cluster_each(values, method, numbers, seed, N_STARTS_TESTED)
    labels: dict[int, Labels] = {}
    for k in numbers:
        with suppress(ClamError):
            labels |= cluster_each(values, method, [k], seed, N_STARTS_TESTED)
    return labels


def _test(
    values: NDArray[np.float64], labels: dict[int, Labels], settings: SelectSettings
) -> _Tests:
    """References, resampled cohorts and further starts, on a part of a large cohort."""
    random = np.random.default_rng(settings.seed)
    method, numbers = settings.methods[0], list(labels)

    def again(part: NDArray[np.float64]) -> dict[int, Labels]:
        return cluster_each(part, method, numbers, settings.seed, N_STARTS_TESTED)

    if len(values) > MOST_TESTED:
        values = values[np.sort(random.choice(len(values), MOST_TESTED, replace=False))]
        # References are drawn around zero (`boxed`, `gaussian`), so that a part is centered anew.
        values = values - values.mean(axis=0)
        labels = cluster_each(values, method, numbers, settings.seed, N_STARTS)
    # One start each: with many, every seed would find the same optimum.
    starts = [
        cluster_each(values, method, numbers, settings.seed + start, 1)
        for start in range(settings.n_seeds)
    ]
    found = resample(values, labels, again, settings.n_bootstrap, random)
    # Clusters that are not found again are out anyhow, whatever lies between them.
    stable = [k for k, one in found.items() if is_stable(one.jaccard_of.tolist())]
    return _Tests(
        compare(values, labels, again, settings.n_references, random, stable),
        found,
        {k: mean_agreement([start[k] for start in starts]) for k in numbers},
        len(values),
    )


def _describe(values: NDArray[np.float64], labels: dict[int, Labels]) -> dict[int, NumberRow]:
    """Rows with the indices of the whole cohort; the rest is NaN as yet."""
    widths, unknown = mean_silhouettes(values, labels), UNKNOWN
    described = {}
    for k, found in labels.items():
        calinski_harabasz, davies_bouldin = spread_indices(values, found)
        described[k] = NumberRow(
            n_clusters=k,
            sizes=tuple(np.bincount(found).tolist()),
            silhouette=widths[k],
            silhouette_p=unknown,
            calinski_harabasz=calinski_harabasz,
            davies_bouldin=davies_bouldin,
            gap=unknown,
            gap_se=unknown,
            jaccard=unknown,
            jaccard_worst=unknown,
            jaccard_of=(),
            seeds_ari=unknown,
            methods_ari=unknown,
            valley=unknown,
            valley_worst=unknown,
            dip_p=unknown,
        )
    return described


def _with_tests(row: NumberRow, tests: _Tests) -> NumberRow:
    """The row with what the tests say about its number."""
    k = row.n_clusters
    tested = tests.found[k]
    return replace(
        row,
        silhouette_p=tests.compared.silhouette_p[k],
        gap=tests.compared.gap[k],
        gap_se=tests.compared.gap_se[k],
        jaccard=float(tested.jaccard_of.mean()),
        jaccard_worst=float(tested.jaccard_of.min()),
        jaccard_of=tuple(tested.jaccard_of.tolist()),
        seeds_ari=tests.seeds_ari[k],
        valley=tested.valley,
        valley_worst=tested.valley_worst,
        dip_p=tests.compared.dip_p.get(k, UNKNOWN),
    )
