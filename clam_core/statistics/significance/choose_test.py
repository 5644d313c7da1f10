"""The test, the effect and the pairs of one variable, by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.groups import Groups, group, table_of
from clam_core.statistics.effects.contingency import cramers_v, odds_ratio
from clam_core.statistics.effects.detectable import detectable_g, detectable_share, detectable_v
from clam_core.statistics.effects.numbers import (
    agreeing,
    eta_squared,
    eta_squared_h,
    hedges_g,
    mean_difference,
    omega_squared,
    rank_biserial,
)
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import Problem, joint_test
from clam_core.statistics.result import Effect, Labels, NotTestableError, Tested, Values
from clam_core.statistics.significance.contingency import (
    chi_square_test,
    is_sparse,
    likelihood_ratio_test,
    table_test,
)
from clam_core.statistics.significance.counts import count_test, rate_ratio
from clam_core.statistics.significance.means import mean_test
from clam_core.statistics.significance.pairs import dunn, games_howell, pairwise_tables
from clam_core.statistics.significance.ranks import rank_test


@dataclass(frozen=True, eq=False)
class Compared:
    """One variable compared between the clusters.

    Attributes:
        groups: Its values by cluster.
        tested: The main test.
        sensitivity: A second test that rests on other assumptions.
        effect: The main effect size.
        second_effect: Another effect size.
        pairs: Every pair of clusters.
        detectable_name: Scale of the smallest detectable effect.
        detectable: The smallest effect that would be found with the chosen power.
    """

    groups: Groups
    tested: Tested
    sensitivity: Tested
    effect: Effect
    second_effect: Effect
    pairs: pd.DataFrame
    detectable_name: str
    detectable: float


def compare(
    name: str, kind: str, values: Values, labels: Labels, settings: AssociateSettings
) -> Compared:
    """Compare one variable between the clusters.

    Args:
        name: Its name; label shuffles depend on it and on the seed, not on other variables.
        kind: `continuous`, `count`, `ordinal`, `nominal` or `binary`.
        values: Numbers or codes, NaN where missing, shape (n,).
        labels: Cluster of each, shape (n,).
        settings: Shuffles and seed.

    Returns:
        Tests, effects and pairs.

    Raises:
        NotTestableError: If there is no test.
    """
    groups = group(values, labels, settings.min_cluster_size)
    # crc32, as `hash` of a text differs between processes.
    rng = np.random.default_rng([settings.seed, crc32(name.encode())])
    if kind in {"nominal", "binary"}:
        return _levels(groups, settings, rng)
    if kind == "ordinal":
        return _ordered(groups, settings, rng)
    if kind == "count":
        return _counts(groups, settings, rng)
    return _numbers(groups, settings, rng)


def smallest_detectable(name: str, sizes: Values, groups: Groups, power: float) -> float:
    """Smallest effect that would be found with a power.

    Args:
        name: Its scale: `hedges_g`, `cramers_v`, or a share of variance.
        sizes: Independent values per cluster, shape (k,).
        groups: The values, for the number of levels.
        power: Probability of finding it.

    Returns:
        The effect.
    """
    if name == "hedges_g":
        return detectable_g(sizes, power)
    if name == "cramers_v":
        shape = (groups.k, len(np.unique(groups.values)))
        return detectable_v(round(float(sizes.sum())), shape, power)
    return detectable_share(sizes, power)


def _numbers(groups: Groups, settings: AssociateSettings, rng: np.random.Generator) -> Compared:
    tested = mean_test(groups, settings.n_resamples, rng)
    sensitivity = rank_test(groups, settings.n_resamples, rng)
    # Where ranks had to be tested, effects and pairs are those of ranks, too.
    if not tested.test.startswith("Welch"):
        ordered = _ordered(groups, settings, rng)
        return Compared(groups, tested, sensitivity, ordered.effect, ordered.second_effect,
                        ordered.pairs, ordered.detectable_name, ordered.detectable)  # fmt: skip
    pairs = games_howell(groups)
    if groups.k == 2:
        effects = mean_difference(groups), hedges_g(groups)
        smallest = detectable_g(groups.sizes, settings.power)
        return Compared(groups, tested, sensitivity, *effects, pairs, "hedges_g", smallest)
    effects = omega_squared(groups), eta_squared(groups)
    smallest = detectable_share(groups.sizes, settings.power)
    return Compared(groups, tested, sensitivity, *effects, pairs, "omega_squared", smallest)


def _ordered(groups: Groups, settings: AssociateSettings, rng: np.random.Generator) -> Compared:
    tested = rank_test(groups, settings.n_resamples, rng)
    sensitivity = _as_levels(groups, settings, rng)
    share = agreeing(eta_squared_h(groups), tested.p_value, groups.k - 1, groups.n)
    effects = share, cramers_v(table_of(groups))
    if groups.k == 2:
        effects = rank_biserial(groups), share
    smallest = detectable_share(groups.sizes, settings.power)
    return Compared(groups, tested, sensitivity, *effects, dunn(groups), "eta_squared_h", smallest)


def _as_levels(groups: Groups, settings: AssociateSettings, rng: np.random.Generator) -> Tested:
    """The table test of ordered levels, which sees differences other than up or down."""
    table = table_of(groups)
    if table.shape[1] > 20:
        return Tested("none", np.nan, np.nan, np.nan, np.nan, "too many levels for a table")
    return table_test(table, settings.n_resamples, rng)


def _counts(groups: Groups, settings: AssociateSettings, rng: np.random.Generator) -> Compared:
    tested = count_test(groups, settings.n_resamples, rng)
    sensitivity = _count_means(groups) or rank_test(groups, settings.n_resamples, rng)
    share = agreeing(eta_squared(groups), tested.p_value, groups.k - 1, groups.n)
    effects = share, eta_squared_h(groups)
    if groups.k == 2:
        effects = rate_ratio(groups), rank_biserial(groups)
    smallest = detectable_share(groups.sizes, settings.power)
    return Compared(groups, tested, sensitivity, *effects, dunn(groups), "eta_squared_h", smallest)


def _count_means(groups: Groups) -> Tested | None:
    """Means of counts whatever their spread; None where the model has no estimate."""
    tested = cluster_columns(groups.codes.astype(np.int64))
    problem = Problem("count", groups.values, tested, np.empty((groups.n, 0)))
    try:
        found = joint_test(problem)
    except NotEstimableError:
        return None
    numbers = (found.statistic, found.df, found.df_residual, found.p_value)
    return Tested(found.model, *numbers, "Means of counts, whatever their spread.")


def _levels(groups: Groups, settings: AssociateSettings, rng: np.random.Generator) -> Compared:
    table = table_of(groups)
    if table.shape[1] > groups.n / 2:
        raise NotTestableError(
            f"it has {table.shape[1]} different levels in {groups.n} rows; merge levels or "
            "mark it as free text"
        )
    tested = table_test(table, settings.n_resamples, rng)
    sensitivity = chi_square_test(table) if is_sparse(table) else likelihood_ratio_test(table)
    pairs = pairwise_tables(groups, settings.n_resamples, rng)
    fewest = min(table.shape) - 1
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    v = agreeing(cramers_v(table), tested.p_value, df, groups.n, fewest)
    effects = v, v
    if table.shape == (2, 2):
        effects = odds_ratio(table, exact=is_sparse(table)), v
    shape = (table.shape[0], table.shape[1])
    smallest = detectable_v(groups.n, shape, settings.power)
    return Compared(groups, tested, sensitivity, *effects, pairs, "cramers_v", smallest)
