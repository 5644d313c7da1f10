"""Slopes with Satterthwaite's degrees of freedom, against lme4 1.1-31 and lmerTest 3.1-3 of R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.statistics.result import NotTestableError
from clam_core.statistics.time.mixed_model import fit_mixed, joint_f, satterthwaite
from clam_core.statistics.time.slopes import compare_slopes

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def chicks():
    """Visits, and the diet of each chick as its cluster."""
    table = pd.read_csv(HERE / "chick_weight.csv", comment="#").astype({"Chick": str})
    visits = table.rename(columns={"Chick": "subject_id", "Time": "time", "weight": "value"})
    return visits, table.groupby("Chick")["Diet"].first()


def test_growth_of_chicks_by_diet(chicks):
    # anova(lmer(weight ~ Time * Diet + (Time | Chick), ChickWeight)): Time:Diet F 5.6963 on 3 and
    # 45.541 df, p 0.002127 (by Kenward and Roger 0.00214).
    found = compare_slopes(*chicks)
    assert found.statistic == pytest.approx(5.6963, abs=5e-4)
    assert found.df == 3 and found.df_residual == pytest.approx(45.541, abs=5e-3)
    assert found.p_value == pytest.approx(0.002127, abs=1e-6)
    # summary(...): Time 6.276994; Time:Diet2 2.332143, se 1.3043973, df 45.75606, p 0.08041427.
    assert found.slopes["slope"].iloc[0] == pytest.approx(6.276994, abs=5e-5)
    row = found.pairs.iloc[0]
    assert -row["difference"] == pytest.approx(2.332143, abs=1e-5)
    assert row["p_value"] == pytest.approx(0.08041427, abs=5e-6)
    # qt(0.975, 45.75606) = 2.0131617
    assert row["ci_high"] - row["difference"] == pytest.approx(1.3043973 * 2.0131617, rel=1e-4)
    assert found.converged and "Satterthwaite" in found.model


def test_growth_of_chicks_adjusted_by_a_covariate(chicks):
    # late <- Chick %% 3 == 0; lmer(weight ~ Time * Diet + Time * late + (Time | Chick)):
    # Time:Diet F 5.75020, p 0.0020533; Time:Diet2 2.452257822, p 0.0676907.
    visits, clusters = chicks
    late = pd.DataFrame({"late": (clusters.index.astype(int) % 3 == 0).astype(float)})
    found = compare_slopes(visits, clusters, late.set_index(clusters.index))
    assert found.adjusted_p_value == pytest.approx(0.0020533, abs=2e-6)
    assert found.p_value == pytest.approx(0.002127, abs=1e-6)
    row = found.pairs.iloc[0]
    assert -row["adjusted_difference"] == pytest.approx(2.452257822, abs=2e-5)
    assert row["adjusted_p_value"] == pytest.approx(0.06769, abs=2e-5)
    assert found.n_adjusted == len(clusters)


def test_covariates_that_are_missing_are_told(chicks):
    visits, clusters = chicks
    weight = pd.DataFrame({"x": np.arange(float(len(clusters)))}, index=clusters.index)
    weight.iloc[[0, 1]] = np.nan
    found = compare_slopes(visits, clusters, weight)
    assert "The adjusted model leaves out 2 subjects without a covariate." in found.notes
    weight[(clusters == 2).to_numpy()] = np.nan
    found = compare_slopes(visits, clusters, weight)
    assert np.isnan(found.adjusted_p_value) and found.n_adjusted == 0
    assert any("There are no adjusted slopes, because a cluster" in note for note in found.notes)


def test_six_subjects_per_cluster_are_needed(chicks):
    visits, clusters = chicks
    few = clusters[(clusters != 4) | (clusters.groupby(clusters).cumcount() < 5)]
    found = compare_slopes(visits, few)
    said = "Cluster 4 was left out: it has 5 subjects with two visits, and 6 are needed."
    assert said in found.notes and found.df == 2
    with pytest.raises(NotTestableError, match="have 6 subjects with two visits"):
        compare_slopes(visits, clusters[clusters.groupby(clusters).cumcount() < 5])


def test_two_visits_each_are_compared_as_differences_are():
    rng = np.random.default_rng(2)
    clusters = pd.Series(np.repeat([1, 2], 12), index=[f"s{n}" for n in range(24)])
    first = rng.normal(3, 1, 24)
    second = first + rng.normal(0, 0.3, 24) + 0.2 * clusters.to_numpy()
    visits = pd.DataFrame(
        {"subject_id": np.tile(clusters.index, 2), "time": np.repeat([0.0, 2.0], 24),
         "value": np.concatenate([first, second])}
    )  # fmt: skip
    found = compare_slopes(visits, clusters)
    from scipy.stats import ttest_ind

    change = (second - first) / 2
    test = ttest_ind(change[:12], change[12:])
    assert found.model.startswith("mixed model, random intercepts,") and not found.converged
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-3)
    ends = test.confidence_interval()
    row = found.pairs.iloc[0]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((ends.low, ends.high), rel=1e-3)


def test_degrees_of_freedom_of_random_intercepts():
    # lmer(distance ~ age * Sex + (1 | Subject), Orthodont): age:Sex 79.00 df, p 0.01409745;
    # intercept 103.9864 df, se 0.9813122.
    from tests.statistics.test_time_published import AGES, BOYS, GIRLS

    y = np.vstack([BOYS, GIRLS]).ravel().astype(float)
    girl, age = np.repeat([0.0, 1.0], [64, 44]), np.tile(AGES, 27)
    design = np.column_stack([np.ones(108), age, girl, girl * age])
    fit = fit_mixed(y, design, np.repeat(np.arange(27), 4), np.ones((108, 1)))
    df = satterthwaite(fit, np.eye(4))
    assert df[3] == pytest.approx(79.0, abs=0.01) and df[0] == pytest.approx(103.9864, abs=0.01)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(0.9813122, abs=2e-6)
    statistic, joint = joint_f(fit, np.eye(4)[3:])
    assert statistic == pytest.approx(2.5105197**2, rel=1e-5)
    assert joint == pytest.approx(df[3])


def test_slopes_that_do_not_vary_between_subjects_are_tested_cautiously():
    rng = np.random.default_rng(7)
    clusters = pd.Series(np.repeat([1, 2], 6), index=[f"s{n}" for n in range(12)])
    visits = pd.DataFrame(
        {"subject_id": np.repeat(clusters.index, 4), "time": np.tile(np.arange(4.0), 12),
         "value": np.tile([0.1, -0.1, -0.1, 0.1], 12) + rng.normal(0, 0.001, 48)}
    )  # fmt: skip
    found = compare_slopes(visits, clusters)
    assert not found.converged and found.df_residual <= 10
