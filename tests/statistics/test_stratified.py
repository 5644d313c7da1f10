"""Clusters compared within sites, against other programs and slow plain formulas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from clam_core.errors import TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics import associate, compare_within_sites, within_words
from clam_core.statistics.models.adjust import Outcome
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.sites.stratified import compare_within
from clam_core.statistics.sites.within import WITHIN_COLUMNS
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import demo
from tests.statistics.published import RABBITS, SATISFACTION

# Skin potential of eight people under four emotions (Lehmann 1975, page 264).
HYPNOSIS = np.array([
    [23.1, 22.7, 22.5, 22.6], [57.6, 53.2, 53.7, 53.1], [10.5, 9.7, 10.8, 8.3],
    [23.6, 19.6, 21.1, 21.6], [11.9, 13.8, 13.7, 13.3], [54.6, 47.1, 39.2, 37.0],
    [21.0, 13.6, 13.7, 14.8], [20.3, 23.6, 16.3, 14.8],
])  # fmt: skip


def spelled_out(tables):
    """Values, clusters and strata, one row per count of tables (strata, clusters, levels)."""
    places = np.repeat(np.argwhere(tables >= 0), tables.ravel(), axis=0)
    strata, clusters, levels = places.T
    return levels.astype(float), clusters + 1, strata


def compared(kind, values, labels, strata, n_resamples=999, seed=0):
    outcome = Outcome(kind, np.asarray(values, float), np.asarray(labels))
    return compare_within(outcome, np.asarray(strata), n_resamples, np.random.default_rng(seed))


def test_rabbits_as_in_statsmodels():
    found = compared("binary", *spelled_out(RABBITS))
    theirs = StratifiedTable(RABBITS.transpose(1, 2, 0)).test_null_odds(correction=False)
    assert found.tested.statistic == pytest.approx(theirs.statistic)
    # R, with its continuity correction: p = 0.047.
    corrected = StratifiedTable(RABBITS.transpose(1, 2, 0)).test_null_odds(correction=True)
    assert corrected.pvalue == pytest.approx(0.047, abs=5e-4)
    # At the lowest dose all died, at the highest all were cured: nothing can be compared there.
    assert (found.tested.df, found.n_strata, found.n, found.n_left_out) == (1, 3, 36, 18)


def test_job_satisfaction_as_agresti():
    # R: Cochran-Mantel-Haenszel M^2 = 10.2001, df = 9, p-value = 0.3345.
    found = compared("nominal", *spelled_out(SATISFACTION), n_resamples=19_999)
    assert found.tested.statistic == pytest.approx(10.2001, abs=5e-5)
    assert found.tested.df == 9 and found.n == 104
    assert found.tested.test == "Cochran-Mantel-Haenszel, permutation"
    assert found.tested.p_value == pytest.approx(0.3345, abs=0.02)


def test_one_value_per_cell_is_the_test_of_friedman():
    people, emotions = np.indices(HYPNOSIS.shape)
    found = compared("continuous", HYPNOSIS.ravel(), emotions.ravel() + 1, people.ravel())
    theirs = stats.friedmanchisquare(*HYPNOSIS.T)
    assert found.tested.statistic == pytest.approx(theirs.statistic)
    assert found.tested.statistic == pytest.approx(6.45)
    assert found.tested.df == 3 and found.n_strata == 8


def test_one_site_is_the_pooled_test():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2, 4], [20, 15, 25])
    values = np.round(rng.normal(size=60), 1)
    found = compared("ordinal", values, labels, np.zeros(60, int)).tested
    theirs = stats.kruskal(*(values[labels == one] for one in (1, 2, 4)))
    assert (found.statistic, found.p_value) == pytest.approx(tuple(theirs))
    levels = rng.choice(3, 60)
    found = compared("nominal", levels, labels, np.zeros(60, int)).tested
    table = stats.contingency.crosstab(labels, levels).count
    pearson = stats.chi2_contingency(table, correction=False).statistic
    assert found.statistic == pytest.approx(pearson * 59 / 60)


def van_elteren(values, labels, strata):
    """The normal deviate of two clusters by van Elteren's own formula, with ties."""
    total = variance = 0.0
    for one in np.unique(strata):
        x, first = values[strata == one], labels[strata == one] == 1
        n, m = len(x), int(first.sum())
        ranks = stats.rankdata(x)
        total += (ranks[first].sum() - m * (n + 1) / 2) / (n + 1)
        variance += m * (n - m) * ranks.var(ddof=1) / n / (n + 1) ** 2
    return total / np.sqrt(variance)


def test_two_clusters_in_four_sites_are_the_test_of_van_elteren():
    rng = np.random.default_rng(3)
    labels, strata = rng.integers(1, 3, 120), rng.integers(0, 4, 120)
    values = np.round(rng.normal(size=120) + 2.0 * strata + 0.3 * labels, 1)
    found = compared("continuous", values, labels, strata).tested
    z = van_elteren(values, labels, strata)
    assert found.test == "van Elteren"
    assert found.statistic == pytest.approx(z**2)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)))


@pytest.mark.parametrize("kind", ["continuous", "ordinal", "binary", "nominal"])
def test_a_difference_between_sites_is_none_between_clusters(kind):
    """Clusters follow the site, and so does the variable; within sites nothing is left."""
    rng = np.random.default_rng(5)
    strata = np.repeat([0, 1], 150)
    labels = np.where(rng.uniform(size=300) < 0.2 + 0.6 * strata, 2, 1)
    draw = {
        "continuous": rng.normal(size=300) + 3 * strata,
        "ordinal": rng.integers(0, 3, 300) + 2 * strata,
        "binary": rng.uniform(size=300) < 0.2 + 0.6 * strata,
        "nominal": rng.integers(0, 3, 300) + strata,
    }
    pooled = compared(kind, draw[kind], labels, np.zeros(300, int)).tested
    within = compared(kind, draw[kind], labels, strata).tested
    assert pooled.p_value < 1e-6 and within.p_value > 0.05


