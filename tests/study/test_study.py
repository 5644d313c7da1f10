"""The study on disk: whole or not at all, aligned, and never zeros for what was not made."""

import contextlib
import errno
import json
import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import AlignmentError, BusyError, MissingStepError, StudyError
from clam_core.study import ScanWriter, Study, atomic, folder, staging
from tests.study import make


def tree(path):
    """Every file and its bytes."""
    return {
        str(p.relative_to(path)): p.read_bytes()
        for p in sorted(Path(path).rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def test_what_was_written_is_read(tmp_path):
    study = make.empty(tmp_path / "s")
    make.fill(study)
    again = Study(tmp_path / "s")
    np.testing.assert_array_equal(again.volume("s1").array, make.volume(1))
    assert again.volume("s1").unit == "HU"
    assert again.mask("s1") is None
    assert again.picture("s2") == b"png2"
    assert again.info.prepared.settings.grid == make.GRID
    pd.testing.assert_frame_equal(again.scans(), study.scans())


def test_a_row_that_was_not_made_is_no_zeros(tmp_path):
    study = make.empty(tmp_path / "s")
    with pytest.raises(MissingStepError, match="run the step 'preprocess' first"):
        study.volume("s0")
    with pytest.raises(StudyError, match="has no scan 'nobody'"):
        study.volume("nobody")


def test_a_failed_row_says_why(tmp_path):
    study = make.empty(tmp_path / "s")
    table = study.scans()
    table.loc["s1", ["status", "reason"]] = ["failed", "No lungs were found."]
    atomic.write_table(study.folder / folder.SCANS, table)
    with pytest.raises(MissingStepError, match="'s1' is not ready: No lungs were found"):
        study.picture("s1")


def test_an_array_of_another_shape_is_refused_with_both_shapes(tmp_path):
    study = make.empty(tmp_path / "s")
    with ScanWriter(study, make.GRID) as writer:
        writer.start("f")
        with pytest.raises(AlignmentError, match=r"\(2, 2, 2\).*\(3, 8, 9, 10\)"):
            writer.write(0, {"volume": np.zeros((2, 2, 2), np.int16)}, make.lines(0))
        with pytest.raises(AlignmentError, match="row 7"):
            writer.write(7, make.arrays(0), make.lines(0))


def test_a_step_that_is_stopped_changes_nothing_and_resumes(tmp_path):
    study = make.empty(tmp_path / "s")
    before = tree(study.folder)
    with ScanWriter(study, make.GRID) as writer:
        assert writer.start("f") == []
        writer.write(1, make.arrays(1), make.lines(1))
    kept = {n: b for n, b in tree(study.folder).items() if not n.startswith("preprocess")}
    assert kept == before
    journal = study.folder / "preprocess.partial" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"scan_id": "s2", "sta')  # killed in a line
    with ScanWriter(study, make.GRID) as writer:
        assert writer.start("f") == [make.lines(1)]
    make.fill(study)
    whole = make.empty(tmp_path / "whole")
    make.fill(whole)
    assert tree(study.folder) == tree(whole.folder)


def test_other_settings_start_afresh(tmp_path):
    study = make.empty(tmp_path / "s")
    with ScanWriter(study, make.GRID) as writer:
        writer.start("f")
        writer.write(1, make.arrays(1), make.lines(1))
    with ScanWriter(study, make.GRID) as writer:
        assert writer.start("another") == []


class KilledError(Exception):
    pass


@pytest.mark.parametrize("n_calls", range(14))
def test_killed_in_mid_commit_the_new_result_is_completed(tmp_path, monkeypatch, n_calls):
    """Stop after each rename or removal: the next to open the study sees old or new, whole."""
    study = make.empty(tmp_path / "s")
    make.fill(study, "old")
    old = tree(study.folder)
    make.fill(study, "new")
    new = tree(study.folder)
    shutil.rmtree(tmp_path / "s")
    study = make.empty(tmp_path / "s")
    make.fill(study, "old")
    calls = iter(range(n_calls))

    def counted(real):
        def call(*args, **kwargs):
            if next(calls, None) is None:
                raise KilledError
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in (
            (Path, "rename"),
            (Path, "replace"),
            (Path, "unlink"),
            (staging.shutil, "rmtree"),
        ):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        with contextlib.suppress(KilledError):
            make.fill(study, "new")
    found = Study(tmp_path / "s")
    left = {n: b for n, b in tree(found.folder).items() if ".partial" not in n}
    assert left in (old, new)
    assert found.info.prepared.fingerprint in {"old", "new"}
    make.fill(found, "new")
    assert tree(found.folder) == new


def test_a_study_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise StudyError("disk full")

    monkeypatch.setattr(folder.atomic, "write_json", full)
    with pytest.raises(StudyError, match="disk full"):
        make.empty(tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "study.json"
    atomic.write_json(path, {"a": 1})

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StudyError, match="No space left on device.*unchanged"):
        atomic.write_json(path, {"a": 2})
    assert atomic.read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["study.json"]


def test_folders_that_are_not_free_are_refused(tmp_path):
    make.empty(tmp_path / "s")
    with pytest.raises(StudyError, match="already a study in 's'"):
        make.empty(tmp_path / "s")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "letter.txt").write_text("dear")
    with pytest.raises(StudyError, match="'t' is not empty"):
        make.empty(tmp_path / "t")
    (tmp_path / "u").mkdir()
    assert make.empty(tmp_path / "u").name == "u"


def test_what_is_no_study_is_a_sentence(tmp_path):
    with pytest.raises(StudyError, match="no study in 'nothing'"):
        Study(tmp_path / "nothing")
    study = make.empty(tmp_path / "s")
    (study.folder / "study.json").write_text('{"schema_version": 99}')
    with pytest.raises(StudyError, match="layout version 99, this software reads versions up to 2"):
        Study(tmp_path / "s")
    (study.folder / "study.json").write_text("{")
    with pytest.raises(StudyError, match="missing or damaged"):
        Study(tmp_path / "s")


def _hold(path, ready, done):
    with Study(path).lock():
        ready.set()
        done.wait(30)


def test_one_writer_at_a_time(tmp_path):
    study = make.empty(tmp_path / "s")
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(study.folder, ready, done))
    other.start()
    try:
        assert ready.wait(30)
        busy = pytest.raises(BusyError, match="Another process is writing to the study 's'")
        with busy, study.lock():
            pass
    finally:
        done.set()
        other.join()
    with study.lock():
        pass


def test_clinical_table_and_its_columns_change_together(tmp_path):
    study = make.empty(tmp_path / "s")
    assert study.clinical() is None
    table = pd.DataFrame({"age": [50.0, 61.0]}, index=pd.Index(["p0", "p1"], name="subject_id"))
    age = {"name": "age", "label": "Age", "kind": "continuous", "unit": "years"}
    description = {
        "level": "subject", "columns": [age], "n_matched": 2, "n_scans": 3, "notices": ["One."]
    }  # fmt: skip
    study.write_clinical(table, description)
    found, columns = study.clinical()
    pd.testing.assert_frame_equal(found, table)
    assert columns == description
    assert not list(study.folder.glob("*.partial"))


def test_no_file_holds_a_pickle_and_json_reads_back(tmp_path):
    study = make.empty(tmp_path / "s")
    make.fill(study)
    assert not [n for n in tree(study.folder) if n.endswith((".pkl", ".pickle", ".npy"))]
    assert json.loads((study.folder / "study.json").read_text())["schema_version"] == 2
