"""Regression models against statsmodels and R's logistf."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import chdtrc
from statsmodels.miscmodels.ordinal_model import OrderedModel

from clam_core.statistics.models.count_model import fit_counts
from clam_core.statistics.models.firth import fit_firth, penalized_ratio, profile_interval
from clam_core.statistics.models.fitted_model import NotEstimableError, wald
from clam_core.statistics.models.linear import fit_linear
from clam_core.statistics.models.logistic import SeparationError, fit_logistic, is_separated
from clam_core.statistics.models.multinomial import fit_multinomial
from clam_core.statistics.models.ordinal_model import fit_proportional_odds
from clam_core.statistics.models.regression import Problem, joint_test
from tests.statistics.published import read_table


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    n = 160
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(0, 2, n)])
    line = x @ [0.2, 0.8, -0.6]
    return {
        "x": x,
        "subjects": rng.integers(0, 40, n),
        "continuous": line + rng.normal(size=n) * (1 + x[:, 2]),
        "binary": (line + rng.logistic(size=n) > 0).astype(float),
        "ordinal": np.digitize(line + rng.logistic(size=n), [-1, 0.5, 1.5]).astype(float),
        "nominal": np.argmax(
            np.column_stack([np.zeros(n), line, -line]) + rng.gumbel(size=(n, 3)), axis=1
        ).astype(float),
        "count": rng.negative_binomial(2, 2 / (2 + np.exp(line))).astype(float),
    }


def test_linear_model_with_hc3(data):
    ours = fit_linear(data["continuous"], data["x"])
    theirs = sm.OLS(data["continuous"], data["x"]).fit(cov_type="HC3", use_t=True)
    assert ours.coefficients == pytest.approx(theirs.params)
    assert ours.covariance == pytest.approx(theirs.cov_params(), rel=1e-8)
    f = theirs.f_test(np.eye(3)[1:])
    assert wald(ours, np.array([1, 2])) / 2 == pytest.approx(float(f.fvalue))


def test_logistic_model(data):
    ours = fit_logistic(data["binary"], data["x"])
    theirs = sm.Logit(data["binary"], data["x"]).fit(disp=0)
    assert ours.coefficients == pytest.approx(theirs.params, abs=2e-6)
    assert ours.covariance == pytest.approx(theirs.cov_params(), rel=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs.llf)


def test_proportional_odds_model(data):
    ours = fit_proportional_odds(data["ordinal"], data["x"][:, 1:])
    theirs = OrderedModel(data["ordinal"], data["x"][:, 1:], distr="logit").fit(
        method="bfgs", disp=0, gtol=1e-8
    )
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-6)
    assert ours.coefficients[3:] == pytest.approx(theirs.params[:2], abs=1e-4)
    assert np.sqrt(np.diag(ours.covariance)[3:]) == pytest.approx(theirs.bse[:2], rel=1e-3)


def test_multinomial_model(data):
    ours = fit_multinomial(data["nominal"], data["x"])
    theirs = sm.MNLogit(data["nominal"], data["x"]).fit(disp=0)
    assert ours.log_likelihood == pytest.approx(theirs.llf)
    assert ours.coefficients == pytest.approx(theirs.params.T.ravel(), abs=1e-6)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse.T.ravel(), rel=1e-5)


def test_separated_levels_get_finite_estimates_with_a_prior():
    y = np.repeat([0.0, 1, 2], [20, 20, 20])
    x = np.column_stack([np.ones(60), y == 1])
    with pytest.raises(NotEstimableError):
        fit_multinomial(y, x)
    found = fit_multinomial(y, x, prior=True)
    assert np.isfinite(found.coefficients).all() and found.coefficients[1] > 2


def test_negative_binomial_model(data):
    ours = fit_counts(data["count"], data["x"])
    theirs = sm.NegativeBinomial(data["count"], data["x"]).fit(disp=0, maxiter=200)
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-4)
    assert ours.coefficients == pytest.approx(theirs.params[:3], abs=2e-3)
    assert np.sqrt(np.diag(ours.bread)) == pytest.approx(theirs.bse[:3], rel=0.01)


def test_robust_errors_of_counts_without_overdispersion_follow_hc2():
    # Poisson HC0 of statsmodels, which HC2 must exceed slightly in every term.
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    y = rng.binomial(6, 1 / (1 + np.exp(1 - 0.3 * x[:, 1]))).astype(float)  # underdispersed
    ours = fit_counts(y, x)
    theirs = sm.GLM(y, x, family=sm.families.Poisson()).fit(cov_type="HC0")
    assert ours.name == "Poisson model, HC2"
    ratio = np.diag(ours.covariance) / np.diag(theirs.cov_params())
    assert ((ratio > 1) & (ratio < 1.02)).all()


LOGISTF_SEX2 = {  # R, logistf(case ~ age + oc + vic + vicl + vis + dia, data = sex2)
    "coefficients": [0.12025404, -1.10598130, -0.06881673, 2.26887464, -2.11140816, -0.78831694,
                     3.09601263],
    "low": [-0.8185591, -1.9737884, -0.9414363, 1.2730216, -3.2608611, -1.6080879, 0.7745682],
    "high": [1.07315122, -0.30742514, 0.78920202, 3.43543273, -1.11773495, 0.01518468,
             8.03029352],
    "p": [0.8020268, 0.006143472, 0.8751911, 1.678877e-06, 1.237805e-05, 0.05449701, 0.004951873],
    "log_likelihood": -132.5394,
}  # fmt: skip


@pytest.fixture(scope="module")
def sex2():
    rows, _ = read_table("sex2.csv")
    rows = np.repeat(rows[:, :7], rows[:, 7].astype(int), axis=0)
    assert rows.shape == (239, 7)
    return rows[:, 0], np.column_stack([np.ones(239), rows[:, 1:]])


def test_firth_as_in_logistf(sex2):
    y, x = sex2
    model = fit_firth(y, x)
    assert model.coefficients == pytest.approx(LOGISTF_SEX2["coefficients"], abs=2e-6)
    assert model.log_likelihood == pytest.approx(LOGISTF_SEX2["log_likelihood"], abs=1e-4)
    p = [chdtrc(1, penalized_ratio(y, x, model, np.array([j]))) for j in range(7)]
    assert p == pytest.approx(LOGISTF_SEX2["p"], rel=2e-5)
    for j in (1, 6):
        ends = profile_interval(y, x, model, j)
        assert ends == pytest.approx((LOGISTF_SEX2["low"][j], LOGISTF_SEX2["high"][j]), abs=2e-5)


def test_firth_of_the_endometrial_cancers_which_are_separated():
    # Heinze & Schemper (2002); R, logistf(HG ~ NV + PI + EH): intervals by profile.
    rows, header = read_table("endometrial.csv")
    assert header == ["NV", "PI", "EH", "HG"]
    y, x = rows[:, 3], np.column_stack([np.ones(79), rows[:, :3]])
    assert is_separated(y, x)
    with pytest.raises(SeparationError):
        fit_logistic(y, x)
    model = fit_firth(y, x)
    assert model.coefficients == pytest.approx(
        [3.77455951, 2.92927330, -0.03475175, -2.60416387], abs=2e-5
    )
    assert profile_interval(y, x, model, 1) == pytest.approx((0.6097244, 7.85463171), abs=1e-4)


def test_overlapping_answers_are_not_separated(data):
    assert not is_separated(data["binary"], data["x"])


@pytest.mark.parametrize("kind", ["binary", "ordinal", "nominal"])
def test_joint_test_is_the_likelihood_ratio_of_statsmodels(data, kind):
    y, x = data[kind], data["x"]
    found = joint_test(Problem(kind, y, x[:, 1:2], x[:, 2:]))
    if kind == "ordinal":
        fits = [OrderedModel(y, cols, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
                for cols in (x[:, 1:], x[:, 2:])]  # fmt: skip
    else:
        fits = [sm.MNLogit(y, cols).fit(disp=0) for cols in (x, x[:, [0, 2]])]
    assert found.statistic == pytest.approx(2 * (fits[0].llf - fits[1].llf), abs=1e-5)
    assert found.df == (2 if kind == "nominal" else 1)


def test_joint_test_of_separated_answers_is_firths():
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 15)
    x = y[:, None] + 0.0
    found = joint_test(Problem("binary", y, x, rng.normal(size=(30, 1))))
    assert found.model == "Firth logistic model"
    assert found.p_value < 1e-4 and np.isfinite(found.coefficients).all()
    assert 0 < found.low[0] < found.coefficients[0] < found.high[0]


def test_separated_ordinal_levels_are_compared_by_ranks():
    y = np.repeat([0.0, 1, 2], 12)
    found = joint_test(Problem("ordinal", y, (y == 2).astype(float)[:, None], np.empty((36, 0))))
    assert "ranks" in found.model and found.p_value < 1e-6


def test_clusters_in_which_nothing_varies_have_no_variance_of_their_own():
    # Two clusters without any spread and one with: HC3 then gives a variance of minus nothing.
    y = np.concatenate([np.zeros(20), np.zeros(20), np.repeat([1.0, 2.0], 6)])
    tested = np.repeat(np.eye(3), [20, 20, 12], axis=0)[:, 1:]
    with pytest.raises(NotEstimableError, match="nothing varies within a cluster"):
        joint_test(Problem("continuous", y, tested, np.empty((52, 0))))
    found = joint_test(Problem("ordinal", y, tested, np.empty((52, 0))))
    ranks = stats.rankdata(y)
    theirs = stats.f_oneway(ranks[:20], ranks[20:40], ranks[40:])
    assert found.model == "linear model on ranks, pooled variance (levels are separated)"
    assert (found.statistic, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_a_design_without_full_rank_is_refused():
    x = np.column_stack([np.ones(20), np.arange(20.0), 2 * np.arange(20.0)])
    with pytest.raises(NotEstimableError, match="no unique estimate"):
        fit_linear(np.arange(20.0) ** 2, x)
    with pytest.raises(NotEstimableError, match="no unique estimate"):
        fit_firth(np.arange(20) % 2.0, x)
