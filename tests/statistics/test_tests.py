"""Tests of one variable against R's documented output and full enumeration."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from clam_core.statistics.cohort.groups import group, midranks
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.significance import (
    contingency,
    counts,
    means,
)
from clam_core.statistics.significance import (
    ranks as rank_tests,
)
from tests.statistics.published import (
    CONVICTIONS,
    JOB,
    MUCOCILIARY,
    PAIN,
    PARTY,
    PLANTS,
    SLEEP,
    grouped,
)


def rng():
    return np.random.default_rng(0)


def test_welch_t_of_the_sleep_data():
    # R, t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, p-value = 0.07939.
    found = means.welch_test(grouped(*SLEEP))
    assert found.test == "Welch t test"
    assert found.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert found.df == pytest.approx(17.776, abs=5e-4)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)


def test_welch_anova_of_the_plants():
    # R, oneway.test(weight ~ group, data = PlantGrowth): F = 5.181, df 2 and 17.128, p = 0.01739.
    found = means.welch_test(grouped(*PLANTS))
    assert (found.statistic, found.df, found.df_residual) == pytest.approx(
        (5.181, 2, 17.128), abs=5e-4
    )
    assert found.p_value == pytest.approx(0.01739, abs=5e-6)


def test_a_cluster_without_spread_is_compared_by_ranks():
    groups = grouped(np.full(12, 3.0), np.arange(12.0))
    found = means.mean_test(groups, 999, rng())
    assert (
        found.test == "Brunner-Munzel, permutation"
        and "nothing varies within a cluster" in found.why
    )
    with pytest.raises(NotTestableError, match="nothing varies"):
        means.welch_test(groups)


@pytest.mark.parametrize("tied", [False, True])
def test_shuffles_of_brunner_munzel_are_those_of_scipy(tied):
    draw = np.random.default_rng(3)
    values = draw.normal(size=11) if not tied else draw.integers(0, 5, 11).astype(float)
    values[:5] += 1.0
    groups = group(values, np.repeat([1, 2], [5, 6]))
    seen = abs(stats.brunnermunzel(values[:5], values[5:]).statistic)
    assert np.isfinite(seen)
    every = []
    for chosen in combinations(range(11), 5):
        first = np.isin(np.arange(11), chosen)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            one = abs(stats.brunnermunzel(values[first], values[~first]).statistic)
        every.append(np.inf if np.isnan(one) else one)
    exact = np.mean(np.array(every) >= seen - 1e-9)
    found = rank_tests.shuffled_brunner_munzel(groups, 20_000, rng())
    assert abs(found.statistic) == pytest.approx(seen)
    assert found.p_value == pytest.approx(exact, abs=0.012)


def test_ranks_of_two_clusters_are_shuffled_where_t_is_not_sure():
    draw = np.random.default_rng(1)
    for size, name in ((99, "Brunner-Munzel, permutation"), (100, "Brunner-Munzel")):
        groups = grouped(draw.normal(size=120), draw.normal(size=size))
        found = rank_tests.rank_test(groups, 499, rng())
        assert found.test == name
        theirs = rank_tests.brunner_munzel(groups)
        assert found.p_value == pytest.approx(theirs.p_value, abs=0.07)


def test_kruskal_wallis_of_the_mucociliary_data():
    # R, ?kruskal.test: chi-squared = 0.77143, df = 2, p-value = 0.68.
    found = rank_tests.kruskal_wallis(grouped(*MUCOCILIARY))
    assert found.statistic == pytest.approx(0.77143, abs=5e-6)
    assert found.p_value == pytest.approx(0.68, abs=5e-4)


def test_brunner_munzel_of_the_pain_scores():
    # R, lawstat: statistic = 3.1375, df = 17.683, p-value = 0.005786, for the second sample.
    found = rank_tests.brunner_munzel(grouped(*PAIN))
    assert found.statistic == pytest.approx(-3.1375, abs=5e-5)
    assert found.df == pytest.approx(17.683, abs=5e-4)
    assert found.p_value == pytest.approx(0.005786, abs=5e-7)


def test_permuted_ranks_agree_with_all_shuffles():
    first, second = np.array([1.0, 2, 2, 5]), np.array([2.0, 4, 5, 5, 6])
    ranks = midranks(np.concatenate([first, second]))
    center = 4 * 10 / 2
    sums = [sum(ranks[list(chosen)]) for chosen in combinations(range(9), 4)]
    observed = abs(ranks[:4].sum() - center)
    exact = np.mean([abs(one - center) >= observed - 1e-9 for one in sums])
    found = rank_tests.rank_test(grouped(first, second), 20_000, rng())
    assert found.test == "Mann-Whitney, permutation"
    assert found.p_value == pytest.approx(exact, abs=0.012)
    assert found.statistic == stats.mannwhitneyu(first, second).statistic


def test_permutation_of_many_levels_agrees_with_that_of_few():
    # The same ranks once with few levels (tables) and once unique (shuffled arrays).
    parts = [np.arange(30.0), np.arange(3.0, 33.0), np.arange(22.0, 26.0)]
    whole = np.concatenate(parts)
    spread = whole + np.arange(64) * 1e-3
    many = group(spread, np.repeat([1, 2, 3], [30, 30, 4]))
    assert len(np.unique(spread)) > 60
    found = rank_tests.permuted_ranks(many, 20_000, rng())
    assert found.df == 2
    assert found.p_value == pytest.approx(stats.kruskal(
        spread[:30], spread[30:60], spread[60:]).pvalue, abs=0.01)  # fmt: skip


def test_non_overlapping_clusters_have_a_p_value():
    found = rank_tests.rank_test(grouped(np.arange(12.0), np.arange(20.0, 32.0)), 999, rng())
    assert "do not overlap" in found.why
    assert found.p_value == pytest.approx(1 / 1000)


def test_chi_square_of_parties():
    # R, ?chisq.test: X-squared = 30.07, df = 2, p-value = 2.954e-07.
    found = contingency.table_test(PARTY, 999, rng())
    assert found.test == "chi-square" and found.df == 2
    assert found.statistic == pytest.approx(30.07, abs=5e-3)
    assert found.p_value == pytest.approx(2.954e-07, rel=1e-3)


def test_likelihood_ratio_as_in_scipy():
    theirs = stats.chi2_contingency(PARTY, correction=False, lambda_="log-likelihood")
    found = contingency.likelihood_ratio_test(PARTY)
    assert (found.statistic, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_fisher_of_the_convictions():
    # R, fisher.test(Convictions): p-value = 0.0005367.
    found = contingency.fisher_exact(CONVICTIONS, 999, rng())
    assert found.p_value == pytest.approx(0.0005367, abs=5e-8)


def test_permuted_fisher_of_job_satisfaction():
    # R, fisher.test(Job): p-value = 0.7827.
    found = contingency.table_test(JOB, 20_000, rng())
    assert found.test == "Fisher exact, permutation"
    assert found.p_value == pytest.approx(0.7827, abs=0.01)
    again = contingency.table_test(JOB, 20_000, rng())
    assert found == again  # the same seed, the same p


def test_a_table_with_a_small_expected_count_is_sparse():
    assert contingency.is_sparse(np.array([[5, 4], [4, 5]]))
    assert not contingency.is_sparse(np.array([[5, 5], [5, 5]]))


def test_counts_by_all_shuffles():
    first, second = np.array([0.0, 1, 0, 2]), np.array([3.0, 1, 4, 5, 2])
    whole = np.concatenate([first, second])

    def deviance(total):
        rest = whole.sum() - total
        mean = whole.mean()
        parts = [(total, 4), (rest, 5)]
        return 2 * sum(s * np.log(s / (n * mean)) for s, n in parts if s > 0)

    sums = [whole[list(chosen)].sum() for chosen in combinations(range(9), 4)]
    exact = np.mean([deviance(s) >= deviance(first.sum()) - 1e-9 for s in sums])
    found = counts.count_test(grouped(first, second), 20_000, rng())
    assert found.statistic == pytest.approx(deviance(3))
    assert found.p_value == pytest.approx(exact, abs=0.006)


def test_rate_ratio_by_hand():
    found = counts.rate_ratio(grouped(np.array([1.0, 3, 2]), np.array([4.0, 6, 2, 4])))
    assert found.size == pytest.approx(0.5)
    width = 1.959964 * np.sqrt(1 / 3 / 4 + (8 / 3) / 4 / 16)
    assert found.ci_high == pytest.approx(0.5 * np.exp(width))
    assert found.ci_low == pytest.approx(0.5 * np.exp(-width))


def test_negative_counts_are_not_tested():
    with pytest.raises(NotTestableError, match="no counts"):
        counts.count_test(grouped(np.array([1.0, -2, 3]), np.array([1.0, 2, 3])), 99, rng())


@pytest.mark.parametrize(
    ("values", "labels", "said"),
    [
        ([np.nan, np.inf, np.nan], [1, 1, 2], "no value in any cluster"),
        ([1, 2, 3, 4], [1, 1, 1, 2], "fewer than two clusters have 2"),
        ([5, 5, 5, 5], [1, 1, 2, 2], "all its values are the same"),
        ([1, 2, 3, 4], [0, 0, 1, 1], "fewer than two clusters"),
    ],
)
def test_nothing_to_compare(values, labels, said):
    with pytest.raises(NotTestableError, match=said):
        group(np.array(values, dtype=float), np.array(labels))


def test_a_cluster_of_one_is_left_out():
    groups = group(np.array([1.0, 2, 3, 5, 9]), np.array([1, 1, 2, 2, 3]))
    assert groups.left_out == (3,) and groups.k == 2
    assert groups.means() == pytest.approx([1.5, 4])
    assert groups.variances() == pytest.approx([0.5, 2])
