"""Effect sizes against R, statsmodels, scipy and brute force."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.nonparametric import rank_compare_2indep
from statsmodels.stats.oneway import anova_oneway, confint_effectsize_oneway

from clam_core.settings import AssociateSettings
from clam_core.statistics.effects import contingency, numbers
from clam_core.statistics.effects.noncentral import (
    noncentrality_chi2,
    noncentrality_f,
    noncentrality_t,
)
from clam_core.statistics.significance.choose_test import compare
from clam_core.statistics.significance.means import welch_test
from tests.statistics.published import CONVICTIONS, MUCOCILIARY, PAIN, PLANTS, SLEEP, grouped

UNEQUAL = (
    np.array([5.1, 4.9, 6.2, 7.7, 3.1, 12.4, 9.9]),
    np.array([4.0, 4.2, 4.1, 4.3, 3.9, 4.4, 4.2, 4.1, 4.0, 4.3, 3.8, 4.2]),
)


@pytest.mark.parametrize(
    ("parts", "g", "difference"),
    [
        # R 4.2, effectsize 0.8.3: hedges_g(extra ~ group, data = sleep, pooled_sd = FALSE), and
        # t.test(extra ~ group, data = sleep)$conf.int; the same of x and y below.
        (SLEEP, (-0.7964846472, -1.66458632, 0.09194093057), (-3.3654832307, 0.2054832307)),
        (UNEQUAL, (1.114731298, -0.01384821803, 2.182876821), (-0.05320458821, 5.88891887392)),
    ],
)
def test_two_means_as_in_r(parts, g, difference):
    found = numbers.hedges_g(grouped(*parts))
    assert (found.size, found.ci_low, found.ci_high) == pytest.approx(g, abs=2e-5)
    gap = numbers.mean_difference(grouped(*parts))
    assert gap.size == pytest.approx(parts[0].mean() - parts[1].mean())
    assert (gap.ci_low, gap.ci_high) == pytest.approx(difference, abs=1e-8)


def test_a_spread_that_goes_with_size_misleads_no_interval():
    # 10 of spread 4 against 60 of spread 1, no difference: the pooled g excluded 0 in 32 %.
    rng = np.random.default_rng(7)
    outside, rejected, n_times = 0, 0, 400
    for _ in range(n_times):
        groups = grouped(rng.normal(0, 4, 10), rng.normal(0, 1, 60))
        p = welch_test(groups).p_value
        ends = [numbers.hedges_g(groups), numbers.mean_difference(groups)]
        assert {one.ci_low > 0 or one.ci_high < 0 for one in ends} == {p < 0.05}
        outside += ends[0].ci_low > 0 or ends[0].ci_high < 0
        rejected += p < 0.05
    assert outside == rejected and 0.02 < outside / n_times < 0.085


def test_shares_exclude_0_just_where_their_test_rejects():
    rng = np.random.default_rng(8)
    settings = AssociateSettings(n_resamples=999)
    labels = np.repeat([1, 2, 3], [8, 25, 40])
    answers = []
    for number in range(250):
        shift = 0.5 * (number % 3) * (labels == 2)
        values = {
            "continuous": rng.normal(shift, np.where(labels == 1, 3, 1)),
            "ordinal": np.clip(np.round(rng.normal(shift + 2, 1)), 0, 4),
            "nominal": np.floor(3 * rng.uniform(size=73) ** (1 + shift)),
            "count": rng.poisson(2 + shift).astype(float),
        }
        for kind, column in values.items():
            found = compare("x", kind, column, labels, settings)
            answers.append((found.tested.p_value < 0.05, found.effect.ci_low > 0))
    rejects, excludes = np.array(answers).T
    assert 0.1 < rejects.mean() < 0.9
    assert (rejects == excludes).mean() > 0.997  # V can be 0 where an exact test rejects


def test_hedges_g_turns_with_the_clusters():
    there, back = numbers.hedges_g(grouped(*SLEEP)), numbers.hedges_g(grouped(*SLEEP[::-1]))
    assert (back.size, back.ci_low, back.ci_high) == pytest.approx(
        (-there.size, -there.ci_high, -there.ci_low)
    )


def test_standardized_difference_by_hand():
    found = numbers.standardized_mean_difference(grouped(np.array([1, 2, 3]), np.array([2, 4, 6])))
    assert found.size == pytest.approx(-2 / np.sqrt(2.5))
    error = np.sqrt(6 / 9 + found.size**2 / 12)
    assert found.ci_high - found.size == pytest.approx(1.959964 * error)
    assert found.size - found.ci_low == pytest.approx(1.959964 * error)


def test_eta_squared_and_its_interval_as_in_r_and_statsmodels():
    groups = grouped(*PLANTS)
    anova = anova_oneway(list(PLANTS), use_var="equal")
    theirs = confint_effectsize_oneway(anova.statistic, anova.df, alpha=0.1)
    found = numbers.eta_squared(groups)
    everything = np.concatenate(PLANTS)
    between = sum(10 * (part.mean() - everything.mean()) ** 2 for part in PLANTS)
    assert found.size == pytest.approx(between / (everything.var() * 30))
    ends = (found.ci_low, found.ci_high)
    assert ends == pytest.approx(getattr(theirs, "ci_eta2", theirs.eta2), abs=5e-6)
    # R 4.2, effectsize 0.8.3: eta_squared(aov(weight ~ group, PlantGrowth), ci = 0.9,
    # alternative = "two.sided"). It takes ncp / (ncp + 27), Steiger (2004) ncp / (ncp + 30).
    in_r = (0.0353063034, 0.4547758293)
    ncp = [27 * end / (1 - end) for end in in_r]
    assert ends == pytest.approx([one / (one + 30) for one in ncp], abs=1e-6)


def test_cramers_v_has_the_interval_of_r():
    # R 4.2, effectsize 0.8.3: cramers_v(..., adjust = FALSE, ci = 0.9, alternative = "two.sided").
    cases = (
        ([[9, 3, 4], [2, 8, 8]], (0.1459104497, 0.7415444687)),
        ([[10, 20], [30, 5]], (0.3327260609, 0.7407640188)),
    )
    for table, ends in cases:
        found = contingency.cramers_v(np.array(table))
        assert (found.ci_low, found.ci_high) == pytest.approx(ends, abs=1e-5)


def test_omega_squared_of_equal_clusters_is_the_textbook_one():
    # Equal variances and sizes: Welch's F differs from the classic one by its denominator only.
    rng = np.random.default_rng(0)
    base = rng.normal(size=200)
    parts = [base, base + 0.5, base + 1.0]
    found = numbers.omega_squared(grouped(*parts))
    f = stats.f_oneway(*parts).statistic
    assert found.size == pytest.approx(2 * (f - 1) / (2 * (f - 1) + 600), rel=0.02)
    assert found.ci_low < found.size < found.ci_high


@pytest.mark.parametrize("statistic", [0.2, 1.1, 4.0, 60.0, 900.0])
def test_noncentralities_put_the_statistic_at_the_ends(statistic):
    low, high = noncentrality_f(statistic, 3, 40.5)
    assert stats.ncf.cdf(statistic, 3, 40.5, high) == pytest.approx(0.05, abs=1e-6) or high == 0
    if low > 0:
        assert stats.ncf.cdf(statistic, 3, 40.5, low) == pytest.approx(0.95, abs=1e-6)
    else:
        assert stats.f.cdf(statistic, 3, 40.5) <= 0.95
    low, high = noncentrality_chi2(statistic, 2)
    if high > 0:
        assert stats.ncx2.cdf(statistic, 2, high) == pytest.approx(0.05, abs=1e-6)
    if low > 0:
        assert stats.ncx2.cdf(statistic, 2, low) == pytest.approx(0.95, abs=1e-6)
    low, high = noncentrality_t(-np.sqrt(statistic), 12.5)
    assert stats.nct.cdf(-np.sqrt(statistic), 12.5, low) == pytest.approx(0.975, abs=1e-5)
    assert stats.nct.cdf(-np.sqrt(statistic), 12.5, high) == pytest.approx(0.025, abs=1e-5)


def test_eta_squared_h_from_the_h_of_scipy():
    groups = grouped(*PLANTS)
    h = stats.kruskal(*PLANTS).statistic
    found = numbers.eta_squared_h(groups)
    assert found.size == pytest.approx((h - 2) / 27)
    assert found.ci_low < found.size < found.ci_high
    # H of the mucociliary data is 0.77, below its df: nothing to see.
    assert numbers.eta_squared_h(grouped(*MUCOCILIARY)).size == 0


def test_rank_biserial_counts_pairs():
    first, second = PAIN
    pairs = [np.sign(a - b) for a, b in product(first, second)]
    found = numbers.rank_biserial(grouped(first, second))
    assert found.size == pytest.approx(np.mean(pairs))
    # R, lawstat::brunner.munzel.test: P(X<Y)+.5*P(X=Y) = 0.788961.
    assert found.size == pytest.approx(1 - 2 * 0.788961, abs=1e-6)
    theirs = rank_compare_2indep(first, second)
    logit = np.log(theirs.prob1 / (1 - theirs.prob1))
    error = np.sqrt(theirs.var / theirs.nobs)
    width = stats.t.ppf(0.975, theirs.df) * error / theirs.prob1 / (1 - theirs.prob1)
    ends = [2 / (1 + np.exp(-(logit + side * width))) - 1 for side in (-1, 1)]
    assert (found.ci_low, found.ci_high) == pytest.approx(ends)


def test_rank_biserial_without_overlap_has_an_interval_below_one():
    found = numbers.rank_biserial(grouped(np.arange(10.0), np.arange(20.0, 30.0)))
    assert found.size == -1 and found.ci_low == -1
    theta = (found.ci_high + 1) / 2
    n_star = 9
    spread = theta * (1 - theta) / 100
    spread *= 1 + n_star * ((1 - theta) / (2 - theta) + theta / (1 + theta))
    assert theta == pytest.approx(1.959964 * np.sqrt(spread), rel=1e-5)


def bergsma(table):
    """Bias-corrected V, written anew from Bergsma (2013), equations 7 to 9."""
    n = table.sum()
    r, c = table.shape
    phi2 = stats.chi2_contingency(table, correction=False).statistic / n
    phi2 = max(0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r_hat, c_hat = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return np.sqrt(phi2 / min(r_hat - 1, c_hat - 1))


@pytest.mark.parametrize("table", [[[10, 20], [30, 5]], [[9, 3, 4], [2, 8, 8]], [[5, 5], [5, 5]]])
def test_cramers_v_is_corrected_for_bias(table):
    table = np.array(table)
    found = contingency.cramers_v(table)
    assert found.size == pytest.approx(bergsma(table))
    assert 0 <= found.ci_low <= found.size <= found.ci_high <= 1


def test_cramers_v_of_a_perfect_table_is_one():
    found = contingency.cramers_v(np.diag([20, 30, 10]))
    assert found.size == pytest.approx(1) and found.ci_low > 0.8


def test_exact_odds_ratio_of_the_convictions():
    # R, ?fisher.test: estimate 0.04693661, 95 % interval 0.003325764 to 0.363182271.
    found = contingency.odds_ratio(CONVICTIONS[:, ::-1], exact=True)
    assert found.size == pytest.approx(0.04693661, rel=1e-5)
    # R's root finder stops at a tail of 0.02511 instead of 0.025.
    assert (found.ci_low, found.ci_high) == pytest.approx((0.003325764, 0.363182271), rel=4e-3)
    odds = (found.ci_low, found.ci_high)
    tails = (
        stats.nchypergeom_fisher.sf(1, 30, 12, 17, odds[0]),
        stats.nchypergeom_fisher.cdf(2, 30, 12, 17, odds[1]),
    )
    assert tails == pytest.approx((0.025, 0.025), abs=1e-8)


def test_odds_ratio_is_of_the_second_level_in_the_first_cluster():
    found = contingency.odds_ratio(np.array([[10, 30], [20, 15]]), exact=False)
    assert found.size == pytest.approx((30 / 10) / (15 / 20))
    theirs = Table2x2(np.array([[30, 10], [15, 20]]))
    assert (found.ci_low, found.ci_high) == pytest.approx(theirs.oddsratio_confint())


def test_difference_of_two_levels_is_that_of_proportions():
    found = contingency.table_difference(np.array([[30, 10], [15, 25]]))
    expected = (25 / 40 - 10 / 40) / np.sqrt((0.25 * 0.75 + 0.625 * 0.375) / 2)
    assert found.size == pytest.approx(expected)
    error = np.sqrt(80 / 1600 + expected**2 / 160)
    ends = (expected - 1.959964 * error, expected + 1.959964 * error)
    assert (found.ci_low, found.ci_high) == pytest.approx(ends)


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    n_times = 2000
    hits = {"g": 0, "omega": 0, "rank": 0, "v": 0, "ranks": 0}
    shift = np.array([0.0, 0.4, 0.8])
    f2 = shift.var()
    order = 2 * stats.norm.cdf(-0.5 / np.sqrt(2)) - 1
    shares = np.array([[0.2, 0.3, 0.5], [0.4, 0.3, 0.3]])
    pooled = shares.mean(axis=0)
    v = np.sqrt((((shares - pooled) ** 2) / pooled).mean(axis=0).sum())
    big = [np.sort(rng.normal(s, 1, 200_000)) for s in shift]
    grade = [np.mean([np.searchsorted(b, big[a]).mean() / 2e5 for b in big]) for a in range(3)]
    truth_rank = np.var(grade) / (1 / 12)
    for _ in range(n_times):
        pair = grouped(rng.normal(0, 1, 30), rng.normal(0.5, 1, 20))
        found = numbers.hedges_g(pair)
        hits["g"] += found.ci_low <= -0.5 <= found.ci_high
        found = numbers.rank_biserial(pair)
        hits["rank"] += found.ci_low <= order <= found.ci_high
        three = grouped(*(rng.normal(s, 1, 30) for s in shift))
        found = numbers.omega_squared(three)
        hits["omega"] += found.ci_low <= f2 / (1 + f2) <= found.ci_high
        found = numbers.eta_squared_h(three)
        hits["ranks"] += found.ci_low <= truth_rank <= found.ci_high
        table = np.array([rng.multinomial(60, row) for row in shares])
        found = contingency.cramers_v(table)
        hits["v"] += found.ci_low <= v <= found.ci_high
    # Intervals of shares hold 90 %, those of g and of the rank-biserial correlation 95 %.
    level = {"g": 0.95, "rank": 0.95, "omega": 0.9, "ranks": 0.9, "v": 0.9}
    assert all(-0.02 <= hits[one] / n_times - level[one] <= 0.03 for one in hits), hits
