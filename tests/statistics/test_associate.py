"""The whole table: planted effects, nasty columns, honesty, and the same bytes twice."""

import numpy as np
import pandas as pd
import pytest

from clam_core.settings import AssociateSettings
from clam_core.statistics import CSV_COLUMNS, associate
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import clusters_of, demo, describe, typed

ADJUST = AssociateSettings(adjust=("age", "sex", "height_cm"), n_resamples=999)


@pytest.fixture(scope="module")
def found():
    return associate(*demo(), ADJUST)


def test_planted_effects_are_found_and_the_control_is_not(found):
    rows = found.rows.set_index("variable")
    planted = ["FVC_L", "DLCO", "ground_glass_score", "fibrosis_score", "honeycombing_score"]
    assert (rows.loc[planted, "p_adjusted"] < 0.05).all()
    assert (rows.loc[planted, "adjusted_p_value"] < 0.05).all()
    assert (rows.loc[planted, "soft_p_value"] < 0.05).all()
    assert (rows.loc[planted, "ci_low"] > 0.05).all()
    assert rows.loc["shoe_size", "p_value"] > 0.05
    assert rows.loc["shoe_size", "ci_low"] == 0


def test_the_first_columns_are_the_fixed_ones(found):
    assert tuple(found.rows.columns[: len(CSV_COLUMNS)]) == CSV_COLUMNS
    assert found.rows["variable"].tolist() == list(demo()[1].columns)


def test_every_kind_has_its_own_test(found):
    tests = found.rows.set_index("variable")["test"]
    assert tests["FVC_L"] == "Welch ANOVA"
    assert tests["fibrosis_score"] == "Kruskal-Wallis"
    assert tests["sex"] == "chi-square"
    assert tests["scadding_stage"] == "Fisher exact, permutation"
    assert tests["pack_years"] == "permutation of means"
    assert (found.rows["why"].str.len() > 20).all()
    sensitivity = found.rows.set_index("variable")["sensitivity_test"]
    assert sensitivity["FVC_L"] == "Kruskal-Wallis"


def test_counts_and_summaries_by_cluster(found):
    row = found.rows.set_index("variable").loc["DLCO"]
    assert row["n"] == sum(row[f"n_cluster_{c}"] for c in (1, 2, 3))
    assert row["n"] + row["n_missing"] == 90
    assert row["n_missing"] == sum(row[f"missing_cluster_{c}"] for c in (1, 2, 3))
    assert " ± " in row["summary_cluster_1"]


def test_corrections_are_within_families_and_over_all(found):
    rows = found.rows
    lung = rows[rows["family"] == "lung function"]
    p = np.sort(lung["p_value"].to_numpy())
    assert lung["p_adjusted"].max() == pytest.approx(max(p[-1], 0), rel=1e-9)
    assert (rows["p_adjusted_all"] >= rows["p_value"]).all()
    assert found.n_tests == rows["n_tests"].iloc[0] == 18
    assert found.notes[1].startswith("18 variables were tested in 6 families; 0 were not.")


def fvc_row(found):
    return found.rows.set_index("variable").loc["FVC_L"]


def test_pairs_and_contrasts_carry_their_variable(found):
    pairs = found.pairs[found.pairs["variable"] == "fibrosis_score"]
    assert pairs[["cluster_a", "cluster_b"]].to_numpy().tolist() == [[1, 2], [1, 3], [2, 3]]
    by_pair = pairs.set_index(["cluster_a", "cluster_b"])
    assert by_pair.loc[(1, 3), "p_adjusted"] < 1e-6 and by_pair.loc[(1, 3), "effect_size"] < -0.8
    fvc = found.contrasts[found.contrasts["variable"] == "FVC_L"]
    means = found.tables["adjusted_means"][found.tables["adjusted_means"]["variable"] == "FVC_L"]
    assert means["cluster"].tolist() == [1, 2, 3]
    assert means["n"].sum() == fvc_row(found)["n_adjusted"]
    assert means["adjusted"].idxmax() == means.index[0]
    assert fvc["cluster_b"].tolist() == [2, 3, 3] and (fvc["adjusted"][:2] > 0).all()


