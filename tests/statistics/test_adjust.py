"""Adjustment: confounding taken away, separation refused, signs and soft assignment."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from clam_core.errors import TableError
from clam_core.statistics.models.adjust import Outcome, adjust, soft_test, standardized
from clam_core.statistics.models.design import build_covariates, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.tables.column_info import ColumnInfo


def covariates_of(**columns):
    frame = pd.DataFrame({name: values for name, (_, values) in columns.items()})
    infos = {name: ColumnInfo(name, name, kind) for name, (kind, _) in columns.items()}
    return build_covariates(frame, infos, list(columns))


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_a_confounded_difference_goes_away(rng):
    age = rng.normal(size=300)
    labels = np.where(age + rng.normal(size=300) > 0, 1, 2)
    y = 2 * age + rng.normal(size=300)
    found = adjust(Outcome("continuous", y, labels), covariates_of(age=("continuous", age)))
    assert found.crude.p_value < 1e-10 and found.adjusted.p_value > 0.01
    assert found.crude_effect.size > 0.8 and abs(found.adjusted_effect.size) < 0.2
    theirs = sm.OLS(y, np.column_stack([np.ones(300), labels == 1, age])).fit(cov_type="HC3")
    row = found.contrasts.iloc[0]
    assert row["adjusted"] == pytest.approx(theirs.params[1])
    reach = stats.t.ppf([0.025, 0.975], 297) * theirs.bse[1]
    assert row[["adjusted_low", "adjusted_high"]].tolist() == pytest.approx(
        list(theirs.params[1] + reach)
    )
    assert (row["cluster_a"], row["cluster_b"]) == (1, 2)
    assert row["crude"] == pytest.approx(y[labels == 1].mean() - y[labels == 2].mean())
    assert row["crude_low"] < row["crude"] < row["crude_high"]
    assert found.crude_effect.size == pytest.approx(row["crude"])
    sizes = np.array([(labels == c).sum() for c in (1, 2)])
    variances = np.array([y[labels == c].var(ddof=1) for c in (1, 2)])
    pooled = np.sqrt(((sizes - 1) * variances).sum() / (sizes.sum() - 2))
    bare = standardized(found.crude_effect, Outcome("continuous", y, labels), np.ones(300, bool))
    assert bare.size == pytest.approx(row["crude"] / pooled)
    assert bare.ci_high == pytest.approx(row["crude_high"] / pooled)


@pytest.mark.parametrize("kind", ["binary", "ordinal", "count", "continuous"])
def test_more_in_the_first_cluster_is_positive_or_above_one(kind, rng):
    labels = np.repeat([1, 2], 100)
    latent = (labels == 1) * 1.2 + rng.logistic(size=200)
    y = {
        "binary": (latent > 0.5).astype(float),
        "ordinal": np.digitize(latent, [-1, 0, 1]).astype(float),
        "count": rng.poisson(np.where(labels == 1, 6, 3)).astype(float),
        "continuous": latent,
    }[kind]
    found = adjust(Outcome(kind, y, labels), covariates_of(x=("continuous", rng.normal(size=200))))
    neutral = 0 if kind == "continuous" else 1
    for effect in (found.crude_effect, found.adjusted_effect):
        assert neutral < effect.ci_low < effect.size < effect.ci_high
    if kind == "binary":
        share = [y[labels == c].mean() for c in (1, 2)]
        odds = share[0] / (1 - share[0]) / (share[1] / (1 - share[1]))
        assert found.crude_effect.size == pytest.approx(odds)
    if kind == "count":
        ratio = y[labels == 1].mean() / y[labels == 2].mean()
        assert found.crude_effect.size == pytest.approx(ratio, rel=1e-4)


def test_crude_and_adjusted_use_the_same_rows(rng):
    x = rng.normal(size=100)
    x[:20] = np.nan
    y = rng.normal(size=100)
    y[30:35] = np.nan
    labels = np.tile([1, 2], 50)
    found = adjust(Outcome("continuous", y, labels), covariates_of(x=("continuous", x)))
    assert found.n == found.crude.n == found.adjusted.n == 75


def test_cluster_that_is_the_site_cannot_be_separated(rng):
    labels = np.repeat([1, 2, 3], 20)
    site = pd.Categorical(np.array(["A", "B", "C"])[labels - 1])
    age = rng.normal(size=60)
    outcome = Outcome("continuous", rng.normal(size=60), labels)
    with pytest.raises(NotEstimableError, match="cannot separate cluster from site"):
        adjust(outcome, covariates_of(age=("continuous", age), site=("nominal", site)))


def test_cluster_that_hardly_shares_a_site_is_told(rng):
    labels = np.repeat([1, 2], 40)
    names = np.where(labels == 1, "A", "B")
    names[:2] = "C"
    names[40:42] = "C"
    outcome = Outcome("continuous", rng.normal(size=80), labels)
    found = adjust(outcome, covariates_of(site=("nominal", pd.Categorical(names))))
    assert "only 4 of 80 rows" in found.note


def test_too_few_rows_are_not_adjusted(rng):
    outcome = Outcome("continuous", rng.normal(size=12), np.tile([1, 2], 6))
    with pytest.raises(NotEstimableError, match="12 complete rows are too few for 3 coefficients"):
        adjust(outcome, covariates_of(x=("continuous", rng.normal(size=12))))


def test_covariates_that_cannot_serve_are_refused():
    frame = pd.DataFrame({"when": pd.to_datetime(["2020-01-01", "2021-01-01"])})
    infos = {"when": ColumnInfo("when", "when", "date")}
    with pytest.raises(TableError, match="'when' is date"):
        build_covariates(frame, infos, ["when"])
    with pytest.raises(TableError, match="no column 'ag' to adjust by"):
        build_covariates(frame, infos, ["ag"])


def test_idle_columns_are_dropped_and_the_others_kept():
    x = np.column_stack([np.ones(6), np.arange(6.0), 3 * np.arange(6.0) + 1, np.arange(6.0) ** 2])
    kept = drop_idle_columns(x)
    assert kept.shape == (6, 2)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(6), kept])) == 3


@pytest.mark.parametrize("kind", ["continuous", "binary", "ordinal", "nominal", "count"])
def test_sure_soft_assignment_is_the_hard_test(kind, rng):
    labels = np.tile([1, 2, 3], 40)
    y = rng.integers(0, 2 if kind == "binary" else 4, 120).astype(float)
    outcome = Outcome(kind, y, labels)
    found = soft_test(outcome, np.eye(3)[labels - 1])
    hard = adjust(outcome, covariates_of(x=("continuous", rng.normal(size=120)))).crude
    assert found.p_value == pytest.approx(hard.p_value, rel=1e-6)


def test_soft_assignment_that_does_not_vary_is_not_tested(rng):
    with pytest.raises(NotEstimableError, match="does not vary"):
        soft_test(Outcome("continuous", rng.normal(size=40), np.tile([1, 2], 20)),
                  np.full((40, 2), 0.5))  # fmt: skip
