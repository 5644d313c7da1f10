"""Every scan gets the clinical values of its own subject, whatever the order of the tables."""

import numpy as np
import pandas as pd
import pytest

from clam_core.pipeline.clinical.associate import associate_run, read_inputs
from clam_core.settings import AssociateSettings
from clam_core.study import Run
from clam_core.study.associations import read_associations
from clam_core.tables.column_info import ColumnInfo
from tests.pipeline.clustered import study_of, write_clinical

AGE = ColumnInfo("age", "Age", "continuous", family="demographics")
SUBJECTS = ["P3", "P1", "P3", "P2", "P1", "P4"]
NAN = float("nan")


def with_ages(folder, ages, level, sizes=(3, 2, 1), **columns):
    """A study with a table of ages by id, in the order given."""
    study = study_of(folder, sizes, clinical=False, **columns)
    index = pd.Index(list(ages), name=level, dtype="str")
    write_clinical(study, pd.DataFrame({"age": list(ages.values())}, index=index), [AGE])
    return study


def test_by_subject_in_another_order_with_one_too_few_and_one_too_many(tmp_path):
    ages = {"P4": 40.0, "P1": 10.0, "P9": 90.0, "P3": 30.0}
    study = with_ages(tmp_path / "s", ages, "subject_id", subject_id=SUBJECTS)
    inputs = read_inputs(Run(study, "default"), AssociateSettings())
    assert inputs.clinical.index.tolist() == [f"S000{row}" for row in range(6)]
    np.testing.assert_array_equal(inputs.clinical["age"], [30, 10, 30, NAN, 10, 40])
    assert inputs.clusters["subject_id"].tolist() == SUBJECTS
    assert inputs.clusters["cluster"].tolist() == [1, 1, 1, 2, 2, 3]


def test_by_scan_in_another_order_with_one_too_few(tmp_path):
    ages = {"S0005": 5.0, "S0001": 1.0, "S0000": 0.0, "S0004": 4.0, "S0002": 2.0}
    study = with_ages(tmp_path / "s", ages, "scan_id", subject_id=SUBJECTS)
    found = read_inputs(Run(study, "default"), AssociateSettings()).clinical["age"]
    np.testing.assert_array_equal(found, [0, 1, 2, NAN, 4, 5])


def test_how_a_scan_was_made_stays_with_the_scan(tmp_path):
    ages = {"P4": 40.0, "P1": 10.0, "P3": 30.0}
    litres = [3.0, 1.0, 3.5, 2.0, 1.5, 4.0]
    study = with_ages(
        tmp_path / "s", ages, "subject_id", subject_id=SUBJECTS, lung_litres=litres,
        manufacturer=list("CACBAD"),
    )  # fmt: skip
    inputs = read_inputs(Run(study, "default"), AssociateSettings(adjust=("manufacturer",)))
    assert inputs.made["lung_litres"].tolist() == litres
    assert inputs.clinical["manufacturer"].tolist() == list("CACBAD")
    assert [info.name for info in inputs.columns] == ["age", "manufacturer"]


@pytest.mark.parametrize("level", ["subject_id", "scan_id"])
def test_what_is_compared_and_stored_is_each_subjects_own_value(tmp_path, level):
    """Ages in a shuffled table; the test by scipy on ages that were joined by hand."""
    rng = np.random.default_rng(3)
    sizes = (9, 7, 5)
    n_scans = sum(sizes)
    clusters = np.repeat([1, 2, 3], sizes)
    age = np.round(50 + 6 * clusters + rng.normal(0, 4, n_scans), 2)
    age[4] = np.nan
    letter = "S" if level == "scan_id" else "P"
    ages = {f"{letter}{row:04d}": age[row] for row in rng.permutation(n_scans)}
    study = with_ages(tmp_path / "s", ages, level, sizes)
    associate_run(study, "default", AssociateSettings(n_resamples=99))
    found = read_associations(Run(study, "default"))
    np.testing.assert_array_equal(found.table("values")["age"], age)
    assert found.table("members")["cluster"].tolist() == clusters.tolist()
    assert found.table("members")["subject_id"].tolist() == [f"P{r:04d}" for r in range(n_scans)]
    row = found.rows.set_index("variable").loc["age"]
    known = ~np.isnan(age)
    parts = [age[known & (clusters == one)] for one in (1, 2, 3)]
    assert (row["n"], row["n_missing"]) == (20, 1)
    assert row["test"].startswith("Welch")
    variances = [part.var(ddof=1) / len(part) for part in parts]
    assert row["statistic"] == pytest.approx(welch(parts, variances))


def welch(parts, variances):
    """Welch's F (Welch 1951), written out."""
    weights = 1 / np.array(variances)
    means = np.array([part.mean() for part in parts])
    grand = (weights * means).sum() / weights.sum()
    k = len(parts)
    lost = sum(
        (1 - weight / weights.sum()) ** 2 / (len(part) - 1)
        for weight, part in zip(weights, parts, strict=True)
    )
    between = (weights * (means - grand) ** 2).sum() / (k - 1)
    return between / (1 + 2 * (k - 2) / (k**2 - 1) * lost)