def test_a_covariate_is_not_adjusted_by_itself(found):
    rows = found.rows.set_index("variable")
    assert rows.loc["age", "n_adjusted"] == rows.loc["sex", "n_adjusted"] == 89
    assert np.isfinite(rows.loc["age", "adjusted_p_value"])


def test_the_same_seed_gives_the_same_table_whatever_else_is_in_it(found):
    clusters, clinical, infos = demo()
    again = associate(clusters, clinical, infos, ADJUST)
    pd.testing.assert_frame_equal(again.rows, found.rows)
    alone = associate(
        clusters, clinical[["scadding_stage"]], [i for i in infos if i.name == "scadding_stage"],
        AssociateSettings(n_resamples=999),
    )  # fmt: skip
    expected = found.rows.set_index("variable").loc["scadding_stage", "p_value"]
    assert alone.rows.loc[0, "p_value"] == expected


def test_what_made_the_clusters_is_only_described():
    clusters, clinical, infos = demo()
    settings = AssociateSettings(used_in_clustering=("TLC_L",), n_resamples=999)
    row = associate(clusters, clinical, infos, settings).rows.set_index("variable").loc["TLC_L"]
    assert row["reason"].startswith("descriptive only") and " ± " in row["summary"]
    numbers = row[["p_value", "p_adjusted", "effect_size", "ci_low", "soft_p_value"]]
    assert numbers.isna().all()


NASTY = {
    "all missing": ("empty", [None] * 30, "it has no value"),
    "all missing numbers": ("continuous", [np.nan] * 30, "it has no value in any cluster"),
    "constant": ("constant", [1.0] * 30, "all its values are the same"),
    "constant numbers": ("continuous", [2.5] * 30, "all its values are the same"),
    "one level": ("nominal", ["yes"] * 30, "all its values are the same"),
    "date": ("date", pd.date_range("2020-01-01", periods=30), "it holds dates"),
    "free text": ("free_text", [f"note {i}" for i in range(30)], "it holds free text"),
    "ids": ("id", [f"p{i}" for i in range(30)], "it holds ids"),
    "ids as levels": ("nominal", [f"p{i}" for i in range(30)], "30 different levels in 30 rows"),
    "mixed": ("continuous", ["a", 1.5] * 15, "15 of its values are no numbers"),
    "one cluster": ("continuous", [1.0, np.nan] * 15, "fewer than two clusters have 2"),
    "three answers": ("binary", ["y", "n", "?"] * 10, "but has 3"),
    "negative count": ("count", [-1.0, 2.0, 3.0] * 10, "no counts"),
    "infinite": ("continuous", [np.inf] * 30, "it has no value in any cluster"),
}


def nasty_frame():
    clusters = clusters_of(np.tile([1, 2], 15))
    columns = {name: values for name, (_, values, _) in NASTY.items()}
    index = pd.Index(clusters["subject_id"], name="subject_id")
    infos = [ColumnInfo(name, name, kind) for name, (kind, _, _) in NASTY.items()]
    return clusters, pd.DataFrame(columns, index=index), infos


def test_nasty_columns_get_a_sentence_and_never_a_p_value():
    found = associate(*nasty_frame())
    rows = found.rows.set_index("variable")
    for name, (_, _, said) in NASTY.items():
        assert rows.loc[name, "reason"].startswith("not testable, because "), name
        assert said in rows.loc[name, "reason"], (name, rows.loc[name, "reason"])
        assert np.isnan(rows.loc[name, "p_value"]) and np.isnan(rows.loc[name, "effect_size"])
    assert found.n_tests == 0 and found.pairs.empty
    assert found.rows["p_adjusted"].isna().all()


