"""Joining clusters and clinical table: repeats, small clusters, and what does not fit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import AlignmentError, TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import assemble
from clam_core.statistics.cohort.column_arrays import codes_of
from clam_core.statistics.cohort.subjects import pick_scans
from clam_core.statistics.cohort.summaries import decimals_of, mean_text, titled
from clam_core.statistics.cohort.table_one import table_one
from clam_core.statistics.sites.confounding import confounding_panel
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import clusters_of, describe

SETTINGS = AssociateSettings()
KINDS = {"age": ("continuous", "demographics"), "site": ("nominal", "acquisition")}


def small(level="subject_id"):
    clusters = clusters_of(np.tile([1, 2], 10))
    index = clusters["subject_id"] if level == "subject_id" else clusters.index
    clinical = pd.DataFrame(
        {"age": np.arange(20.0), "site": pd.Categorical(list("AB") * 10)},
        index=pd.Index(index, name=level),
    )
    return clusters, clinical


def test_rows_meet_by_id_and_not_by_position():
    for level in ("subject_id", "scan_id"):
        clusters, clinical = small(level)
        cohort = assemble(clusters, clinical.iloc[::-1], describe(KINDS), SETTINGS)
        assert cohort.frame["age"].tolist() == list(range(20))
        assert cohort.labels.tolist() == [1, 2] * 10
        assert cohort.soft.sum(axis=1) == pytest.approx(1)


def test_the_stored_description_serves_as_well():
    clusters, clinical = small()
    stored = {"level": "subject", "columns": [info.to_json() for info in describe(KINDS)]}
    assert list(assemble(clusters, clinical, stored, SETTINGS).columns) == ["age", "site"]


def repeated():
    return pd.DataFrame(
        {
            "subject_id": ["a", "a", "a", "b", "b", "c"],
            "cluster": [1, 1, 2, 2, 1, 2],
            "confidence": [0.6, 0.7, 0.99, 0.6, 0.8, 0.5],
        },
        index=pd.Index(["s1", "s2", "s3", "s4", "s5", "s6"], name="scan_id"),
    )


def test_one_scan_per_subject_by_either_rule():
    clusters = repeated()
    # a: cluster 1 has two scans, s2 is the surer; b: a tie, s5 has more confidence.
    assert clusters.index[pick_scans(clusters, "majority")].tolist() == ["s2", "s5", "s6"]
    assert clusters.index[pick_scans(clusters, "confidence")].tolist() == ["s3", "s5", "s6"]


def test_repeated_subjects_are_said_and_reduced():
    clusters, clinical = small()
    clusters["subject_id"] = clusters["subject_id"].to_numpy()[[0, 0, *range(2, 20)]]
    cohort = assemble(clusters, clinical, describe(KINDS), SETTINGS)
    assert len(cohort.labels) == 19
    assert "1 subject has several scans" in cohort.notes[0]
    kept = assemble(
        clusters, clinical, describe(KINDS), AssociateSettings(repeated="cluster_robust")
    )
    assert len(kept.labels) == 20 and len(np.unique(kept.subjects)) == 19


def test_a_cluster_of_one_is_left_out_with_a_notice():
    clusters, clinical = small()
    clusters.loc[clusters.index[0], "cluster"] = 3
    cohort = assemble(clusters, clinical, describe(KINDS), SETTINGS)
    assert cohort.clusters == (1, 2) and len(cohort.labels) == 19
    assert cohort.notes == (
        "Cluster 3 was left out of all tests: it has 1 subject, and 2 are needed.",
    )


def test_a_cluster_is_as_large_as_it_has_subjects_and_two_are_enough():
    clusters, clinical = small()
    clusters.loc[clusters.index[:2], "cluster"] = 3
    settings = AssociateSettings(repeated="cluster_robust")
    two = assemble(clusters, clinical, describe(KINDS), settings)
    assert two.clusters == (1, 2, 3) and two.notes == ()
    clusters.loc[clusters.index[1], "subject_id"] = clusters["subject_id"].iloc[0]
    one = assemble(clusters, clinical, describe(KINDS), settings)  # two scans of one subject
    assert one.clusters == (1, 2)
    assert "Cluster 3 was left out of all tests: it has 1 subject, and 2 are needed." in one.notes


def test_scans_without_a_cluster_or_row_are_counted():
    clusters, clinical = small()
    clusters["cluster"] = clusters["cluster"].astype(float)
    clusters.iloc[0, 1] = np.nan
    cohort = assemble(clusters, clinical.iloc[:18], describe(KINDS), SETTINGS)
    assert cohort.notes == (
        "1 scans have no cluster and were left out.",
        "2 of 19 rows have no value in the clinical table.",
    )


def test_what_does_not_fit_is_refused():
    clusters, clinical = small()
    with pytest.raises(TableError, match="Fewer than two clusters"):
        assemble(clusters.assign(cluster=1), clinical, describe(KINDS), SETTINGS)
    with pytest.raises(AlignmentError, match="occurs twice in the clinical table"):
        assemble(clusters, pd.concat([clinical, clinical]), describe(KINDS), SETTINGS)
    with pytest.raises(AlignmentError, match="needs scan_id or subject_id"):
        assemble(clusters, clinical.rename_axis("id"), describe(KINDS), SETTINGS)
    with pytest.raises(AlignmentError, match="No subject_id of the clusters"):
        assemble(clusters, clinical.rename(lambda one: f"x{one}"), describe(KINDS), SETTINGS)
    with pytest.raises(AlignmentError, match="no column 'cluster'"):
        assemble(clusters.drop(columns="cluster"), clinical, describe(KINDS), SETTINGS)
    with pytest.raises(TableError, match="'site' is not described"):
        assemble(clusters, clinical, describe(KINDS)[:1], SETTINGS)


def test_clusters_that_follow_the_site_raise_the_banner():
    clusters, clinical = small()
    cohort = assemble(clusters, clinical, describe(KINDS), SETTINGS)
    found = confounding_panel(cohort, SETTINGS)
    site = found.panel.set_index("variable").loc["site"]
    assert site["strength"] == pytest.approx(1) and site["flagged"]
    assert found.banner.startswith("The clusters follow how the scans were made: site (1.00).")
    mixed = clinical.assign(site=pd.Categorical(list("AABB") * 5))
    calm = confounding_panel(assemble(clusters, mixed, describe(KINDS), SETTINGS), SETTINGS)
    assert calm.banner == "" and not calm.panel["flagged"].any()


@pytest.mark.parametrize(
    ("family", "raises"), [("acquisition", True), ("demographics", True), ("inspiration", False)]
)
def test_how_scans_were_made_and_who_subjects_are_raise_the_banner(family, raises):
    """The same values, under another family: in the panel flagged alike."""
    clusters, clinical = small()
    kinds = {"age": ("continuous", family), "site": ("nominal", family)}
    frame = clinical.assign(age=clusters["cluster"].to_numpy() * 10 + np.tile([0, 0, 1, 1], 5))
    found = confounding_panel(assemble(clusters, frame, describe(kinds), SETTINGS), SETTINGS)
    assert found.panel["variable"].tolist() == ["age", "site"]
    assert found.panel["flagged"].all()
    named = "site (1.00), age (0.99)"
    assert (named in found.banner) if raises else found.banner == ""


@pytest.mark.parametrize(
    ("n", "link", "least", "most"), [(24, 0.0, 0.0, 0.08), (300, 0.25, 0.75, 1.0)]
)
def test_the_banner_weighs_the_number_of_subjects(n, link, least, most):
    """Independent site: about one of twenty cohorts; V = 0.25 among 300: four of five."""
    rng = np.random.default_rng(5)
    raised = []
    for _ in range(200):
        labels = np.arange(n) % 2 + 1
        site = np.where(rng.uniform(size=n) < 0.5 + link * (labels - 1.5), "A", "B")
        clusters = clusters_of(labels)
        clinical = pd.DataFrame(
            {"age": rng.normal(size=n), "site": pd.Categorical(site)},
            index=pd.Index(clusters["subject_id"], name="subject_id"),
        )
        settings = SETTINGS.model_copy(update={"n_resamples": 199, "confounders": ("site",)})
        cohort = assemble(clusters, clinical, describe(KINDS), settings)
        raised.append(confounding_panel(cohort, settings).banner != "")
    assert least <= np.mean(raised) <= most


@pytest.mark.parametrize("values", [(0.7, 1.3), (0.1 + 0.2, 0.6)])
def test_a_scanner_that_does_not_vary_within_clusters_is_confounded_perfectly(values):
    clusters, clinical = small()
    thick = np.where(clusters["cluster"] == 1, *values)
    kinds = {**KINDS, "thick": ("continuous", "acquisition")}
    cohort = assemble(clusters, clinical.assign(thick=thick), describe(kinds), SETTINGS)
    found = confounding_panel(cohort, SETTINGS)
    row = found.panel.set_index("variable").loc["thick"]
    assert row["strength"] == pytest.approx(1) and "thick (1.00)" in found.banner


def test_of_three_clusters_the_panel_shows_the_pair_that_differs_most():
    clusters = clusters_of(np.repeat([1, 2, 3], [6, 8, 5]))
    age = np.concatenate([np.arange(6.0), np.arange(8.0) + 1, np.arange(5.0) + 9])
    site = pd.Categorical(list("AAABBB" + "AAAABBBB" + "ABBBB"))
    clinical = pd.DataFrame(
        {"age": age, "site": site}, index=pd.Index(clusters["subject_id"], name="subject_id")
    )
    cohort = assemble(clusters, clinical, describe(KINDS), SETTINGS)
    rows = confounding_panel(cohort, SETTINGS).panel.set_index("variable")
    spread = np.sqrt((age[:6].var(ddof=1) + age[14:].var(ddof=1)) / 2)
    assert rows.loc["age", "difference_between"] == "1 and 3"
    assert rows.loc["age", "largest_difference"] == pytest.approx(8.5 / spread)
    # A: 3 of 6, 4 of 8, 1 of 5; two pairs differ alike, the later is shown.
    assert rows.loc["site", "largest_difference"] == pytest.approx(
        0.3 / np.sqrt((0.5 * 0.5 + 0.2 * 0.8) / 2)
    )


def test_the_panel_shows_standardized_differences():
    clusters, clinical = small()
    panel = confounding_panel(assemble(clusters, clinical, describe(KINDS), SETTINGS), SETTINGS)
    age = panel.panel.set_index("variable").loc["age"]
    even, odd = np.arange(0.0, 20, 2), np.arange(1.0, 20, 2)
    assert age["largest_difference"] == pytest.approx(1 / even.std(ddof=1))
    assert odd.var() == even.var() and age["difference_between"] == "1 and 2"


def test_table_one_by_hand():
    clusters, clinical = small()
    clinical.iloc[0, 0] = np.nan
    clinical["visit"] = "free text"
    infos = [*describe(KINDS), ColumnInfo("visit", "visit", "free_text")]
    infos[0] = ColumnInfo("age", "Age", "continuous", unit="years", family="demographics")
    found = table_one(assemble(clusters, clinical, infos, SETTINGS))
    assert list(found.columns[4:7]) == ["overall", "cluster_1", "cluster_2"]
    cells = found.set_index(["label", "statistic"])
    assert cells.loc[("", "n"), "overall":"cluster_2"].tolist() == ["20", "10", "10"]
    # Cluster 1 without its first: 2, 4, ..., 18: mean 10, SD sqrt(30).
    assert cells.loc[("Age (years)", "mean ± SD"), "cluster_1"] == "10.0 ± 5.5"
    assert cells.loc[("Age (years)", "median [quartiles]"), "cluster_2"] == "10 [5.5, 14.5]"
    assert cells.loc[("Age (years)", "missing"), "cluster_1"] == "1 (10 %)"
    assert cells.loc[("Age (years)", "missing"), "overall"] == "1 (5 %)"
    assert cells.loc[("site", "A"), "cluster_1"] == "10 (100 %)"
    assert cells.loc[("site", "B"), "overall"] == "10 (50 %)"
    assert "visit" not in found["variable"].to_numpy()


def test_standardised_differences_of_table_one_are_those_of_r():
    # R 4.2.2: library(MASS); data(birthwt); pairs of race; age: |m1 - m2| / sqrt((v1 + v2) / 2);
    # smoke: |p1 - p2| / sqrt((p1 q1 + p2 q2) / 2); as tableone::ExtractSmd does.
    # The data: Hosmer & Lemeshow (1989), Applied logistic regression, as R ships them.
    path = Path(__file__).parent / "birthwt.csv"
    table = pd.read_csv(path)
    ids = pd.Index([f"S{row}" for row in range(len(table))], name="scan_id")
    clusters = pd.DataFrame({"subject_id": ids, "cluster": table["race"].to_numpy()}, index=ids)
    frame = table[["age", "smoke", "ptl"]].set_axis(ids)
    infos = [
        ColumnInfo("age", "Age", "continuous"),
        ColumnInfo("smoke", "Smoker", "binary"),
        ColumnInfo("ptl", "Premature labours", "ordinal"),
    ]
    cohort = assemble(clusters, frame, infos, SETTINGS)
    tested = pd.DataFrame({"variable": ["age"], "p_value": [0.01], "p_adjusted": [0.02]})
    found = table_one(cohort, tested, "median")
    first = found.drop_duplicates("variable").set_index("variable")
    assert first.loc["age", "smd"] == pytest.approx(0.510924244144, abs=1e-10)
    assert first.loc["age", "smd_between"] == "1 and 2"
    assert first.loc["smoke", "smd"] == pytest.approx(0.815529396768, abs=1e-10)
    assert first.loc["ptl", "smd"] == pytest.approx(0.324403854225, abs=1e-10)
    assert first.loc["age", ["p_value", "p_adjusted"]].tolist() == [0.01, 0.02]
    assert np.isnan(first.loc["smoke", "p_value"])
    # Once per variable, and only the median where it was asked for.
    assert found["smd"].notna().sum() == 3
    assert found.loc[found["variable"] == "age", "statistic"].tolist() == ["median [quartiles]"]


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        (([170.2, 158.4, 181.9], [160.0, 200.0]), ["170 ± 12", "180 ± 28"]),
        (([3.81, 4.52, 2.07], [2.4, 3.3]), ["3.47 ± 1.26", "2.85 ± 0.64"]),
        (([0.71, 0.74, 0.78], [0.5, 2.5]), ["0.743 ± 0.035", "1.500 ± 1.414"]),
        (([-2.5, -1.5], [4.0, 4.0], [4.5], []), ["−2.00 ± 0.71", "4.00 ± 0.00", "4.50", "–"]),
        (([4.0, 4.0], [5.0]), ["4.00 ± 0", "5.00"]),
        (([1e-7, 3e-7], [2e6, 3e6]), ["2.00e−07 ± 1.41e−07", "2.50e+06 ± 707107"]),
    ],
)
def test_means_of_all_clusters_have_the_decimals_that_the_smallest_spread_needs(parts, texts):
    values = [np.array(part) for part in parts]
    decimals = decimals_of(values)
    assert [mean_text(part, decimals) for part in values] == texts


@pytest.mark.parametrize("dtype", ["float64", "Int64"])
def test_levels_that_are_numbers_are_printed_without_a_point(dtype):
    codes, names = codes_of(pd.Series([2, 0, None, 1], dtype=dtype))
    assert names == ["0", "1", "2"] and codes.tolist() == [2, 0, -1, 1]
    assert codes_of(pd.Series([0.5, 1.0]))[1] == ["0.5", "1"]


@pytest.mark.parametrize(
    ("label", "unit", "shown"),
    [
        ("FVC", "L", "FVC (L)"),
        ("FVC (L)", "L", "FVC (L)"),
        ("diameter mm", "mm", "diameter mm"),
        ("Sex", "", "Sex"),
    ],
)
def test_a_unit_is_said_once(label, unit, shown):
    assert titled(label, unit) == shown


@pytest.mark.parametrize("last", [100.0, 120.0])
def test_a_number_that_follows_the_clusters_without_spread_raises_the_banner(last):
    """Tube voltage: 120 in one cluster, 100 in the other, or in all of it but one scan."""
    clusters, clinical = small()
    kvp = np.where(clusters["cluster"] == 1, 120.0, 100.0)
    kvp[np.flatnonzero(clusters["cluster"] == 2)[-1]] = last
    kinds = {**KINDS, "kvp": ("continuous", "acquisition")}
    cohort = assemble(clusters, clinical.assign(kvp=kvp), describe(kinds), SETTINGS)
    found = confounding_panel(cohort, SETTINGS)
    row = found.panel.set_index("variable").loc["kvp"]
    r2 = np.corrcoef(kvp, clusters["cluster"])[0, 1] ** 2  # two clusters: eta squared
    adjusted = 1 - (1 - r2) * (len(kvp) - 1) / (len(kvp) - 2)
    assert row["strength"] == pytest.approx(np.sqrt(adjusted), rel=1e-12)
    assert row["flagged"] and "kvp (" in found.banner
