"""A reading study from the protocol to the associations, without a browser."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import BusyError, MissingStepError, SettingsError, StudyError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.table_or_scores import has_scores
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.reading import reading_files
from clam_core.pipeline.reading.make_protocol import ProtocolWish, make_protocol
from clam_core.pipeline.reading.reading_columns import reading_columns
from clam_core.reading_study.answers import Given
from clam_core.settings import AssociateSettings
from clam_core.study import Run, Study
from clam_core.study.associations import inputs_digest, is_current, read_associations
from clam_core.study.atomic import read_json, write_json
from clam_core.study.readings.reading import Reading, reading_names
from clam_core.study.readings.results import map_ratings, progress_of, reading_results
from tests.pipeline.reading.reading_made import CLUSTERS, ITEMS, made, rate, read
from tests.report import make

CONTROLS = ("other_scan", "shuffled")
GIVEN = {"ground_glass": 1, "extent": 5, "nodes": 0, "pattern": "rim"}


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A study with a run, maps and a clinical table; never written to."""
    return make.complete(tmp_path_factory.mktemp("complete") / "one").folder


@pytest.fixture
def study(complete, tmp_path):
    shutil.copytree(complete, tmp_path / "one")
    return Study(tmp_path / "one")


@pytest.fixture(scope="module")
def done(complete, tmp_path_factory):
    """A study in which two readers have scored and rated everything; never written to."""
    folder = tmp_path_factory.mktemp("done") / "one"
    shutil.copytree(complete, folder)
    reading = made(Study(folder), maps_of="default", controls=CONTROLS, repeats=0.3)
    for reader in ("KB", "SM"):
        read(reading, reader)
        rate(reading, reader, lambda case: 1 if case.is_control else 3)
    return reading


def test_the_protocol_is_read_back_and_can_be_made_anew_until_the_first_answer(study):
    reading = made(study)
    assert reading.protocol().items == ITEMS
    assert reading_names(study) == ["reading"]
    again = made(study, readers=("KB", "SM", "TZ"))
    assert len(again.protocol().readers) == 3
    read(again, "KB", n=1, lock=False)
    with pytest.raises(StudyError, match="can no longer change"):
        made(study)
    assert len(again.protocol().readers) == 3
    made(study, name="another")


