"""Step `visits`: long tables are joined, dates become years, slopes are compared and stored."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import TableError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
from clam_core.settings import AssociateSettings
from clam_core.study import Run
from clam_core.study.associations import read_associations
from clam_core.study.visits import read_visits, write_visits
from clam_core.tables.declared import Declared
from tests.pipeline.clustered import SIZES, study_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("study") / "s")


def visits(n_visits=4, seed=0):
    """FVC that falls by 0.05 L a year, in the third cluster by 0.4 L."""
    rng = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(sum(SIZES)), n_visits)
    visit = np.tile(np.arange(n_visits), sum(SIZES))
    slope = np.where(subjects >= SIZES[0] + SIZES[1], -0.4, -0.05)
    own = rng.normal(0, 0.05, sum(SIZES))[subjects]
    level = rng.normal(3.5, 0.4, sum(SIZES))[subjects]
    value = level + (slope + own) * visit + rng.normal(0, 0.05, len(visit))
    days = pd.to_timedelta(subjects + (365.25 * visit).round(), unit="D")
    return pd.DataFrame(
        {
            "subject": [f"P{one:04d}" for one in subjects],
            "visit_date": (pd.Timestamp("2020-01-01") + days).strftime("%Y-%m-%d"),
            "FVC": value.round(3),
            "ward": "north",
        }
    )


def test_dates_become_years_and_slopes_are_found(study, tmp_path):
    visits().to_csv(tmp_path / "v.csv", index=False)
    said = import_visits(study, tmp_path / "v.csv").sentences[0]
    assert said.startswith(f"{4 * sum(SIZES)} visits of {sum(SIZES)} subjects stored with 1 value")
    stored = read_visits(study)
    assert list(stored.columns) == ["subject_id", "time", "FVC"]
    assert stored.groupby("subject_id")["time"].max().to_numpy() == pytest.approx(3, abs=0.01)
    associate_run(study, "default", AssociateSettings(n_resamples=99))
    found = read_associations(Run(study, "default"))
    assert found.about["follow_up"]["time_unit"] == "year"
    slopes = found.table("slopes").set_index("cluster")["slope"]
    assert slopes.to_numpy() == pytest.approx([-0.05, -0.05, -0.4], abs=0.06)
    assert found.about["follow_up"]["slopes"]["FVC"]["p_value"] < 1e-6
    pairs = found.table("slope_pairs").set_index(["cluster_a", "cluster_b"])["p_adjusted"]
    assert pairs[(1, 2)] > 0.05 and pairs[(1, 3)] < 1e-4


def test_a_numbered_time_is_taken_as_it_is_and_strangers_are_left_out(study, tmp_path):
    table = pd.DataFrame(
        {
            "id": ["P0000", "P0000", "nobody", "P0001"],
            "months": [0, 6, 0, 3],
            "DLCO": [20.5, 19.0, 5.0, np.nan],
        }
    )
    table.to_csv(tmp_path / "v.csv", index=False)
    import_visits(study, tmp_path / "v.csv")
    stored = read_visits(study)
    assert stored["subject_id"].tolist() == ["P0000", "P0000", "P0001"]
    assert stored["time"].tolist() == [0, 6, 3]


def test_a_table_that_cannot_be_followed_is_a_sentence(study, tmp_path):
    table = pd.DataFrame({"id": ["P0000", "P0001"], "FVC": [3.1, 3.2]})
    table.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(TableError, match="no column that is called a time; name it"):
        import_visits(study, tmp_path / "v.csv")
    table.assign(id=["x", "y"], year=[1, 2]).to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(TableError, match="occurs in the study|No id"):
        import_visits(study, tmp_path / "v.csv")
    table.assign(when=["soon", "later"]).to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(TableError, match="neither numbers nor dates"):
        import_visits(study, tmp_path / "v.csv", VisitOptions(time_column="when"))


def doubtful():
    rng = np.random.default_rng(5)
    noise = [f"{value:.3f}".replace(".", ",") for value in rng.normal(2.5, 0.2, 117)]
    return pd.DataFrame(
        {
            "subject": [f"P{one:04d}" for one in range(60) for _ in range(2)] + ["nobody"] * 2,
            "tag": ["03.04.2015", "05.06.2016"] * 61,
            "FVC": [*noise, "1,11", "2,5", "-9,0", "-9", "-9"],
            "ward": "north",
        }
    ).rename(columns={"tag": "Datum date"})


def test_doubts_are_told_stored_and_told_again(study, tmp_path):
    doubtful().to_csv(tmp_path / "v.csv", index=False, sep=";")
    said = import_visits(study, tmp_path / "v.csv").sentences
    told = " ".join(said)
    assert "FVC: 1 cell with -9, which often stands for a missing value" in told  # of our subjects
    assert "2 visits of no subject of this study: lines 122, 123; not imported." in said
    assert "Not followed over time, because they hold neither amounts nor counts: 'ward'." in said
    assert any("decimal comma" in one for one in said)
    associate_run(study, "default", AssociateSettings(n_resamples=99))
    about = read_associations(Run(study, "default")).about
    assert any(one.startswith("Visits, FVC: 1 cell with -9") for one in about["notes"])
    assert about["doubts"] == [one for one in about["notes"] if one.startswith("Visits")]
    assert about["follow_up"]["slopes"]["FVC"]["doubts"][-1].startswith("FVC: 1 cell with -9")


def test_what_is_declared_of_visits_holds_for_the_next_table(study, tmp_path):
    doubtful().to_csv(tmp_path / "v.csv", index=False, sep=";")
    own = Declared(missing_values=("-9", "77"), columns={"FVC": {"missing_values": ("1,11",)}})
    said = import_visits(study, tmp_path / "v.csv", VisitOptions(declared=own)).sentences
    assert "FVC: 2 cells with '1,11', '-9,0' taken as missing, as declared." in said
    assert "'77' was declared to mean missing, but no cell of the table holds it." in said
    assert read_visits(study)["FVC"].min() > 1 and 1.11 not in read_visits(study)["FVC"].tolist()
    said = import_visits(study, tmp_path / "v.csv").sentences
    assert (
        "Declared before, and still so: -9 and 77 mean missing; in 'FVC' 1,11 means missing."
        in (said)
    )
    assert read_visits(study)["FVC"].isna().sum() == 2
    import_visits(study, tmp_path / "v.csv", VisitOptions(forget_declared=True))
    assert read_visits(study)["FVC"].min() == -9
    with pytest.raises(TableError, match="no column 'FEV'"):
        wrong = Declared(columns={"FEV": {"missing_values": ("9",)}})
        import_visits(study, tmp_path / "v.csv", VisitOptions(declared=wrong))


def test_visits_of_an_older_study_have_no_doubts_and_are_compared(study, tmp_path):
    visits().to_csv(tmp_path / "v.csv", index=False)
    import_visits(study, tmp_path / "v.csv")
    stored = read_visits(study)
    stored.attrs = {"time_unit": "year"}
    write_visits(study, stored)
    associate_run(study, "default", AssociateSettings(n_resamples=99))
    slopes = read_associations(Run(study, "default")).about["follow_up"]["slopes"]
    assert slopes["FVC"]["p_value"] < 1e-6 and "doubts" not in slopes["FVC"]
    import_visits(study, tmp_path / "v.csv")
    assert read_visits(study).attrs["declared"]["missing_values"] == []
