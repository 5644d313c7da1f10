"""Nothing is lost without a sentence that says how much."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.groups import group
from clam_core.statistics.compare_clusters import associate
from clam_core.statistics.significance.choose_test import compare
from clam_core.tables.column_info import ColumnInfo

N = 60
LABELS = np.repeat([1, 2, 3], N // 3)
SETTINGS = AssociateSettings(n_resamples=499)


def compared(columns, adjust=()):
    ids = pd.Index([f"S{i:03d}" for i in range(N)], name="scan_id")
    clusters = pd.DataFrame({"subject_id": list(ids), "cluster": LABELS}, index=ids)
    frame = pd.DataFrame({name: values for name, (_, values) in columns.items()}, index=ids)
    infos = [ColumnInfo(name, name, kind) for name, (kind, _) in columns.items()]
    return associate(clusters, frame, infos, SETTINGS.model_copy(update={"adjust": adjust}))


def lacking(values, rows):
    return np.where(np.isin(np.arange(N), rows), np.nan, values)


def test_a_cluster_without_values_is_named():
    rng = np.random.default_rng(0)
    columns = {
        "none": ("continuous", lacking(rng.normal(size=N), range(40, 60))),
        "single": ("ordinal", lacking(rng.integers(0, 4, N) * 1.0, range(41, 60))),
        "whole": ("continuous", rng.normal(size=N)),
    }
    found = compared(columns)
    rows = found.rows.set_index("variable")
    assert rows["clusters_left_out"].tolist() == ["3", "3", ""]
    assert rows.loc["none", "why"].endswith("Compared without cluster 3 (no value).")
    assert rows.loc["single", "why"].endswith("Compared without cluster 3 (1 value).")
    notes = " ".join(found.notes)
    assert "for want of values: none (without 3); single (without 3)." in notes
    assert "whole" not in notes.split("for want of values")[1].split(".")[0]


def test_values_missing_in_some_clusters_are_tested_and_said():
    rng = np.random.default_rng(1)
    gone = [*range(12), 25]
    columns = {
        "uneven": ("continuous", lacking(rng.normal(size=N), gone)),
        "even": ("continuous", lacking(rng.normal(size=N), [0, 20, 40])),
        "whole": ("continuous", rng.normal(size=N)),
    }
    found = compared(columns)
    p = found.rows.set_index("variable")["missing_p_value"]
    table = [[12, 8], [1, 19], [0, 20]]
    # 13 missing of 60: 4.3 are expected in each cluster, so the table is shuffled.
    assert p["uneven"] < 0.01 and stats.chi2_contingency(table).pvalue < 0.01
    assert p["even"] > 0.9 and np.isnan(p["whole"])
    said = [note for note in found.notes if "missing more often" in note]
    assert len(said) == 1 and "uneven (60 %, 5 %, 0 %)." in said[0] and "even (5 %" not in said[0]


def test_rows_without_a_covariate_are_counted():
    rng = np.random.default_rng(2)
    columns = {
        "y": ("continuous", rng.normal(size=N)),
        "age": ("continuous", lacking(rng.normal(size=N), range(0, 36))),
        "bmi": ("continuous", lacking(rng.normal(size=N), [1, 50])),
    }
    found = compared(columns, ("age", "bmi"))
    said = [note for note in found.notes if note.startswith("Adjusted results use")]
    assert said == [
        "Adjusted results use 23 of 60 rows (0 of 20, 4 of 20, 19 of 20 in clusters 1, 2, 3): a "
        "covariate is missing in the others (age in 36, bmi in 2)."
    ]
    reason = found.rows.set_index("variable").loc["y", "adjusted_reason"]
    assert "Adjusted without cluster 1" in reason


def test_a_covariate_that_is_missing_in_all_but_one_cluster_is_a_sentence():
    rng = np.random.default_rng(3)
    columns = {
        "y": ("continuous", rng.normal(size=N)),
        "age": ("continuous", lacking(rng.normal(size=N), range(0, 40))),
    }
    reason = compared(columns, ("age",)).rows.set_index("variable").loc["y", "adjusted_reason"]
    assert "0 of 20 in cluster 1, 0 of 20 in cluster 2, 20 of 20 in cluster 3" in reason


def test_counts_that_only_spread_otherwise_have_hc2_beside_the_shuffles():
    rng = np.random.default_rng(4)
    labels = np.repeat([1, 2], [10, 60])
    shares = []
    for seed in range(150):
        wide = rng.negative_binomial(0.8, 0.8 / 4.8, 10)
        values = np.r_[wide, rng.poisson(4, 60)].astype(float)
        found = compare("x", "count", values, labels, SETTINGS.model_copy(update={"seed": seed}))
        assert group(values, labels).k == 2
        shares.append((found.tested.p_value < 0.05, found.sensitivity.p_value < 0.05))
        assert "HC2" in found.sensitivity.test and "could be exchanged" in found.tested.why
    shuffled, robust = np.mean(shares, axis=0)
    assert shuffled > 0.2 and robust < shuffled


@pytest.mark.parametrize("kind", ["continuous", "count"])
def test_a_file_has_what_a_reader_needs(kind):
    values = np.random.default_rng(5).poisson(3, N).astype(float)
    row = compared({"x": (kind, values)}).rows.iloc[0]
    assert row["effect_scale"] == "share of the variance, 0 to 1" and row["ci_level"] == 90
    assert np.isfinite(row["df_residual"]) == (kind == "continuous")