@pytest.mark.parametrize("kind", ["continuous", "ordinal", "nominal"])
@pytest.mark.parametrize("n", [30, 200])
def test_under_the_null_five_percent_are_below_five_percent(kind, n):
    """Clusters and variable both depend on the site, not on each other."""
    rng = np.random.default_rng(7)
    below = 0
    for _ in range(400):
        strata = rng.integers(0, 3, n)
        labels = 1 + (rng.uniform(size=n) < 0.3 + 0.2 * strata) + (rng.uniform(size=n) < 0.3)
        values = rng.integers(0, 3, n) + strata if kind != "continuous" else rng.normal(strata)
        seed = int(rng.integers(1 << 31))
        below += compared(kind, values, labels, strata, 199, seed).tested.p_value <= 0.05
    # 95 % of binomial counts of 400 at 0.05 lie in 12 to 29; six of them here: 99.9 %.
    assert 7 <= below <= 36


def test_shuffles_and_chi_square_agree():
    rng = np.random.default_rng(9)
    strata, labels = rng.integers(0, 2, 60), np.repeat([1, 2, 3], [9, 26, 25])
    values = rng.normal(size=60) + 0.4 * labels
    found = compared("continuous", values, labels, strata, 19_999).tested
    assert found.test == "van Elteren, permutation"
    n_drawn = "19,999" if found.p_value < 0.2 else "1,999"
    assert f"{n_drawn} label shuffles" in found.why
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 2), abs=0.01)
    again = compared("continuous", values, labels, strata, 19_999).tested
    assert again == found


def test_sites_that_tell_nothing_are_left_out_and_counted():
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, np.nan, 9])
    labels = np.array([1, 1, 2, 2, 1, 1, 1, 2, 2, 2])
    strata = np.array([0, 0, 0, 0, 1, 1, 1, 2, 0, -1])
    found = compared("continuous", values, labels, strata)
    assert (found.n, found.n_strata, found.n_left_out) == (4, 1, 4)
    with pytest.raises(NotTestableError, match="no site holds two clusters"):
        compared("continuous", values, labels, labels)


def site_of(name, clusters, seed=1):
    """Sites that clusters follow to a part, under a name."""
    rng = np.random.default_rng(seed)
    number = clusters["cluster"].to_numpy()
    sites = np.where(rng.uniform(size=len(number)) < 0.7, number, rng.integers(1, 4, len(number)))
    values = pd.Categorical.from_codes(sites - 1, ["A", "B", "C"])
    return pd.Series(values, index=clusters.index), ColumnInfo(name, name, "nominal",
                                                               family="acquisition")  # fmt: skip


def compared_table(name, **settings):
    clusters, clinical, columns = demo()
    values, info = site_of(name, clusters)
    frame = clinical.drop(columns="site").reindex(clusters["subject_id"])
    frame = frame.set_axis(clusters.index, axis="index").rename_axis("scan_id")
    frame = frame.assign(**{name: values})
    given = AssociateSettings(n_resamples=199, **settings)
    infos = [*(one for one in columns if one.name != "site"), info]
    found = associate(clusters, frame, infos, given)
    return found, compare_within_sites(found.cohort, found.rows, given)


def test_every_row_keeps_its_own_site():
    """Sites in no order; the statistic is that of values, clusters and sites as they lie."""
    found, within = compared_table("Centre")
    sites, _ = pd.factorize(found.cohort.frame["Centre"])
    assert (np.diff(sites) < 0).sum() > 5
    row = within.set_index("variable").loc["DLCO"]
    values = found.cohort.frame["DLCO"].to_numpy(dtype=float)
    expected = compared("continuous", values, found.cohort.labels, sites)
    assert row["statistic"] == pytest.approx(expected.tested.statistic)
    assert (row["n"], row["n_sites"]) == (expected.n, expected.n_strata)


@pytest.mark.parametrize("name", ["Centre", "manufacturer"])
def test_sites_are_found_by_their_name_and_every_tested_variable_is_compared(name):
    found, within = compared_table(name)
    tested = set(found.rows.loc[found.rows["p_value"].notna(), "variable"]) - {name}
    assert set(within["variable"]) == tested and set(within["within"]) == {name}
    rows = within.set_index("variable")
    assert (rows.loc[["fibrosis_score", "DLCO"], "p_adjusted"] < 0.05).all()
    assert rows.loc["shoe_size", "p_value"] > 0.05
    assert (rows["p_adjusted"] >= rows["p_value"] - 1e-12).all()
    said = within_words(found.rows, within)[0]
    assert f"the same {name[:1].lower()}{name[1:]}" in said


def test_another_column_can_be_named_and_a_wrong_one_is_refused():
    _, within = compared_table("ward", within="smoking")
    assert set(within["within"]) == {"smoking"} and "smoking" not in set(within["variable"])
    _, none = compared_table("ward")
    assert none.empty and list(none.columns) == list(WITHIN_COLUMNS)
    with pytest.raises(TableError, match="within 'age'; name a column with levels"):
        compared_table("ward", within="age")


def test_subjects_with_several_rows_are_not_compared_within_sites():
    found, _ = compared_table("site")
    cohort = replace(found.cohort, subjects=np.arange(len(found.cohort.labels)) // 2)
    within = compare_within_sites(cohort, found.rows, AssociateSettings())
    assert within["p_value"].isna().all()
    assert within["reason"].iloc[0].endswith("because subjects have several rows")
