"""Survival, change over time, and the smallest detectable effect."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.power import FTestAnovaPower, GofChisquarePower, TTestIndPower

from clam_core.errors import TableError
from clam_core.statistics.effects.detectable import detectable_g, detectable_share, detectable_v
from clam_core.statistics.models.design import Covariates
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.time.slopes import compare_slopes
from clam_core.statistics.time.survival import Times, compare_survival
from tests.statistics.published import AML_EVENT, AML_LABELS, AML_TIME


@pytest.fixture(scope="module")
def aml():
    return compare_survival(Times(AML_TIME, AML_EVENT, AML_LABELS))


def test_kaplan_meier_of_leukaemia(aml):
    # R, summary(survfit(Surv(time, status) ~ x, aml)), maintained.
    curve = aml.curves[aml.curves["cluster"] == 1].iloc[1:]
    assert curve["time"].tolist() == [9, 13, 18, 23, 31, 34, 48]
    assert curve["n_risk"].tolist() == [11, 10, 8, 7, 5, 4, 2]
    assert curve["survival"].tolist() == pytest.approx(
        [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184], abs=5e-4
    )
    # R: standard error 0.0867 at 9 weeks and 0.1535 at 48; here on the log-log scale.
    for row, error in ((curve.iloc[0], 0.0867), (curve.iloc[-1], 0.1535)):
        s = row["survival"]
        reach = 1.96 * error / s / abs(np.log(s))
        ends = (row["ci_low"], row["ci_high"])
        assert ends == pytest.approx((s ** np.exp(reach), s ** np.exp(-reach)), abs=2e-3)
    theirs = SurvfuncRight(AML_TIME[11:], AML_EVENT[11:])
    ours = aml.curves[aml.curves["cluster"] == 2].iloc[1:]
    assert ours["survival"].to_numpy() == pytest.approx(theirs.surv_prob)


def test_log_rank_of_leukaemia(aml):
    # R, survdiff(Surv(time, status) ~ x, aml): chisq = 3.4 on 1 df, p = 0.07.
    theirs = survdiff(AML_TIME, AML_EVENT, AML_LABELS)
    assert (aml.logrank_statistic, aml.logrank_p_value) == pytest.approx(theirs)
    assert (round(aml.logrank_statistic, 1), round(aml.logrank_p_value, 2)) == (3.4, 0.07)


def test_log_rank_of_three_clusters_as_in_statsmodels():
    rng = np.random.default_rng(2)
    labels = np.tile([1, 2, 3], 30)
    time = rng.exponential(labels).round(1) + 0.1
    event = (rng.uniform(size=90) < 0.7).astype(float)
    found = compare_survival(Times(time, event, labels))
    assert (found.logrank_statistic, found.logrank_p_value) == pytest.approx(
        survdiff(time, event, labels)
    )
    assert found.logrank_df == 2
    assert found.at_risk.loc[1].iloc[0] == 30


def test_cox_model_of_leukaemia(aml):
    # R, coxph(Surv(time, status) ~ x, aml): coef of "not maintained" 0.9155, se 0.5119,
    # p = 0.0737; the first cluster here is the maintained one.
    row = aml.cox.iloc[0]
    assert np.log(row["hazard_ratio"]) == pytest.approx(-0.9155, abs=5e-5)
    assert row["p_value"] == pytest.approx(0.0737, abs=5e-5)
    assert np.log(row["ci_high"]) == pytest.approx(-0.9155 + 1.96 * 0.5119, abs=2e-4)
    assert np.log(row["ci_low"]) == pytest.approx(-0.9155 - 1.96 * 0.5119, abs=2e-4)


def test_cox_model_takes_covariates_away():
    rng = np.random.default_rng(4)
    age = rng.normal(size=200)
    labels = np.where(age + rng.normal(size=200) > 0, 1, 2)
    time = rng.exponential(np.exp(-1.2 * age))
    covariates = Covariates(("age",), {"age": age[:, None]}, {})
    found = compare_survival(Times(time, np.ones(200), labels), covariates).cox.iloc[0]
    assert found["p_value"] < 1e-4 and found["hazard_ratio"] > 1.5
    assert found["adjusted_p_value"] > 0.05
    assert abs(np.log(found["adjusted_hazard_ratio"])) < 0.4


def test_crossing_hazards_are_told():
    rng = np.random.default_rng(6)
    n = 400
    labels = np.tile([1, 2], n // 2)
    time = np.where(labels == 1, rng.weibull(0.5, n), rng.weibull(3.0, n))
    assert compare_survival(Times(time, np.ones(n), labels)).proportional_p_value < 0.001


@pytest.mark.parametrize(
    ("time", "event", "labels", "said"),
    [
        ([-1, 2, 3, 4, 5, 6], [1] * 6, [1, 1, 1, 2, 2, 2], "1 times are negative"),
        ([1, 2, 3, 4, 5, 6], [1] * 6, [1] * 6, "fewer than two clusters"),
        ([1, 2, 3, 4, 5, 6], [0] * 5 + [1], [1, 1, 1, 2, 2, 2], "only 1 events"),
        ([1, 2, 3, 4, 5, 6], [2] * 6, [1, 1, 1, 2, 2, 2], "neither 0 nor 1"),
    ],
)
def test_survival_that_cannot_be_compared(time, event, labels, said):
    with pytest.raises(NotTestableError, match=said):
        compare_survival(Times(np.array(time, float), np.array(event, float), np.array(labels)))


def visits_of(n, slopes, rng, noise=0.05, spread=0.03):
    rows, clusters = [], {}
    for subject in range(n):
        number = subject % len(slopes) + 1
        clusters[f"s{subject}"] = number
        level, slope = rng.normal(3, 0.3), slopes[number - 1] + rng.normal(0, spread)
        rows += [
            (f"s{subject}", time, level + slope * time + rng.normal(0, noise))
            for time in (0.0, 1, 2, 3)
        ]
    return pd.DataFrame(rows, columns=["subject_id", "time", "value"]), pd.Series(clusters)


def test_slopes_of_a_balanced_design_are_means_of_single_slopes():
    visits, clusters = visits_of(40, (-0.1, -0.2), np.random.default_rng(0))
    found = compare_slopes(visits, clusters)
    single = visits.groupby("subject_id").apply(
        lambda one: np.polyfit(one["time"], one["value"], 1)[0], include_groups=False
    )
    means = single.groupby(clusters).mean()
    assert found.slopes["slope"].tolist() == pytest.approx(means.tolist(), abs=1e-6)
    row = found.pairs.iloc[0]
    assert row["difference"] == pytest.approx(means[1] - means[2], abs=1e-6)
    spread = single.groupby(clusters).var().mean()
    assert (row["ci_high"] - row["difference"]) / stats.t.ppf(0.975, 38) == pytest.approx(
        np.sqrt(spread / 10), rel=1e-4
    )
    assert found.converged and found.p_value < 1e-6
    assert found.df_residual == pytest.approx(38, abs=0.05)
    # Two clusters: the joint test is the test of the one pair.
    assert row["p_value"] == pytest.approx(found.p_value)
    width = stats.t.ppf(0.975, 38) * np.sqrt(single.groupby(clusters).var() / 20)
    assert found.slopes["ci_low"].to_numpy() == pytest.approx((means - width).to_numpy(), abs=0.003)
    assert found.slopes["ci_high"].to_numpy() == pytest.approx(
        (means + width).to_numpy(), abs=0.003
    )
    assert found.slopes["n_visits"].tolist() == [80, 80] and found.df == 1


def test_visits_that_are_left_out_are_counted():
    visits, clusters = visits_of(20, (-0.1, -0.2), np.random.default_rng(1))
    visits.loc[0, "value"] = np.nan
    single = pd.DataFrame([("s99", 0.0, 1.0)], columns=visits.columns)
    clusters["s99"] = 1
    found = compare_slopes(pd.concat([visits, single], ignore_index=True), clusters)
    assert found.notes[0] == "1 visits lack a time, a value or a cluster."
    assert found.notes[1] == "1 subjects have one visit and were left out."
    with pytest.raises(NotTestableError, match="fewer than two clusters have 6 subjects"):
        compare_slopes(visits.iloc[:36], clusters)
    with pytest.raises(TableError, match="no column 'time'"):
        compare_slopes(visits.drop(columns="time"), clusters)


def test_detectable_effects_as_in_statsmodels():
    f = FTestAnovaPower().solve_power(effect_size=None, nobs=120, alpha=0.05, power=0.8, k_groups=3)
    share = detectable_share(np.array([40.0, 40, 40]), 0.8)
    assert np.sqrt(share / (1 - share)) == pytest.approx(f, abs=1e-4)
    d = TTestIndPower().solve_power(effect_size=None, nobs1=30, ratio=2, alpha=0.05, power=0.9)
    assert detectable_g(np.array([30.0, 60.0]), 0.9) == pytest.approx(d, abs=1e-4)
    w = GofChisquarePower().solve_power(effect_size=None, nobs=120, alpha=0.05, power=0.8, n_bins=5)
    assert detectable_v(120, (3, 3), 0.8) == pytest.approx(w / np.sqrt(2), abs=1e-4)


def test_two_visits_at_one_time_are_one_time():
    visits, clusters = visits_of(20, (-0.1, -0.2), np.random.default_rng(1))
    twice = pd.DataFrame([("s99", 1.0, 3.0), ("s99", 1.0, 3.1)], columns=visits.columns)
    clusters["s99"] = 1
    found = compare_slopes(pd.concat([visits, twice], ignore_index=True), clusters)
    assert found.notes[0] == "1 subjects have one visit and were left out."
    assert found.slopes["n_visits"].tolist() == [40, 40]
