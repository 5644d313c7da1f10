"""The numbers that other tests quote, computed again by scipy, statsmodels and plain formulas.

None of our own code takes part: a quotation with a slip of the pen fails here.
"""

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.oneway import anova_oneway

from tests.statistics.published import (
    AML_EVENT,
    AML_LABELS,
    AML_TIME,
    CONVICTIONS,
    JOB,
    MUCOCILIARY,
    PAIN,
    PARTY,
    PLANTS,
    SATISFACTION,
    SLEEP,
    read_table,
)
from tests.statistics.test_models import LOGISTF_SEX2
from tests.statistics.test_pairs_and_correction import TEETH


def test_means_of_the_sleep_data_and_the_plants():
    found = stats.ttest_ind(*SLEEP, equal_var=False)
    ends = found.confidence_interval()
    assert (found.statistic, found.df) == pytest.approx((-1.8608, 17.776), abs=5e-4)
    assert found.pvalue == pytest.approx(0.07939, abs=5e-6)
    assert (ends.low, ends.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)
    anova = anova_oneway(list(PLANTS), use_var="unequal")
    assert (anova.statistic, anova.df_denom) == pytest.approx((5.181, 17.128), abs=5e-4)
    assert anova.pvalue == pytest.approx(0.01739, abs=5e-6)


def test_ranks_of_the_mucociliary_data_and_the_pain_scores():
    found = stats.kruskal(*MUCOCILIARY)
    assert (found.statistic, found.pvalue) == pytest.approx((0.77143, 0.68), abs=5e-4)
    munzel = stats.brunnermunzel(*PAIN)
    assert munzel.statistic == pytest.approx(3.1375, abs=5e-5)
    assert munzel.pvalue == pytest.approx(0.005786, abs=5e-7)
    pairs = np.sign(np.subtract.outer(PAIN[1], PAIN[0]))
    assert (pairs.mean() + 1) / 2 == pytest.approx(0.788961, abs=1e-6)


def test_tables_of_parties_convictions_and_jobs():
    party = stats.chi2_contingency(PARTY, correction=False)
    assert party.statistic == pytest.approx(30.07, abs=5e-3)
    assert party.pvalue == pytest.approx(2.954e-07, rel=1e-3)
    assert stats.fisher_exact(CONVICTIONS).pvalue == pytest.approx(0.0005367, abs=5e-8)
    odds = stats.contingency.odds_ratio(CONVICTIONS)
    assert odds.statistic == pytest.approx(0.04693661, rel=1e-5)
    tables = stats.random_table(JOB.sum(axis=1), JOB.sum(axis=0))
    drawn = tables.logpmf(tables.rvs(40_000, random_state=np.random.default_rng(0)))
    p = (drawn <= tables.logpmf(JOB) + 1e-9).mean()
    assert p == pytest.approx(0.7827, abs=0.008)


def test_job_satisfaction_within_women_and_men():
    # Landis, Heyman & Koch (1978): covariances of counts with fixed margins, cell by cell.
    gap, covariance = np.zeros(9), np.zeros((9, 9))
    cells = [(i, j) for i in range(3) for j in range(3)]
    for table in SATISFACTION.astype(float):
        n, rows, columns = table.sum(), table.sum(axis=1), table.sum(axis=0)
        for a, (i, j) in enumerate(cells):
            gap[a] += table[i, j] - rows[i] * columns[j] / n
            for b, (k, m) in enumerate(cells):
                left = rows[i] * ((i == k) * n - rows[k])
                covariance[a, b] += left * columns[j] * ((j == m) * n - columns[m]) / n**2 / (n - 1)
    statistic = gap @ np.linalg.solve(covariance, gap)
    assert statistic == pytest.approx(10.2001, abs=5e-5)
    assert stats.chi2.sf(statistic, 9) == pytest.approx(0.3345, abs=5e-5)


def test_dunn_of_the_teeth_by_the_formula():
    # Dunn (1964), Technometrics 6:241, with the correction for ties.
    parts = [np.array(text.split(), dtype=float) for text in TEETH]
    values = np.concatenate(parts)
    ranks, n = stats.rankdata(values), len(values)
    ties = np.unique(values, return_counts=True)[1]
    variance = n * (n + 1) / 12 - (ties**3 - ties).sum() / (12 * (n - 1))
    means = [ranks[i * 20 : i * 20 + 20].mean() for i in range(3)]
    z = [(means[b] - means[a]) / np.sqrt(variance * 2 / 20) for a, b in combinations(range(3), 2)]
    assert z == pytest.approx([3.55, 6.36, 2.81], abs=0.006)


def test_quantiles_of_the_studentized_range():
    ask = stats.studentized_range.ppf
    found = [ask(0.95, 3, 10), ask(0.95, 3, 20), ask(0.95, 4, 10)]
    assert found == pytest.approx([3.88, 3.58, 4.33], abs=0.005)


def test_survival_of_leukaemia():
    curve = SurvfuncRight(AML_TIME[:11], AML_EVENT[:11])
    assert curve.surv_times.tolist() == [9, 13, 18, 23, 31, 34, 48]
    expected = [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184]
    assert curve.surv_prob == pytest.approx(expected, abs=5e-4)
    assert curve.surv_prob_se[[0, -1]] == pytest.approx([0.0867, 0.1535], abs=5e-5)
    late = (AML_LABELS == 2).astype(float)[:, None]
    cox = PHReg(AML_TIME, late, status=AML_EVENT, ties="efron").fit(disp=0)
    found = (cox.params[0], cox.bse[0], cox.pvalues[0])
    assert found == pytest.approx((0.9155, 0.5119, 0.0737), abs=6e-5)


def penalized(y, x, fixed=None):
    """Largest log-likelihood with Jeffreys' prior by a general optimizer, and where it is."""

    def loss(free):
        b = free if fixed is None else np.insert(free, fixed[0], fixed[1])
        line = x @ b
        p = 1 / (1 + np.exp(-line))
        information = x.T @ (x * (p * (1 - p))[:, None])
        return -(y @ line - np.logaddexp(0, line).sum() + np.linalg.slogdet(information)[1] / 2)

    start = np.zeros(x.shape[1] - (fixed is not None))
    found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    return -found.fun, found.x


def test_penalized_logistic_models():
    # Firth (1993), Biometrika 80:27; ends of an interval lie where twice the profile falls by
    # the 95 % point of chi-square.
    rows, _ = read_table("sex2.csv")
    rows = np.repeat(rows[:, :7], rows[:, 7].astype(int), axis=0)
    y, x = rows[:, 0], np.column_stack([np.ones(len(rows)), rows[:, 1:]])
    best, where = penalized(y, x)
    assert where == pytest.approx(LOGISTF_SEX2["coefficients"], abs=2e-4)
    assert best == pytest.approx(LOGISTF_SEX2["log_likelihood"], abs=1e-4)
    for j in range(7):
        p = stats.chi2.sf(2 * (best - penalized(y, x, (j, 0.0))[0]), 1)
        assert p == pytest.approx(LOGISTF_SEX2["p"][j], rel=1e-3)
        for end in ("low", "high"):
            fallen = 2 * (best - penalized(y, x, (j, LOGISTF_SEX2[end][j]))[0])
            assert fallen == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-3)


def test_penalized_model_of_the_endometrial_cancers():
    rows, _ = read_table("endometrial.csv")
    x = np.column_stack([np.ones(79), rows[:, :3]])
    _, where = penalized(rows[:, 3], x)
    assert where == pytest.approx([3.77455951, 2.92927330, -0.03475175, -2.60416387], abs=1e-3)
