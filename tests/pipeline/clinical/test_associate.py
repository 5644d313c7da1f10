"""Step `associate`: what is stored, that it is whole or not there, and what it says."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import MissingStepError, TableError
from clam_core.pipeline.clinical.associate import associate_run, read_inputs
from clam_core.pipeline.output.export import export
from clam_core.report.sections.follow_up_methods import follow_up_words
from clam_core.report.tables.follow_up_tables import incidence_table, rate_tables
from clam_core.settings import AssociateSettings
from clam_core.statistics import CSV_COLUMNS, associate
from clam_core.study import Run, Study
from clam_core.study.associations import (
    Associations,
    has_associations,
    is_current,
    read_associations,
    write_associations,
)
from clam_core.tables.column_info import ColumnInfo
from tests.pipeline.clustered import SIZES, study_of, write_clinical, write_run

QUICK = AssociateSettings(adjust=("age", "sex"), n_resamples=199)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    scanner = np.repeat(["A", "B", "A"], SIZES)
    made = study_of(
        tmp_path_factory.mktemp("study") / "s", manufacturer=scanner, kernel="sharp",
        lung_litres=np.linspace(2, 6, sum(SIZES)),
    )  # fmt: skip
    associate_run(made, "default", QUICK)
    return made


@pytest.fixture
def copy(study, tmp_path):
    shutil.copytree(study.folder, tmp_path / "copy")
    return Study(tmp_path / "copy")


def test_planted_effects_are_found_and_the_control_is_not(study):
    rows = read_associations(Run(study, "default")).rows.set_index("variable")
    planted = ["FVC_L", "DLCO", "ground_glass_score", "fibrosis_score", "honeycombing_score"]
    assert (rows.loc[planted, "p_adjusted"] < 0.05).all()
    assert rows.loc["shoe_size", "p_adjusted"] > 0.05
    assert rows.loc["scan_id", "reason"] == "not testable, because it holds ids"


def test_what_is_stored_is_what_the_library_gives(study):
    run = Run(study, "default")
    inputs = read_inputs(run, QUICK)
    again = associate(inputs.clusters, inputs.clinical, inputs.columns, QUICK)
    pd.testing.assert_frame_equal(read_associations(run).rows, again.rows)
    members = read_associations(run).table("members")
    assert members["cluster"].value_counts().sort_index().tolist() == list(SIZES)


def test_clusters_far_apart_are_stable_and_the_scanner_raises_a_banner(study):
    about = read_associations(Run(study, "default")).about
    assert about["stability"]["jaccard_of"] == pytest.approx([1, 1, 1])
    assert about["stability"]["seeds_ari"] == 1.0
    said = " ".join(about["qualifications"])
    assert "Manufacturer goes with the clusters (V = 0.99, 90 % interval 0." in said
    assert "Clusters are stable (Jaccard 1.00, 1.00, 1.00)." in said
    assert "Manufacturer (0.99)" in about["banner"] and "Lung volume" not in about["banner"]
    panel = read_associations(Run(study, "default")).table("confounding").set_index("label")
    assert panel.loc["Kernel", "reason"] == "not compared, because all its values are the same"
    assert panel.loc["Lung volume in the scan", "flagged"]  # it says so, but raises no banner


def test_the_same_settings_again_do_nothing_and_others_replace(copy):
    run = Run(copy, "default")
    before = (run.folder / "associations.parquet").stat().st_mtime_ns
    assert associate_run(copy, "default", QUICK).sentences[0].startswith("Nothing to do")
    assert (run.folder / "associations.parquet").stat().st_mtime_ns == before
    settings = AssociateSettings(n_resamples=199, correction="holm", adjust=("manufacturer",))
    said = associate_run(copy, "default", settings).sentences
    assert said[0].startswith("None of ") and "with the covariates held constant" in said[0]
    stored = read_associations(run)
    assert stored.about["settings"]["correction"] == "holm"
    rows = stored.rows.set_index("variable")
    reason = rows.loc["FVC_L", "adjusted_reason"]
    assert "cannot separate cluster from manufacturer" in reason or reason.startswith("Cluster can")


def test_another_clinical_table_makes_it_out_of_date(copy):
    run = Run(copy, "default")
    assert is_current(run, read_associations(run))
    frame, description = copy.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    write_clinical(copy, frame.assign(age=frame["age"] + 1), infos)
    assert not is_current(run, read_associations(run))
    assert not associate_run(copy, "default", QUICK).sentences[0].startswith("Nothing to do")
    assert is_current(run, read_associations(run))


def test_killed_while_it_writes_the_old_result_stays(copy, monkeypatch):
    run = Run(copy, "default")
    old = read_associations(run)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("clam_core.study.associations.Staging.commit", killed)
    with pytest.raises(KeyboardInterrupt):
        write_associations(run, Associations(old.rows.head(1), {}, {"headline": "new"}))
    monkeypatch.undo()
    assert read_associations(Run(copy, "default")).about == old.about
    assert len(read_associations(Run(copy, "default")).rows) == len(old.rows)


def test_export_has_the_fixed_columns_and_no_formula(copy, tmp_path):
    run = Run(copy, "default")
    found = read_associations(run)
    rows = found.rows.copy()
    rows.loc[0, "variable"] = '=HYPERLINK("http://x")'
    write_associations(run, Associations(rows, found.tables, found.about))
    export(copy, "default", "tables", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "associations.csv")
    assert tuple(table.columns) == CSV_COLUMNS
    assert table.loc[0, "variable"].startswith("'=")
    assert len(table) == len(found.rows)
    clusters = pd.read_csv(tmp_path / "out" / "clusters.csv")
    assert list(clusters.columns) == ["scan_id", "subject_id", "cluster", "confidence", "q_1",
                                      "q_2", "q_3", "x", "y"]  # fmt: skip


def test_export_of_figures_is_one_of_each_kind_per_variable(study, tmp_path):
    export(study, "default", "figures", tmp_path)
    rows = read_associations(Run(study, "default")).rows
    n_drawn = int((~rows["kind"].isin(["id", "free_text", "date", "constant", "empty"])).sum())
    for ending in ("svg", "pdf"):
        names = {path.stem for path in tmp_path.glob(f"*.{ending}")}
        assert len(names) == n_drawn + 2 and {"effects", "evidence"} <= names
    captions = (tmp_path / "captions.txt").read_text()
    row = rows.set_index("variable").loc["DLCO"]
    assert f"(90 % interval {row['ci_low']:.2f} to {row['ci_high']:.2f})" in captions


def test_export_gives_the_same_bytes_twice(study, tmp_path):
    for place in ("one", "two"):
        export(study, "default", "tables", tmp_path / place)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_survival_and_its_event_are_no_variables_any_more(copy):
    frame, description = copy.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    rng = np.random.default_rng(0)
    late = frame.index.str[1:].astype(int) >= SIZES[0] + SIZES[1]
    years = np.where(late, rng.exponential(1, len(frame)), rng.exponential(8, len(frame)))
    frame = frame.assign(
        years=np.minimum(years, 5), died=pd.Categorical(np.where(years < 5, "yes", "no"))
    )
    infos += [ColumnInfo("years", "Years", "continuous"), ColumnInfo("died", "Died", "binary")]
    write_clinical(copy, frame, infos)
    settings = QUICK.model_copy(update={"survival_time": "years", "survival_event": "died"})
    associate_run(copy, "default", settings)
    found = read_associations(Run(copy, "default"))
    assert found.about["follow_up"]["survival"]["logrank_p_value"] < 0.001
    assert found.table("at_risk").iloc[:, 1].tolist() == [
        int((read_associations(Run(copy, "default")).table("members")["cluster"] == c).sum()
            - frame.reindex(found.table("members").index)[
                found.table("members")["cluster"] == c]["years"].isna().sum())
        for c in (1, 2, 3)
    ]  # fmt: skip
    rows = found.rows.set_index("variable")
    assert rows.loc[["years", "died"], "p_value"].isna().all()
    assert rows.loc["died", "reason"].startswith("not tested as a value")
    with pytest.raises(TableError, match="state which one"):
        associate_run(copy, "default", settings.model_copy(update={"survival_event": "sex"}))


def test_a_run_without_a_clinical_table_says_which_step_is_missing(tmp_path):
    made = study_of(tmp_path / "s", clinical=False)
    with pytest.raises(MissingStepError, match="no clinical table; import one with the step"):
        associate_run(made, "default", QUICK)
    assert not has_associations(Run(made, "default"))
    with pytest.raises(MissingStepError, match="run the step 'associate' first"):
        read_associations(Run(made, "default"))


def test_clusters_of_one_scan_are_left_out_with_a_notice(copy):
    groups = np.repeat([0, 1, 2], SIZES)
    groups[-1] = 3
    write_run(copy, groups, "odd")
    said = associate_run(copy, "odd", QUICK).sentences
    assert any("Cluster 4 was left out of all tests" in one for one in said)
    about = read_associations(Run(copy, "odd")).about
    assert about["clusters"] == [1, 2, 3] and len(about["stability"]["jaccard_of"]) == 4


def test_about_is_plain_json(study):
    path = Run(study, "default").folder / "associations" / "about.json"
    text = path.read_text(encoding="utf-8")
    assert "NaN" not in text and json.loads(text)["n_tests"] > 15


def test_a_column_with_a_comma_can_be_adjusted_by(copy):
    """The command line takes the name apart at its comma."""
    frame, description = copy.clinical()
    (info,) = (one for one in description["columns"] if one["name"] == "age")
    info["name"] = "age, years"
    copy.write_clinical(frame.rename(columns={"age": "age, years"}), description)
    told = {}
    for adjust in (("sex", "age", "years"), ("sex", "age, years")):
        settings = AssociateSettings(adjust=adjust, n_resamples=99)
        told[adjust] = associate_run(copy, "default", settings).sentences[0]
        stored = read_associations(Run(copy, "default")).about["settings"]
        assert stored["adjust"] == ["sex", "age, years"]
    assert [said.startswith("Nothing to do") for said in told.values()] == [False, True]
    with pytest.raises(TableError, match="There is no column 'weeks' to adjust by"):
        associate_run(copy, "default", AssociateSettings(adjust=("age", "years", "weeks")))


def test_competing_events_and_rates_are_stored_and_reach_the_report(copy):
    frame, description = copy.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    rng = np.random.default_rng(0)
    n = len(frame)
    end = rng.choice(["transplanted", "died", "alive"], n, p=[0.4, 0.3, 0.3])
    years = rng.uniform(0.5, 4, n)
    late = frame.index.str[1:].astype(int) >= SIZES[0] + SIZES[1]
    frame = frame.assign(
        years=years,
        end=pd.Categorical(end),
        attacks=rng.poisson(years * np.where(late, 3.0, 0.8)).astype(float),
    )
    infos += [
        ColumnInfo("years", "Years", "continuous"),
        ColumnInfo("end", "End", "nominal"),
        ColumnInfo("attacks", "Attacks", "count"),
    ]
    write_clinical(copy, frame, infos)
    update = {
        "survival_time": "years", "survival_event": "end", "event_level": "transplanted",
        "competing_levels": ("died",), "rate_count": "attacks", "rate_time": "years",
    }  # fmt: skip
    associate_run(copy, "default", QUICK.model_copy(update=update))
    found = read_associations(Run(copy, "default"))
    survival = found.about["follow_up"]["survival"]
    assert "Competing event: 'died'." in survival["event_words"]
    assert "'alive' counts as not seen" in survival["event_words"]
    assert 0 <= survival["incidence"]["p_value"] <= 1
    assert set(found.table("incidence")["cause"]) == {"event", "competing"}
    rates = found.about["follow_up"]["rates"]
    assert rates["p_value"] < 0.001 and len(found.table("rate_pairs")) == 3
    texts = [incidence_table(found).caption, *(one.caption for one in rate_tables(found))]
    assert "Gray's test" in texts[0] and "attacks per unit of years" in texts[1]
    assert "Gray's test" in follow_up_words(found.about)
    for wrong, said in ((("gone",), "has no answer 'gone'"), (("transplanted",), "cannot be")):
        settings = QUICK.model_copy(update=update | {"competing_levels": wrong})
        with pytest.raises(TableError, match=said):
            associate_run(copy, "default", settings)
    with pytest.raises(TableError, match="no column 'fits'"):
        associate_run(copy, "default", QUICK.model_copy(
            update={"rate_count": "fits", "rate_time": "years"}))  # fmt: skip
