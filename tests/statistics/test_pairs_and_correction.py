"""Pairs of clusters and corrected p-values against scipy, statsmodels and R."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from clam_core.statistics.significance.correction import correct, correct_within
from clam_core.statistics.significance.pairs import COLUMNS, dunn, games_howell, pairwise_tables
from clam_core.statistics.significance.studentized_range import (
    studentized_range_quantile,
    studentized_range_tail,
)
from tests.statistics.published import PLANTS, SLEEP, grouped

# datasets::ToothGrowth (Bliss 1952): length by dose 0.5, 1 and 2 mg, juice and acid together.
TEETH = (
    "4.2 11.5 7.3 5.8 6.4 10 11.2 11.2 5.2 7 15.2 21.5 17.6 9.7 14.5 10 8.2 9.4 16.5 9.7",
    "16.5 16.5 15.2 17.3 22.5 17.3 13.6 14.5 18.8 15.5 "
    "19.7 23.3 23.6 26.4 20 25.2 25.8 21.2 14.5 27.3",
    "23.6 18.5 33.9 25.5 26.4 32.5 26.7 21.5 23.3 29.5 "
    "25.5 26.4 22.4 24.5 24.8 30.9 26.4 27.3 29.4 23",
)


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("df", [2.5, 9.0, 80.0])
def test_studentized_range_as_in_scipy(k, df):
    statistic = np.array([0.3, 2.0, 4.5, 9.0])
    found = studentized_range_tail(statistic, k, np.full(4, df))
    assert found == pytest.approx(stats.studentized_range.sf(statistic, k, df), abs=1e-7)


def test_studentized_range_quantile_of_the_printed_table():
    # Upper 5 % points, Pearson & Hartley (1966), table 29: k = 3, df 10 and 20; k = 4.
    assert studentized_range_quantile(0.05, 3, np.array([10.0, 20.0])) == pytest.approx(
        [3.88, 3.58], abs=0.005
    )
    assert studentized_range_quantile(0.05, 4, np.array([10.0])) == pytest.approx([4.33], abs=0.005)


def test_games_howell_as_in_scipy():
    found = games_howell(grouped(*PLANTS))
    theirs = stats.tukey_hsd(*PLANTS, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert list(found.columns) == list(COLUMNS)
    for row in found.itertuples():
        a, b = row.cluster_a - 1, row.cluster_b - 1
        assert row.difference == pytest.approx(PLANTS[a].mean() - PLANTS[b].mean())
        assert row.p_adjusted == pytest.approx(theirs.pvalue[a, b], abs=1e-7)
        assert row.difference_low == pytest.approx(interval.low[a, b], abs=1e-4)
        assert row.difference_high == pytest.approx(interval.high[a, b], abs=1e-4)
        alone = stats.ttest_ind(PLANTS[a], PLANTS[b], equal_var=False)
        assert (row.statistic, row.p_value) == pytest.approx((alone.statistic, alone.pvalue))


def test_two_clusters_are_one_welch_test():
    # R, t.test(extra ~ group, data = sleep): 95 % interval -3.3654832 to 0.2054832.
    row = games_howell(grouped(*SLEEP)).iloc[0]
    assert row.p_adjusted == row.p_value == pytest.approx(0.07939, abs=5e-6)
    ends = (row.difference_low, row.difference_high)
    assert ends == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)


def test_dunn_of_the_teeth():
    # R, rstatix::dunn_test(ToothGrowth, len ~ dose): statistics 3.55, 6.36, 2.81 (second minus
    # first).
    parts = [np.array(text.split(), dtype=float) for text in TEETH]
    found = dunn(grouped(*parts))
    assert found["statistic"].tolist() == pytest.approx([-3.55, -6.36, -2.81], abs=0.006)
    assert found["p_adjusted"][0] == pytest.approx(2 * found["p_value"][0])
    z = np.abs(found["statistic"].to_numpy())
    assert found["p_value"].to_numpy() == pytest.approx(2 * stats.norm.sf(z))
    ranks = stats.rankdata(np.concatenate(parts))
    assert found["difference"][0] == pytest.approx(ranks[:20].mean() - ranks[20:40].mean())


def test_pairwise_tables_by_hand():
    groups = grouped(np.repeat([0.0, 1], [10, 30]), np.repeat([0.0, 1], [20, 20]), np.ones(40))
    found = pairwise_tables(groups, 999, np.random.default_rng(0))
    first = found.iloc[0]
    assert first["effect_size"] == pytest.approx((30 / 10) / (20 / 20))
    theirs = stats.chi2_contingency([[10, 30], [20, 20]], correction=False)
    assert first["p_value"] == pytest.approx(theirs.pvalue)
    assert (found["p_adjusted"] >= found["p_value"]).all()


def test_a_pair_with_one_level_has_p_one():
    groups = grouped(np.zeros(8), np.zeros(9), np.arange(10) % 2.0)
    found = pairwise_tables(groups, 99, np.random.default_rng(0))
    assert found.loc[0, "p_value"] == 1 and found.loc[0, "method"] == "one level"


@pytest.mark.parametrize(("ours", "theirs"), [("bh", "fdr_bh"), ("by", "fdr_by"), ("holm", "holm")])
def test_corrections_as_in_statsmodels(ours, theirs):
    p = np.array([0.04, 0.001, 0.2, 0.04, 0.9, 0.012])
    with_gaps = np.insert(p, [0, 3], np.nan)
    found = correct(with_gaps, ours)
    assert np.isnan(found[[0, 4]]).all()
    assert found[~np.isnan(found)] == pytest.approx(multipletests(p, method=theirs)[1])


def test_benjamini_hochberg_by_hand():
    assert correct(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.04, 0.04])
    assert correct(np.array([0.01, 0.04, 0.03]), "holm") == pytest.approx([0.03, 0.06, 0.06])


def test_families_are_corrected_alone():
    p = np.array([0.01, 0.02, 0.03, np.nan])
    found = correct_within(p, ["a", "b", "a", "b"])
    assert found[:3] == pytest.approx([0.02, 0.02, 0.03]) and np.isnan(found[3])
    assert np.isnan(correct(np.array([np.nan]))).all()
