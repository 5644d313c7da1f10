"""Jobs: real child processes on tiny studies; killed, cancelled, refused, found again."""

import hashlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clam_core import jobs
from clam_core.errors import BusyError, StudyError
from clam_core.jobs import child
from clam_core.jobs.child import Reporter
from clam_core.jobs.record import JobState, Record
from clam_core.pipeline.declared_steps import STEPS, step
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.study import Run, Study

LONG = 240


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    root = tmp_path_factory.mktemp("scans")
    for number in range(6):
        rng = np.random.default_rng(number)
        array = rng.normal(-700 + 200 * (number % 2), 60, (12, 12, 12)).astype(np.int16)
        write_nifti(root / f"s{number}.nii.gz", array, np.eye(4))
    return root


def until(root, study, *statuses, at_least=0.0):
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        found = jobs.state(root, study)
        if found is not None and found.status in statuses and found.fraction >= at_least:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def ended(root, study, step, arguments):
    """How a job ends that is done in this process."""
    record = Record(root, study)
    record.folder.mkdir(parents=True, exist_ok=True)
    record.write("request.json", {"step": step, "arguments": arguments})
    child.run(root, study)
    return record.read_state()


def pid_of(root, study):
    return Record(root, study).read("process.json")["pid"]


def digest(run):
    parts = [np.ascontiguousarray(run.array(name)).tobytes() for name in ("latent", "features")]
    parts += [run.scans().to_csv().encode(), run.weights().read_bytes()]
    return [hashlib.sha256(part).hexdigest() for part in parts]


@pytest.fixture
def ready(tmp_path, scans):
    arguments = {"scans": str(scans), "preprocess": {"grid": 8, "mask": "none"}}
    jobs.start(tmp_path, "one", "create", arguments)
    assert until(tmp_path, "one", "done", "failed").status == "done"
    return tmp_path


def test_a_study_is_made_and_its_sentences_are_kept(ready):
    found = jobs.state(ready, "one")
    assert (found.step, found.fraction, found.error) == ("create", 1.0, "")
    assert any("6 scans found" in sentence for sentence in found.sentences)
    assert any("6 scans ready" in sentence for sentence in found.sentences)
    assert len(Study(ready / "one").ready()) == 6
    jobs.forget(ready, "one")
    assert jobs.state(ready, "one") is None


def test_killed_and_resumed_it_ends_as_an_unbroken_run(ready):
    fit = {"k": 2, "epochs": 150, "method": "kmeans", "plane": "pca"}
    jobs.start(ready, "one", "fit", {**fit, "run": "whole"})
    assert until(ready, "one", "done", "failed").status == "done"
    jobs.start(ready, "one", "fit", {**fit, "run": "broken"})
    running = until(ready, "one", "running", at_least=0.2)
    assert running.stage == "Training"
    os.killpg(pid_of(ready, "one"), signal.SIGKILL)
    interrupted = until(ready, "one", "interrupted")
    assert interrupted.arguments["run"] == "broken"
    jobs.start(ready, "one", interrupted.step, interrupted.arguments)
    assert until(ready, "one", "done", "failed").status == "done"
    study = Study(ready / "one")
    assert digest(Run(study, "broken")) == digest(Run(study, "whole"))


def test_a_second_start_is_refused_and_cancel_frees_the_study(ready):
    arguments = {"k": 2, "epochs": 5000, "method": "kmeans", "plane": "pca"}
    jobs.start(ready, "one", "fit", arguments)
    until(ready, "one", "running")
    with pytest.raises(BusyError, match="already working on the study 'one'"):
        jobs.start(ready, "one", "fit", arguments)
    jobs.forget(ready, "one")  # what runs is not forgotten
    assert jobs.state(ready, "one").status == "running"
    jobs.cancel(ready, "one")
    assert jobs.state(ready, "one").status == "cancelled"
    jobs.start(ready, "one", "preprocess", {"grid": 8, "mask": "none"})
    assert until(ready, "one", "done", "failed").status == "done"


def test_no_option_of_preprocess_is_lost(tmp_path, scans):
    settings = {"grid": [8, 9, 10], "mask": "lungs", "crop": "none"}
    settings |= {"margin_mm": 2.5, "intensity_factor": 3.0, "spacing_mm": 1.5}
    arguments = {"scans": str(scans), "preprocess": settings}
    kept = ended(tmp_path, "all", "create", arguments)
    assert kept.status == "done"
    stored = Study(tmp_path / "all").info.prepared.settings.model_dump(mode="json")
    assert {name: stored[name] for name in settings} == settings


def test_a_study_whose_scans_were_being_prepared_is_gone_on_with(tmp_path, scans):
    create(tmp_path / "half", scans, None, CreateOptions(n_workers=1))  # and then it was killed
    arguments = {"scans": str(scans), "preprocess": {"grid": 8, "mask": "none"}}
    assert ended(tmp_path, "half", "create", arguments).error == ""
    assert len(Study(tmp_path / "half").ready()) == 6
    refused = ended(tmp_path, "half", "create", {"scans": str(scans)})
    assert refused.error.startswith("There is already a study in 'half'")