def test_bool_and_plain_columns_are_tested_all_the_same():
    clusters = clusters_of(np.tile([1, 2], 15))
    index = pd.Index(clusters["subject_id"], name="subject_id")
    frame = pd.DataFrame({"flag": [True, False, False] * 10, "score": [0, 1, 2] * 10}, index=index)
    infos = [ColumnInfo("flag", "flag", "binary"), ColumnInfo("score", "score", "ordinal")]
    rows = associate(clusters, frame, infos).rows
    assert rows["p_value"].notna().all()
    assert rows.loc[0, "summary"] == "True: 10 (33 %)"


def test_cluster_equal_to_site_is_said_and_has_no_adjusted_p():
    clusters, clinical, infos = demo()
    clinical = clinical.assign(
        site=pd.Categorical(clinical.index.map(lambda one: "ABC"[int(one[-3:]) % 3]).to_numpy())
    )
    found = associate(
        clusters, clinical, infos, AssociateSettings(adjust=("site",), n_resamples=999)
    )
    row = found.rows.set_index("variable").loc["FVC_L"]
    assert row["adjusted_reason"] == (
        "not adjusted, because the data cannot separate cluster from site"
    )
    assert np.isnan(row["adjusted_p_value"]) and np.isfinite(row["p_value"])
    assert "site (" in found.banner


def test_separated_answers_are_handled_by_firth():
    clusters = clusters_of(np.tile([1, 2], 20))
    index = pd.Index(clusters["subject_id"], name="subject_id")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sick": pd.Categorical(["yes", "no"] * 20), "age": rng.normal(50, 9, 40)}, index=index
    )
    infos = [ColumnInfo("sick", "sick", "binary"), ColumnInfo("age", "age", "continuous")]
    row = associate(clusters, frame, infos, AssociateSettings(adjust=("age",))).rows.iloc[0]
    assert row["adjusted_test"] == "Firth logistic model" and row["adjusted_p_value"] < 1e-6
    assert row["effect_size"] == np.inf and row["ci_low"] > 10
    assert np.isfinite(row["adjusted_effect"]) and row["adjusted_low"] > 1


def test_scans_of_one_subject_do_not_count_as_many():
    clusters, clinical, infos = demo(60)
    twice = pd.concat([clusters, clusters.rename(lambda one: f"{one}-b")]).rename_axis("scan_id")
    once = associate(clusters, clinical, infos, AssociateSettings(n_resamples=999))
    one_row = associate(twice, clinical, infos, AssociateSettings(n_resamples=999))
    pd.testing.assert_series_equal(one_row.rows["p_value"], once.rows["p_value"])
    robust = associate(
        twice, clinical, infos, AssociateSettings(repeated="cluster_robust", n_resamples=999)
    )
    rows = robust.rows.set_index("variable")
    assert rows.loc["FVC_L", "test"] == "linear model, CR2 by subject"
    assert rows.loc["FVC_L", "p_value"] < 0.001 and rows.loc["shoe_size", "p_value"] > 0.05
    assert (rows["sensitivity_test"] == "").all()
    naive = associate(
        twice.assign(subject_id=twice.index), _by_scan(twice, clinical), infos,
        AssociateSettings(n_resamples=999),
    ).rows.set_index("variable")  # fmt: skip
    assert naive.loc["age", "p_value"] < rows.loc["age", "p_value"]


def _by_scan(clusters, clinical):
    frame = clinical.reindex(clusters["subject_id"])
    return frame.set_axis(pd.Index(clusters.index, name="scan_id"), axis="index")


def test_a_table_without_columns_gives_an_empty_table():
    clusters, clinical, _ = demo()
    found = associate(clusters, clinical[[]], [])
    assert found.rows.empty and found.n_tests == 0
    assert tuple(found.rows.columns[: len(CSV_COLUMNS)]) == CSV_COLUMNS


def test_typed_helper_matches_the_reader():
    frame = pd.DataFrame({"score": [0.0, 2.0, np.nan]})
    made = typed(frame, {"score": ("ordinal", "x")})
    assert made["score"].cat.ordered and made["score"].cat.categories.tolist() == ["0", "2"]
    assert describe({"score": ("ordinal", "x")})[0].family == "x"
