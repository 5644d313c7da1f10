"""Adjustment where covariates are missing: completed several times and pooled by Rubin's rules."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from clam_core.statistics.cohort.groups import midranks
from clam_core.statistics.models.adjust import (
    AdjustBy,
    Adjusted,
    Outcome,
    adjust,
    effect_of,
    in_clusters_of_two,
)
from clam_core.statistics.models.adjust_by_weights import weighted_test
from clam_core.statistics.models.adjusted_means import all_contrasts, all_means
from clam_core.statistics.models.design import (
    Covariates,
    check_separable,
    cluster_columns,
    drop_idle_columns,
)
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.imputation import completed
from clam_core.statistics.models.pooling import pool_tests
from clam_core.statistics.models.regression import JointTest, Problem
from clam_core.statistics.models.weighting import weights_of
from clam_core.statistics.result import Values


def adjust_imputed(outcome: Outcome, covariates: Covariates, how: AdjustBy, m: int) -> Adjusted:
    """Test the clusters with and without covariates, missing ones imputed.

    Args:
        outcome: The variable; rows without it are left out, never imputed.
        covariates: What to adjust by, not the variable itself.
        how: By a model of the variable, or by weights from a model of the clusters.
        m: Number of completed tables.

    Returns:
        Both tests on all rows that have the variable; the adjusted one is pooled.

    Raises:
        NotEstimableError: If a covariate cannot be imputed, clusters and covariates cannot be
            separated, or a model has no estimate that can be pooled.
    """
    seen = np.isfinite(outcome.values)
    rows = seen & in_clusters_of_two(outcome.labels, seen)
    known = covariates.at(rows)
    if np.isfinite(known.matrix(int(rows.sum()))).all():
        return adjust(outcome, covariates, how)
    labels = outcome.labels[rows]
    tested = cluster_columns(labels)
    bare = outcome.problem(rows, tested)
    ones = np.ones(len(labels))
    # crc32, as `hash` differs between processes: the same values give the same draws.
    seed = crc32(np.ascontiguousarray(bare.y).tobytes())
    tables = completed(
        known, labels, _columns(bare), m, np.random.default_rng([outcome.seed, seed])
    )
    tests: list[JointTest] = []
    total: Values = np.zeros((len(labels), 0))
    note = ""
    for table in tables:
        if not tests:
            note = check_separable(tested, table, ones.astype(bool))
        others = drop_idle_columns(table.matrix(len(labels)))
        if how == "weights":
            tests.append(weighted_test(bare, weights_of(labels, others)))
        else:
            tests.append(outcome.solve(outcome.problem(rows, tested, others)))
        if tests[1:] and others.shape != total.shape:
            raise NotEstimableError("a level of a covariate is lost in some of the imputations")
        total = others if not tests[1:] else total + others
    adjusted = pool_tests(tests)
    crude = weighted_test(bare, ones) if how == "weights" else outcome.solve(bare)
    mean = bare if how == "weights" else outcome.problem(rows, tested, total / m)
    fits = {"crude": (bare, crude), "adjusted": (mean, adjusted)}
    effects = (effect_of(crude, outcome), effect_of(adjusted, outcome))
    contrasts = all_contrasts(np.unique(labels), outcome.kind, fits)
    means = all_means(labels, outcome.kind, fits)
    problem = None if how == "weights" else mean
    return Adjusted(int(rows.sum()), crude, adjusted, *effects, contrasts, means, note, problem)


def _columns(problem: Problem) -> Values:
    """The variable as it helps to predict covariates: numbers, ranks, or one column per level."""
    if problem.kind in {"continuous", "count"}:
        return _scaled(problem.y)[:, None]
    if problem.kind == "ordinal":
        return _scaled(midranks(problem.y))[:, None]
    levels: Values = (problem.y[:, None] == np.unique(problem.y)[1:]).astype(np.float64)
    return levels


def _scaled(values: Values) -> Values:
    scaled: Values = (values - values.mean()) / values.std()
    return scaled