def test_of_two_starts_at_once_one_is_refused(ready):
    def try_start(_):
        try:
            jobs.start(
                ready, "one", "fit", {"k": 2, "epochs": 5000, "method": "kmeans", "plane": "pca"}
            )
        except BusyError:
            return "refused"
        return "started"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_start, range(2))) == ["refused", "started"]
    jobs.cancel(ready, "one")


def test_readers_see_one_job_and_do_not_disturb_it(ready):
    def watch(_):
        seen = []
        while not seen or seen[-1] == "running":
            seen.append(jobs.state(ready, "one").status)
        return {*seen}

    jobs.start(ready, "one", "fit", {"k": 2, "epochs": 20, "method": "kmeans", "plane": "pca"})
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(watch, range(2))) == [{"running", "done"}] * 2


def test_ready_scans_are_not_replaced_while_their_files_are_away(ready, scans):
    settings = {"grid": 8, "mask": "none"}
    away = scans.rename(scans.with_name("away"))
    try:
        jobs.start(ready, "one", "preprocess", settings)
        refused = until(ready, "one", "done", "failed")
        assert refused.status == "failed"
        assert refused.error.startswith("6 of 6 files of scans cannot be found below 'scans")
        assert len(Study(ready / "one").ready()) == 6
        jobs.start(ready, "one", "preprocess", {**settings, "forget_missing": True})
        assert "6 scans given up" in " ".join(until(ready, "one", "done", "failed").sentences)
    finally:
        away.rename(scans)


def test_margin_and_intensity_factor_reach_the_step(ready):
    settings = {"grid": 8, "mask": "none", "margin_mm": 2.0, "intensity_factor": 3.0}
    jobs.start(ready, "one", "preprocess", settings)
    assert until(ready, "one", "done", "failed").status == "done"
    used = Study(ready / "one").info.prepared.settings
    assert (used.margin_mm, used.intensity_factor) == (2.0, 3.0)


def test_what_goes_wrong_is_one_sentence(tmp_path, scans):
    create(tmp_path / "two", scans, None, CreateOptions(n_workers=1))
    jobs.start(tmp_path, "two", "fit", {})
    failed = until(tmp_path, "two", "done", "failed")
    assert "run the step 'preprocess' first" in failed.error
    jobs.start(tmp_path, "two", "fit", {"k": "many"})
    assert until(tmp_path, "two", "failed").error.startswith("Setting 'k' cannot be used: ")
    jobs.start(tmp_path, "two", "fly", {})
    assert until(tmp_path, "two", "failed").error == "There is no step 'fly'."


@pytest.mark.parametrize("name", ["../out", ".hidden", "a/b", "a\\b", "..", "", "CON", "x" * 65])
def test_names_cannot_leave_the_root(tmp_path, name):
    with pytest.raises(StudyError, match="A study cannot be called"):
        jobs.start(tmp_path, name, "demo", {})


def test_remaining_time_follows_the_usual_shares(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("clam_core.jobs.child.time.monotonic", lambda: clock[0])
    record = Record(tmp_path, "three")
    record.folder.mkdir(parents=True)
    reporter = Reporter(record, JobState("create", "running"))
    clock[0] += 10
    reporter("Looking into files", 1, 1)  # 1 of 5 shares
    assert record.read_state().fraction == pytest.approx(0.2)
    assert record.read_state().remaining_seconds == pytest.approx(40)
    clock[0] += 20
    reporter("Preprocessing", 5, 10)  # 3 of 5
    assert record.read_state().remaining_seconds == pytest.approx(20)
    clock[0] += 0.01
    reporter("Preprocessing", 6, 10)  # too soon to be written
    assert record.read_state().done == 5


def test_a_damaged_state_is_no_state(tmp_path):
    record = Record(tmp_path, "four")
    record.folder.mkdir(parents=True)
    (record.folder / "state.json").write_text("{")
    assert jobs.state(tmp_path, "four") is None


def test_an_interrupt_that_comes_out_as_another_error_is_a_cancel(tmp_path, monkeypatch):
    record = Record(tmp_path, "five")
    record.folder.mkdir(parents=True)
    record.write("request.json", {"step": "broken", "arguments": {}})

    @step("Breaking", needs="", writes="", stages={})
    def broken(study, *, progress):
        (record.folder / "cancel").touch()
        raise ImportError("interrupted in mid-import")

    monkeypatch.setitem(STEPS, "broken", broken)
    child.run(tmp_path, "five")
    found = jobs.state(tmp_path, "five")
    assert (found.status, found.error) == ("cancelled", "")