def test_scans_are_drawn_and_named(study):
    assert len(made(study, name="a").protocol().scans) == 18
    drawn = made(study, name="b", n_scans=10).protocol().scans
    assert len(drawn) == 10
    assert drawn == made(study, name="c", n_scans=10).protocol().scans
    assert drawn != made(study, name="d", n_scans=10, seed=4).protocol().scans
    assert made(study, name="e", scans=("S03", "S01")).protocol().scans == ("S03", "S01")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scans": ("S18", "S01")}, "'S18' is not ready"),
        ({"n_scans": 19}, "18 scans to draw from"),
        ({"readers": ()}, "readers"),
        ({"items": "fever"}, "There are no items 'fever'"),
        ({"items": "[1]"}, "each with name and label"),
        ({"items": "[{"}, "is no JSON"),
        ({"maps_of": "default", "controls": ("wind",)}, "Controls are other_cluster"),
        ({"maps_of": "default", "n_maps": 1}, "At least two maps"),
        ({"maps_of": "elsewhere"}, "elsewhere"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(study, wrong, said):
    wish = {"readers": ("KB",), "items": ITEMS, **wrong}
    with pytest.raises((SettingsError, StudyError), match=said):
        make_protocol(study, ProtocolWish("reading", **wish))
    assert reading_names(study) == []


def test_items_may_stand_in_a_file(study, tmp_path):
    path = tmp_path / "items.json"
    path.write_text(json.dumps([{"name": "x", "label": "X", "highest": 2}]))
    for items in (path, path.read_text()):
        make_protocol(study, ProtocolWish("reading", ("KB",), items))
        assert Reading(study, "reading").protocol().questions[0].item.highest == 2


def test_answers_survive_and_the_last_one_counts(study):
    reading = made(study)
    read(reading, "KB", n=4, lock=False)
    reading.save("KB", "scores", Given(2, {**GIVEN, "extent": 95}, 4))
    reading.save("KB", "scores", Given(4, None, 5))
    again = Reading(Study(study.folder), "reading")
    answers = again.answers("kb")  # as somebody types it
    assert sorted(answers) == [1, 2, 3]
    assert answers[2].values["extent"] == 95
    assert again.answers("SM") == {}
    rows = progress_of(again)
    assert rows["n_done"].tolist() == [3, 0]
    assert rows["n_cases"].tolist() == [20, 20]


def test_only_what_may_be_saved_is_saved(study):
    reading = made(study, maps_of="default", controls=CONTROLS)
    for given, error, said in (
        (Given(99, GIVEN, 0), SettingsError, "no case 99"),
        (Given(1, {**GIVEN, "nodes": 2}, 0), SettingsError, "from 0 to 1"),
        (Given(1, GIVEN, 3), BusyError, "another window"),
    ):
        with pytest.raises(error, match=said):
            reading.save("KB", "scores", given)
    with pytest.raises(StudyError, match="after the scores have been locked"):
        reading.save("KB", "maps", Given(1, {"points_at_disease": 2}, 0))
    with pytest.raises(StudyError, match="no reader of 'reading'; its readers are KB, SM"):
        reading.save("XX", "scores", Given(1, GIVEN, 0))
    assert not reading.is_started


def test_a_locked_part_is_closed(study):
    reading = made(study)
    with pytest.raises(StudyError, match="20 of 20 cases have no answer"):
        reading.lock("KB", "scores")
    read(reading, "KB")
    with pytest.raises(StudyError, match="is locked"):
        reading.save("KB", "scores", Given(1, GIVEN, 20))
    with pytest.raises(StudyError, match="locked already"):
        reading.lock("KB", "scores")
    assert reading.locked("SM") is None


def test_nothing_is_told_before_all_have_locked(study, tmp_path):
    reading = made(study)
    read(reading, "KB")
    read(reading, "SM", n=19, lock=False)
    for tell in (
        lambda: reading_results(reading),
        lambda: reading_files.reading_files(reading),
        lambda: reading_files.agreement(study, "reading"),
        lambda: reading_files.export(study, "reading", Destination(study, tmp_path / "to")),
    ):
        with pytest.raises(MissingStepError, match="SM has not"):
            tell()
    assert reading_columns(study, [])[1] == []
    status = " ".join(reading_files.status(study, "reading").sentences)
    assert "KB, scores: 20 of 20 cases, 4 min, locked." in status
    assert "19 of 20" in status
    reading.lock("SM", "scores", unfinished=True)
    assert any("19 of 20 cases" in note for note in reading_results(reading).notes)


def test_a_log_that_lost_lines_after_the_lock_is_refused(study):
    reading = made(study)
    for reader in ("KB", "SM"):
        read(reading, reader)
    path = reading.folder / "reader-1.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(StudyError, match="gone since they were locked"):
        reading_results(reading)
    assert "left out" in reading_columns(study, [])[2][0]


def test_an_edited_protocol_is_refused(study):
    reading = made(study)
    read(reading, "KB", n=2, lock=False)
    path = reading.folder / "protocol.json"
    values = read_json(path)
    write_json(path, {**values, "seed": 7})
    with pytest.raises(StudyError, match="not as it was written"):
        reading.answers("KB")
    write_json(path, {**values, "schema_version": 99})
    with pytest.raises(StudyError, match="newer version"):
        reading.protocol()
    write_json(path, {**values, "of_a_later_version": 1, "version": "9.9"})
    assert len(reading.answers("KB")) == 2


def test_agreement_of_readers_who_nearly_agree(done):
    found = reading_results(done)
    value = found.agreement.set_index(["question", "measure"])["value"]
    assert value["nodes", "kappa"] == pytest.approx(1)
    assert value["extent", "mean difference"] == pytest.approx(-5)
    assert value["extent", "ICC(3,1)"] == pytest.approx(1)
    assert 0.3 < value["ground_glass", "weighted kappa (quadratic)"] < 1
    assert "remark" not in set(found.agreement["question"])
    alone = found.with_oneself.set_index(["readers", "question", "measure"])["value"]
    assert alone[("KB, twice", "ground_glass", "same value")] == 1
    assert found.with_oneself["n"].max() == 5


def test_maps_that_readers_find_right_are_called_so(done):
    found = reading_results(done)
    assert found.answer.startswith("Readers find that the maps point at disease, more than")
    first = found.rating.iloc[0]
    assert (first["difference"], first["n"]) == (2, 18)
    ratings = map_ratings(done)
    assert len(ratings) == 36
    assert set(ratings["control"]) == set(CONTROLS)
    assert set(ratings["cluster"]) == {"cluster 1", "cluster 2", "cluster 3"}


def test_controls_hold_the_values_of_the_maps_elsewhere(done):
    maps = done.protocol().maps
    n_apart = 0
    for scan_id in maps.scans:
        real = done.rated_map(scan_id, is_control=False)
        control = done.rated_map(scan_id, is_control=True)
        assert np.array_equal(np.sort(real.ravel()), np.sort(control.ravel()))
        stored = Run(done.study, "default").activation_map(scan_id)
        assert real == pytest.approx(stored, abs=1e-3)
        n_apart += np.minimum(real, control).sum() < 0.5 * real.sum()
    assert n_apart > 0.8 * len(maps.scans)
    with pytest.raises(MissingStepError, match="No map of scan 'S18'"):
        done.rated_map("S18", is_control=True)


def test_scores_become_columns_beside_the_users_own(done):
    frame, infos, notes = reading_columns(done.study, ["extent"])
    assert notes == ()
    assert list(frame) == ["ground_glass", "extent (read)", "nodes", "pattern"]
    kinds = {info.name: info.kind for info in infos}
    assert kinds == {"ground_glass": "ordinal", "extent (read)": "continuous",
                     "nodes": "binary", "pattern": "nominal"}  # fmt: skip
    assert {info.family for info in infos} == {"reading"}
    expected = [20 * CLUSTERS[scan] + 2.5 if scan in CLUSTERS else np.nan for scan in frame.index]
    assert frame["extent (read)"].tolist() == pytest.approx(expected, nan_ok=True)


def test_scores_are_compared_between_the_clusters(done, tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(done.study.folder, folder)
    study = Study(folder)
    run = Run(study, "default")
    before = study.clinical()[0]
    associate_run(study, "default", AssociateSettings(min_cluster_size=2))
    stored = read_associations(run)
    rows = stored.rows.set_index("variable")
    assert rows.loc["extent", "family"] == "reading"
    assert rows.loc["extent", "p_value"] < 0.001
    assert rows.loc["nodes", "n"] == 18
    pd.testing.assert_frame_equal(study.clinical()[0], before)
    assert is_current(run, stored)


def test_scores_are_compared_without_a_clinical_table(done, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(done.study.folder, folder)
    for path in folder.glob("clinical.*"):
        path.unlink()
    bare = Study(folder)
    assert bare.clinical() is None and has_scores(bare)
    associate_run(bare, "default", AssociateSettings(min_cluster_size=2))
    rows = read_associations(Run(bare, "default")).rows
    assert "ground_glass" in set(rows["variable"])
    assert set(rows["family"]) == {"reading"}
    shutil.rmtree(folder / "readings")
    with pytest.raises(MissingStepError, match="no clinical table"):
        associate_run(Study(folder), "default", AssociateSettings(seed=1, min_cluster_size=2))


def test_associations_are_old_once_another_reader_has_locked(study):
    run = Run(study, "default")
    first = inputs_digest(run)
    reading = made(study)
    read(reading, "KB", n=3, lock=False)
    assert inputs_digest(run) == first
    reading.lock("KB", "scores", unfinished=True)
    assert inputs_digest(run) != first


def test_files_hold_scores_but_no_remarks_unless_asked(done, tmp_path):
    files = reading_files.reading_files(done)
    assert set(files) == {f"reading_{one}" for one in (
        "scores.csv", "readings.csv", "agreement.csv", "with_oneself.csv", "map_rating.csv",
        "map_ratings.csv", "all.xlsx")}  # fmt: skip
    assert not any(b"Zanzibarova" in content for content in files.values())
    with_remarks = reading_files.reading_files(done, with_remarks=True)
    assert b"Zanzibarova" in with_remarks["reading_readings.csv"]
    where = Destination(done.study, tmp_path / "to")
    said = reading_files.export(done.study, "reading", where)
    assert said.values["files"] == list(files)
    scores = pd.read_csv(tmp_path / "to" / "reading_scores.csv")
    assert list(scores["scan_id"]) == list(done.protocol().scans)
    assert scores["extent: SM"].sub(scores["extent: KB"]).eq(5).all()
    with pytest.raises(StudyError, match="already"):
        reading_files.export(done.study, "reading", where)


def test_a_deleted_run_leaves_the_rating_readable(done, tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(done.study.folder, folder)
    study = Study(folder)
    Run(study, "default").delete()
    found = reading_results(Reading(study, "reading"))
    assert found.rating.iloc[0]["difference"] == 2
