"""Competing events and rates, against R 4.2: cmprsk 2.2-11, survival 3.5.3, MASS, sandwich 3.0-2.

`competing_1.csv`, `competing_2.csv` (with ties) and `rates.csv` were drawn at random in R
(set.seed(2), set.seed(5)).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.statistics.models.design import Covariates
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.time.competing import compare_incidence
from clam_core.statistics.time.rates import compare_rates, fit_rates

HERE = Path(__file__).parent


def incidence(name):
    table = pd.read_csv(HERE / name)
    return compare_incidence(
        table["t"].to_numpy(float), table["s"].to_numpy(), table["g"].to_numpy()
    )


@pytest.mark.parametrize(
    ("name", "event", "competing"),
    [
        # cuminc(t, s, g)$Tests, statistics of causes 1 and 2.
        ("competing_1.csv", 1.534800773117, 0.001013926374),
        ("competing_2.csv", 0.4966371168, 0.8350933142),
    ],
)
def test_gray(name, event, competing):
    found = incidence(name)
    assert found.statistic == pytest.approx(event, rel=1e-9)
    assert found.competing_statistic == pytest.approx(competing, rel=1e-9)


def test_gray_of_cirrhosis():
    # cuminc(pbc$time, pbc$status, pbc$stage)$Tests: transplant 2.101842385, p 0.5515401263;
    # death 60.829416933, p 3.909095e-13, 3 df.
    table = pd.read_csv(HERE / "pbc.csv", comment="#")
    table = table[table["stage"].notna()]
    found = compare_incidence(
        table["time"].to_numpy(float), table["status"].to_numpy(), table["stage"].to_numpy(int)
    )
    assert (found.statistic, found.df) == (pytest.approx(2.101842385, rel=1e-9), 3)
    assert found.p_value == pytest.approx(0.5515401263, rel=1e-8)
    assert found.competing_statistic == pytest.approx(60.829416933, rel=1e-9)
    assert found.competing_p_value == pytest.approx(3.909095e-13, rel=1e-6)


def test_cumulative_incidence_and_its_variance():
    # summary(survfit(Surv(t, factor(s)) ~ g), times = 1:3): pstate and std.err^2 of cause 1.
    curves = incidence("competing_1.csv").curves
    own = curves[(curves["cluster"] == 1) & (curves["cause"] == "event")]
    expected = ((1, 0.2765217391, 0.006970191063), (2, 0.4928953301, 0.009942974975),
                (3, 0.6082945786, 0.010821502692))  # fmt: skip
    for time, share, variance in expected:
        row = own[own["time"] <= time].iloc[-1]
        assert row["incidence"] == pytest.approx(share, rel=1e-9)
        left = 1 - share
        reach = 1.959963985 * np.sqrt(variance) / left / abs(np.log(left))
        assert row["ci_low"] == pytest.approx(1 - left ** np.exp(-reach), rel=1e-8)
        assert row["ci_high"] == pytest.approx(1 - left ** np.exp(reach), rel=1e-8)
    assert own["n_risk"].iloc[0] == 30
    other = curves[(curves["cluster"] == 2) & (curves["cause"] == "competing")]
    assert other[other["time"] <= 2]["incidence"].iloc[-1] == pytest.approx(0.1481481481)


def test_competing_events_that_cannot_be_compared():
    time, labels = np.arange(1.0, 21), np.tile([1, 2], 10)
    with pytest.raises(NotTestableError, match="no competing event"):
        compare_incidence(time, np.ones(20, int), labels)
    with pytest.raises(NotTestableError, match="only 4 events"):
        compare_incidence(time, np.repeat([1, 2], [4, 16]), labels)
    found = compare_incidence(time, np.repeat([1, 2], [16, 4]), labels)
    assert np.isnan(found.competing_p_value) and 0 < found.p_value <= 1


@pytest.fixture(scope="module")
def drawn():
    return pd.read_csv(HERE / "rates.csv")


def test_rates_as_of_glm_nb(drawn):
    # m <- glm.nb(y ~ 0 + factor(g) + offset(log(yrs))); sqrt(diag(vcovHC(m, "HC2"))).
    y, years, g = (drawn[name].to_numpy(float) for name in ("y", "yrs", "g"))
    fit = fit_rates(y, years, (g[:, None] == [1, 2, 3]).astype(float))
    assert fit.coefficients == pytest.approx([-0.4177025985, -0.2884126450, 0.2029861110], abs=3e-7)
    assert 1 / fit.alpha == pytest.approx(1.432707101, rel=1e-6)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(
        [0.2088079188, 0.2629418672, 0.1960164652], rel=1e-6
    )


def test_rate_ratios_adjusted(drawn):
    # glm.nb(y ~ 0 + factor(g) + age + offset(log(yrs))): -2.32717830678, -2.32621434173,
    # -1.70967574220; Wald F of equal rates with vcovHC(m, "HC2"): 2.796917544, p 1 - 0.9334443499.
    y, years = drawn["y"].to_numpy(float), drawn["yrs"].to_numpy(float)
    age = Covariates(("age",), {"age": drawn[["age"]].to_numpy(float)}, {})
    found = compare_rates(y, years, drawn["g"].to_numpy(), age)
    assert found.adjusted_p_value == pytest.approx(1 - 0.9334443499, abs=1e-6)
    log = np.log(found.pairs["adjusted_rate_ratio"])
    assert log.tolist() == pytest.approx(
        [-2.32717830678 + 2.32621434173, -2.32717830678 + 1.70967574220,
         -2.32621434173 + 1.70967574220], abs=1e-6
    )  # fmt: skip
    assert found.n_adjusted == 90 and found.df_residual == 87
    row = found.rates.iloc[0]
    assert (row["n_events"], row["time"]) == (35, pytest.approx(53.13))
    assert row["rate"] == pytest.approx(np.exp(-0.4177025985), abs=1e-6)


def test_time_at_risk_counts(drawn):
    y, g = drawn["y"].to_numpy(float), drawn["g"].to_numpy()
    years = drawn["yrs"].to_numpy(float)
    once = compare_rates(y, years, g)
    months = compare_rates(y, 12 * years, g)
    assert months.p_value == pytest.approx(once.p_value, rel=1e-6)
    assert months.rates["rate"].to_numpy() * 12 == pytest.approx(once.rates["rate"].to_numpy())
    unequal = compare_rates(y, np.where(g == 3, 3 * years, years), g)
    assert unequal.rates["rate"].iloc[2] < 0.5 * once.rates["rate"].iloc[2]


def test_clusters_without_events_and_wrong_columns_are_said(drawn):
    y, years, g = drawn["y"].to_numpy(float), drawn["yrs"].to_numpy(float), drawn["g"].to_numpy()
    found = compare_rates(np.where(g == 2, 0.0, y), years, g)
    assert found.rates["cluster"].tolist() == [1, 3]
    # poisson.test(0, 44.98)$conf.int: upper end 0.08201153.
    assert "Cluster 2 has no event in 44.98 of time at risk (rate at most 0.082)" in found.notes[0]
    for counts, time, said in (
        (y + 0.5, years, "whole numbers"),
        (-y, years, "whole numbers"),
        (y, years - years.min(), "not above 0"),
        (np.where(g > 1, 0.0, y), years, "fewer than two clusters have an event"),
    ):
        with pytest.raises(NotTestableError, match=said):
            compare_rates(counts, time, g)
    lost = compare_rates(np.where(np.arange(90) < 2, np.nan, y), years, g)
    assert lost.notes[0] == "2 rows lack a count or a time at risk."


def test_error_rate_of_rates_with_unequal_spread():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        labels = np.repeat([1, 2], [25, 50])
        time = rng.uniform(0.3, 3, 75)
        shape = np.where(labels == 1, 0.6, 3.0)
        counts = rng.poisson(time * rng.gamma(shape, 1 / shape)).astype(float)
        hits += compare_rates(counts, time, labels).p_value < 0.05
    assert 0.02 <= hits / 300 <= 0.085
