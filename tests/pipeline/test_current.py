"""A run of other volumes is refused by every step that would compute with it."""

import numpy as np
import pytest

from clam_core.errors import StaleRunError, StudyError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.current import check_current, inputs_digest, why_stale
from clam_core.pipeline.method.assign import assign, assign_task
from clam_core.pipeline.method.explain import explain_scan
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.report import report
from clam_core.report import ReportSettings
from clam_core.settings import (
    AssociateSettings,
    LocalizeSettings,
    PreprocessSettings,
    SelectSettings,
)
from clam_core.study import Prepared, Run, ScanWriter, Study
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of


def preprocessed_again(study, fingerprint="g", failed=()):
    """Other volumes take the places of those that the study holds, as `preprocess` does it."""
    scans = study.scans()
    with study.lock(), ScanWriter(study, GRID) as writer:
        writer.start(fingerprint)
        for row, scan_id in enumerate(scans.index):
            if scans.loc[scan_id, "status"] == "ready":
                volume = np.full(GRID, -800 + row, np.int16)
                writer.write(row, {"volume": volume}, {"scan_id": scan_id})
        scans.loc[list(failed), "status"] = "failed"
        settings = PreprocessSettings(grid=GRID, mask="none")
        done = scans.assign(mask_source="none")
        writer.commit(done, Prepared(settings=settings, fingerprint=fingerprint, n_ready=1))


@pytest.fixture(scope="module")
def stale(tmp_path_factory):
    study = study_of(tmp_path_factory.mktemp("stale") / "s", cohort())
    fit(study, "r", QUICK)
    localize(study, "r", LocalizeSettings(variant="paper"))
    assert why_stale(study, Run(study, "r")) == ""
    preprocessed_again(study)
    return Study(study.folder)


def steps(study, tmp_path):
    run = Run(study, "r")
    return {
        "localize": lambda: localize(study, "r", LocalizeSettings()),
        "explain": lambda: explain_scan(study, run, "s00"),
        "assign": lambda: assign(Run(study, "r"), [tmp_path / "scan.nii"], to=None),
        "assign in the app": lambda: assign_task(str(study.folder), "r", "scan.nii", None),
        "select": lambda: select(study, "r", SelectSettings()),
        "associate": lambda: associate_run(study, "r", AssociateSettings()),
        "export": lambda: export(study, "r", "tables", tmp_path / "out"),
        "report": lambda: report(study, "r", tmp_path / "r.html", ReportSettings()),
    }


@pytest.mark.parametrize("step", [
    "localize", "explain", "assign", "assign in the app", "select", "associate", "export", "report",
])  # fmt: skip
def test_every_step_refuses_a_run_of_other_volumes(stale, tmp_path, step):
    with pytest.raises(StaleRunError, match="fitted on other volumes") as refused:
        steps(stale, tmp_path)[step]()
    assert "'preprocess'" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_what_was_stored_can_still_be_looked_at(stale):
    run = Run(stale, "r")
    assert run.scans()["cluster"].notna().all()
    assert run.activation_map("s00").max() == pytest.approx(1, abs=1e-3)


def test_the_volumes_of_that_time_make_it_current_again(tmp_path):
    study = study_of(tmp_path / "s", cohort())
    fit(study, "r", QUICK)
    preprocessed_again(study)
    assert why_stale(Study(study.folder), Run(study, "r"))
    preprocessed_again(study, "f")
    check_current(Study(study.folder), Run(study, "r"))


def test_a_fit_under_the_same_name_is_refused_and_not_taken_for_the_old_one(stale):
    """The settings are the same; the volumes are others."""
    with pytest.raises(StudyError, match="already a run 'r' with other scans; choose another"):
        fit(stale, "r", QUICK)


def test_the_digest_follows_the_preparation_and_every_scan(stale):
    digest = inputs_digest(stale, ["s00", "s01"])
    assert digest == inputs_digest(Study(stale.folder), ["s00", "s01"])
    for others in ([], ["s00"], ["s01", "s00"], ["s00", "s02"], ["s00", "s01", "s02"]):
        assert inputs_digest(stale, others) != digest
    before = Run(stale, "r")
    assert before.info().inputs != inputs_digest(stale, before.scans().index.tolist())


def test_a_scan_that_is_gone_makes_a_run_stale(tmp_path):
    study = study_of(tmp_path / "s", cohort())
    fit(study, "r", QUICK)
    preprocessed_again(study, "f", failed=["s03"])
    with pytest.raises(StaleRunError):
        check_current(Study(study.folder), Run(study, "r"))
