"""The clinical table: the stated model, its gaps, and the control that means nothing."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError
from clam_core.phantom import ClinicalSettings, make_clinical_table
from clam_core.phantom.clinical import MISSING_RATES, SLOPES, expected_lung_function

EXACT = ClinicalSettings(noise=0, missing=0, n_absent=0)
COMPLETE = ClinicalSettings(missing=0, n_absent=0)


def make_truths(n_subjects, seed=0):
    rng = np.random.default_rng(seed)
    truths = []
    for row in range(n_subjects):
        group = ("minimal", "ground_glass", "fibrosis")[row % 3]
        glass = rng.uniform(0.02, 0.2) if group == "ground_glass" else 0.0
        fibrosis = rng.uniform(0.02, 0.18) if group == "fibrosis" else 0.0
        truths.append(
            {
                "scan_id": f"SARC-{row + 1:05d}",
                "subject_id": f"SUBJ-{row + 1:05d}",
                "group": group,
                "sex": "M" if rng.uniform() < 0.5 else "F",
                "age": float(rng.uniform(30, 70)),
                "height_cm": float(rng.uniform(155, 190)),
                "fat_mm": float(rng.uniform(6, 20)),
                "ground_glass_extent": glass,
                "fibrosis_extent": fibrosis,
                "honeycombing_extent": fibrosis / 2,
            }
        )
    return truths


@pytest.mark.parametrize(
    ("column", "is_male", "age", "height_m", "value"),
    [  # Worked by hand from Quanjer et al. 1993, tables of the summary equations.
        ("FVC_L", True, 50, 1.80, 4.728),
        ("FVC_L", False, 60, 1.60, 2.638),
        ("FEV1_L", True, 50, 1.80, 3.800),
        ("FEV1_L", False, 40, 1.65, 2.9175),
        ("TLC_L", False, 60, 1.60, 4.770),
        ("DLCO", True, 40, 1.75, 32.177),
        ("FVC_L", True, 20, 1.80, 5.378),  # as at 25 years
    ],
)
def test_expected_values_follow_the_published_equations(column, is_male, age, height_m, value):
    found = expected_lung_function(
        column, np.array([is_male]), np.array([age]), np.array([height_m])
    )
    assert found[0] == pytest.approx(value, abs=0.001)


@pytest.mark.parametrize("column", sorted(SLOPES))
def test_regression_without_noise_gives_back_the_stated_slopes(column):
    truths = make_truths(600)
    table = make_clinical_table(truths, 0, EXACT)
    expected = expected_lung_function(
        column,
        (table["sex"] == "M").to_numpy(),
        table["age"].to_numpy(dtype=float),
        table["height_cm"].to_numpy() / 100,
    )
    measured = table[column].to_numpy(dtype=float)
    if column == "FEV1_L":
        measured = measured + 0.008 * table["pack_years"].to_numpy()
    extents = np.array([[t["ground_glass_extent"], t["fibrosis_extent"]] for t in truths])
    design = np.column_stack([np.ones(len(truths)), extents])
    coefficients = np.linalg.lstsq(design, 1 - measured / expected, rcond=None)[0]
    assert coefficients == pytest.approx([0, *SLOPES[column]], abs=0.03)


def test_noise_leaves_the_slopes_and_hides_the_single_value():
    truths = make_truths(3000)
    table, model = make_clinical_table(truths, 0, COMPLETE), make_clinical_table(truths, 0, EXACT)
    residual = (table["FVC_L"] - model["FVC_L"]).to_numpy(dtype=float)
    assert residual.std() == pytest.approx(0.32, rel=0.05)
    assert abs(residual.mean()) < 0.03
    glass = np.array([truth["ground_glass_extent"] for truth in truths])
    assert abs(np.corrcoef(residual, glass)[0, 1]) < 0.06


def test_control_is_unrelated_to_everything():
    table = make_clinical_table(make_truths(3000), 1, COMPLETE)
    numbers = table.select_dtypes("number")
    related = numbers.corr()["shoe_size"].drop("shoe_size").abs()
    assert related.max() < 4 / np.sqrt(3000)
    by_sex = table.groupby("sex")["shoe_size"].mean()
    assert abs(by_sex["F"] - by_sex["M"]) < 0.5


def test_values_are_missing_at_the_stated_rates_whatever_they_are():
    n_subjects = 6000
    truths = make_truths(n_subjects)
    table = make_clinical_table(truths, 2)
    full = make_clinical_table(truths, 2, COMPLETE).set_index("subject_id")
    for column in table.columns:
        rate = MISSING_RATES.get(column, 0.0)
        tolerance = 4 * np.sqrt(rate * (1 - rate) / n_subjects)
        assert table[column].isna().mean() == pytest.approx(rate, abs=tolerance + 1e-9)
    gone = table.loc[table["DLCO"].isna(), "subject_id"]
    assert full.loc[gone, "DLCO"].mean() == pytest.approx(full["DLCO"].mean(), rel=0.05)


def test_one_subject_is_absent_and_the_table_is_the_same_each_time():
    truths = make_truths(48)
    table = make_clinical_table(truths, 5)
    assert len(table) == 47
    assert set(table["subject_id"]) < {truth["subject_id"] for truth in truths}
    again = make_clinical_table(list(reversed(truths)), 5)
    pd.testing.assert_frame_equal(table, again)
    other = make_clinical_table(truths, 6)
    assert not table["FVC_L"].equals(other["FVC_L"])


def test_columns_are_those_a_clinician_holds():
    table = make_clinical_table(make_truths(300), 3, COMPLETE)
    assert set(table["sex"]) == {"F", "M"}
    assert set(table["smoking"]) == {"never", "former", "current"}
    assert (table.loc[table["smoking"] == "never", "pack_years"] == 0).all()
    assert set(table["site"]) == {"A", "B", "C"}
    assert set(table["scadding_stage"]) == {"0", "I", "II", "III", "IV"}
    for name in ("ground_glass_score", "fibrosis_score", "honeycombing_score"):
        assert table[name].between(0, 5).all()
    assert table["dyspnoea_mMRC"].between(0, 4).all()
    assert (table["FEV1_L"] < table["FVC_L"]).all()
    assert (table["TLC_L"] > table["FVC_L"]).all()
    assert table["DLCO"].between(2, 60).all()
    assert table["six_minute_walk_m"].between(60, 900).all()


def test_disease_lowers_lung_function_and_raises_scores():
    truths = make_truths(600)
    table = make_clinical_table(truths, 4, COMPLETE)
    means = table.groupby([truth["group"] for truth in truths]).mean(numeric_only=True)
    assert means.loc["fibrosis", "DLCO"] < means.loc["ground_glass", "DLCO"]
    assert means.loc["ground_glass", "DLCO"] < means.loc["minimal", "DLCO"]
    assert means.loc["ground_glass", "ground_glass_score"] > 2
    assert means.loc["minimal", "fibrosis_score"] == 0
    fibrosis = np.array([truth["fibrosis_extent"] for truth in truths])
    assert np.corrcoef(fibrosis, table["fibrosis_score"])[0, 1] > 0.9


def test_truth_of_another_cohort_is_refused():
    with pytest.raises(SettingsError, match="has no 'age'; the clinical table needs scans of"):
        make_clinical_table(
            [{"subject_id": "S1", "scan_id": "1", "group": "minimal", "sex": "F"}], 0
        )
