"""A study of version 0.1.0 with today's code: it opens, nothing is orphaned, all steps go on."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import clam_core
from clam_core.errors import StudyError
from clam_core.jobs.record import STATE, JobState, Record
from clam_core.pipeline import current, fingerprints
from clam_core.pipeline.clinical import associate as associating
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.method.explain import explain_scan
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.known_run import KnownRun
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.report import report
from clam_core.pipeline.scans import preprocess as preprocessing
from clam_core.pipeline.scans.new_scan import NewScan
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.report import ReportSettings
from clam_core.settings import (
    AssociateSettings,
    FitSettings,
    LocalizeSettings,
    PreprocessSettings,
    SelectSettings,
    TrainSettings,
)
from clam_core.study import Run, Study, read_names
from clam_core.study import associations as stored_associations
from clam_core.study.associations import (
    STATISTICS_VERSION,
    is_current,
    read_associations,
    why_old,
)
from clam_core.study.stamp import fit_stamp, maps_stamp, results_stamp
from clam_core.study.visits import read_visits
from tests.study import old_study

ADJUSTED = AssociateSettings(adjust=("age",), n_resamples=999)
SELECTED = SelectSettings(k_max=3, n_bootstrap=5, n_seeds=2, n_references=20)


class WiderPreprocess(PreprocessSettings):
    sharpness: float = 1.0


class WiderTrain(TrainSettings):
    momentum: float = 0.9


class WiderFit(FitSettings):
    train: WiderTrain = WiderTrain()
    rounds: int = 3


class WiderAssociate(AssociateSettings):
    weights: str | None = None


WIDER = WiderFit(**{**dict(old_study.FITTED), "train": WiderTrain(epochs=4)})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return old_study.unpack(tmp_path_factory.mktemp("old")).folder


@pytest.fixture
def study(kept, tmp_path):
    """A study of one's own, whose scans are where they were."""
    shutil.copy(kept.parent / "stamps.json", tmp_path)
    return Study(shutil.copytree(kept, tmp_path / "before"))


@pytest.fixture
def scans_are_there(study, monkeypatch):
    found = old_study.sources(study.folder.parent)
    monkeypatch.setattr(preprocessing, "find_sources", lambda _: found)
    return found


@pytest.fixture
def next_version(monkeypatch):
    monkeypatch.setattr(clam_core, "__version__", "9.0.0")
    for module in (associating, preprocessing, fingerprints, current):
        monkeypatch.setattr(module, "__version__", "9.0.0", raising=False)


def does_nothing(summary):
    return "Nothing to do" in " ".join(summary.sentences)


def test_everything_that_pages_show_can_be_read(study):
    run = Run(study, "default")
    ready = study.ready()
    assert len(ready) == len(run.scans()) == 10
    for scan_id in ready:
        assert study.volume(scan_id).array.shape == (12, 12, 12)
        assert study.mask(scan_id).any()
        assert study.picture(scan_id).startswith(b"\x89PNG")
        assert run.activation_map(scan_id).max() == pytest.approx(1, abs=1e-3)
    assert study.is_whole()
    table, description = study.clinical()
    assert {column["name"] for column in description["columns"]} >= {"age", "FVC_L", "site"}
    assert len(table) == 9
    assert len(read_visits(study)) == 27
    assert len(study.sources()) == 20
    for name in ("latent", "features", "soft_assignment", "cluster_maps", "cluster_means",
                 "cluster_masks", "archetypes", "archetype_paths"):  # fmt: skip
        assert np.isfinite(run.array(name).astype(float)).all()
    np.testing.assert_allclose(run.array("soft_assignment").sum(axis=1), 1, rtol=1e-5)
    assert read_names(run) == {1: "minimal", 2: "fibrosis"}
    assert [row["n_clusters"] for row in run.selection()["rows"]] == [2, 3]
    assert run.history()
    found = read_associations(run)
    assert is_current(run, found)
    assert len(found.table("pairs"))
    assert current.why_stale(study, run) == ""


def test_maps_are_made_of_the_old_weights_and_are_the_old_maps(study):
    run = Run(study, "default")
    before = {scan_id: run.activation_map(scan_id) for scan_id in study.ready()}
    assert "10 maps made" in localize(study, "default", LocalizeSettings()).sentences[0]
    for scan_id, old in before.items():
        np.testing.assert_allclose(run.activation_map(scan_id), old, atol=2e-3)
    scan_id = study.ready()[0]
    assert np.isfinite(explain_scan(study, run, scan_id, LocalizeSettings(target=2)).signed).all()


def lose(run, name, row=0):
    (run.folder / f"arrays.zarr/{name}/c/{row}/0/0/0").unlink()


def edit_maps(run, **columns):
    table = run.maps()
    for name, (scan_ids, value) in columns.items():
        table.loc[scan_ids, name] = value
    table.to_parquet(run.folder / "maps.parquet")


def test_a_map_of_zeros_was_left_out_by_the_old_version(study):
    run = Run(study, "default")
    first = study.ready()[0]
    lose(run, "maps")
    with pytest.raises(StudyError, match=r"'maps/c/0/0/0/0' is missing; run the step 'localize'"):
        run.activation_map(first)
    edit_maps(run, raw_high=([first], 0.0))
    assert not run.activation_map(first).any()
    assert run.array("maps").shape == (10, 12, 12, 12)
    lose(run, "maps", 1)
    with pytest.raises(StudyError, match="'maps/c/1/0/0/0' is missing"):
        run.array("maps")
    lose(run, "archetypes")
    with pytest.raises(StudyError, match="'archetypes/c/0/0/0/0' is missing"):
        run.array_row("archetypes", 0)


def test_a_cluster_without_maps_was_left_out_by_the_old_version(study):
    run = Run(study, "default")
    lose(run, "cluster_maps")  # both clusters in one file
    with pytest.raises(StudyError, match="'cluster_maps/c/0/0/0/0' is missing"):
        run.array("cluster_maps")
    edit_maps(run, done=(run.scans().index[run.scans()["cluster"] == 1], False))
    with pytest.raises(StudyError, match="'cluster_maps/c/0/0/0/0' is missing"):
        run.array_row("cluster_maps", 0)
    edit_maps(run, done=(study.ready(), False))
    assert not run.array("cluster_maps").any()


def test_a_scan_of_the_run_is_assigned_where_the_old_weights_put_it(study):
    run = Run(study, "default")
    known = KnownRun(study, run)
    for row, scan_id in enumerate(study.ready()):
        volume = study.volume(scan_id)
        fields = {field.name: "" for field in dataclasses.fields(NewScan)}
        scan = NewScan(**{
            **fields, "volume": volume.array, "mask": study.mask(scan_id), "affine": volume.affine,
            "error": None,
        })  # fmt: skip
        said = known.describe(scan)
        expected = run.array("soft_assignment")[row]
        np.testing.assert_allclose(said["soft_assignment"], expected, atol=1e-4)
        assert said["nearest"][0] == scan_id


def test_a_new_run_on_the_old_volumes_is_like_the_old_one(study, monkeypatch):
    # It looked at voxels that few scans have inside their masks, too.
    monkeypatch.setattr("clam_core.training.rim.SHARED", 0)
    placed = old_study.FITTED.model_copy(update={"plane": "pca"})
    assert "10 scans in 2 clusters" in fit(study, "new", placed).sentences[0]
    np.testing.assert_allclose(
        Run(study, "new").array("soft_assignment"),
        Run(study, "default").array("soft_assignment"),
        atol=1e-3,
    )


@pytest.mark.slow
def test_numbers_of_clusters_of_the_old_run(study):
    before = Run(study, "default").selection()
    select(study, "default", SELECTED)
    after = Run(study, "default").selection()
    assert [row["sizes"] for row in after["rows"]] == [row["sizes"] for row in before["rows"]]


def test_associations_and_files_of_the_old_run(study, tmp_path):
    run = Run(study, "default")
    old = read_associations(run)
    shutil.rmtree(run.folder / "associations")
    (run.folder / "associations.parquet").unlink()
    assert not does_nothing(associate_run(study, "default", ADJUSTED))
    new = read_associations(run)
    assert old.rows["variable"].tolist() == new.rows["variable"].tolist()
    np.testing.assert_allclose(old.rows["p_value"], new.rows["p_value"], rtol=1e-9)
    # The headline of 0.1.0 counted findings of every family; today's statistics word it anew.
    other = {"headline", "qualifications", "notes", "statistics", "follow_up"}
    assert {n: v for n, v in old.about.items() if n not in other} == {
        n: v for n, v in new.about.items() if n not in other
    }
    before, now = (found.about["follow_up"]["slopes"]["FVC"] for found in (old, new))
    # Ten subjects in two clusters: today a cluster needs six for the test of slopes.
    assert np.isfinite(before["p_value"]) and "6 " in now["reason"].replace("six", "6")
    assert "statistics" not in old.about
    assert is_current(run, old)
    assert why_old(run, old).startswith("An earlier version of the software computed this")
    assert not why_old(run, new)
    assert new.about["statistics"] == STATISTICS_VERSION
    assert new.about["headline"].startswith("None of 17 variables could be tested")
    for what in ("tables", "latent", "maps"):
        export(study, "default", what, tmp_path / what)


@pytest.mark.slow
def test_the_report_of_the_old_run(study, tmp_path):
    report(study, "default", tmp_path / "r.html", ReportSettings())
    text = (tmp_path / "r.html").read_text()
    assert "fibrosis" in text
    assert "Digest of clusters and clinical table" in text


@pytest.fixture
def compared_anew(study):
    """Compared with today's statistics: those of 0.1.0 have another version."""
    assert not does_nothing(associate_run(study, "default", ADJUSTED))


@pytest.mark.usefixtures("scans_are_there", "compared_anew", "next_version")
def test_a_new_version_of_the_software_makes_nothing_again(study):
    before = json.loads((study.folder / "study.json").read_text())
    assert does_nothing(preprocess(study, old_study.PREPARED))
    after = json.loads((study.folder / "study.json").read_text())
    moved = {"key", "key_id", "schema_version", "sha256"}
    assert {n: v for n, v in after.items() if n not in moved} == {
        n: v for n, v in before.items() if n not in moved
    }
    assert does_nothing(fit(study, "default", old_study.FITTED))
    assert does_nothing(associate_run(study, "default", ADJUSTED))


@pytest.mark.usefixtures("scans_are_there", "compared_anew")
def test_a_new_setting_with_a_default_makes_nothing_again(study):
    assert does_nothing(preprocess(study, WiderPreprocess(grid=(12, 12, 12))))
    assert does_nothing(fit(study, "default", WIDER))
    assert does_nothing(associate_run(study, "default", WiderAssociate(**dict(ADJUSTED))))
    with pytest.raises(StudyError, match="already a run 'default' with other settings"):
        fit(study, "default", WIDER.model_copy(update={"rounds": 4}))


def test_other_settings_and_files_still_count(study, scans_are_there, monkeypatch):
    known = study.info.prepared.fingerprint
    assert fingerprints.of_voxels(old_study.PREPARED, scans_are_there) == known
    other = PreprocessSettings(grid=(12, 12, 12), margin_mm=6)
    assert fingerprints.of_voxels(other, scans_are_there) != known
    wider = WiderPreprocess(grid=(12, 12, 12), sharpness=2)
    assert fingerprints.of_voxels(wider, scans_are_there) != known
    first = next(iter(scans_are_there))
    ((path, size, time), mask) = scans_are_there[first].stamps
    touched = dataclasses.replace(scans_are_there[first], stamps=((path, size, time + 1), mask))
    changed = {**scans_are_there, first: touched}
    assert known not in fingerprints.known_voxels(old_study.PREPARED, changed)
    monkeypatch.setattr(fingerprints, "VOXELS_VERSION", "9.0.0")
    assert known not in fingerprints.known_voxels(old_study.PREPARED, scans_are_there)


def test_a_file_that_was_missing_then_makes_no_difference(study, scans_are_there):
    """Version 0.1.0 noted a missing file with size and time 0."""
    first = next(iter(scans_are_there))
    scan, mask = scans_are_there[first].stamps
    as_before = dataclasses.replace(scans_are_there[first], stamps=(scan, (mask[0], 0, 0)))
    now = dataclasses.replace(scans_are_there[first], stamps=(scan,))
    stored = fingerprints.of_voxels(old_study.PREPARED, {**scans_are_there, first: as_before})
    found = fingerprints.known_voxels(old_study.PREPARED, {**scans_are_there, first: now})
    assert stored in found
    old_study.edit(
        study.folder / "study.json", lambda values: values["prepared"].update(fingerprint=stored)
    )
    scans_are_there[first] = now
    assert does_nothing(preprocess(Study(study.folder), old_study.PREPARED))


@pytest.mark.usefixtures("compared_anew")
def test_versions_of_numbers_make_what_is_stored_old(study, monkeypatch):
    assert does_nothing(associate_run(study, "default", ADJUSTED))
    for module in (stored_associations, associating):
        monkeypatch.setattr(module, "STATISTICS_VERSION", "9.0.0")
    assert not does_nothing(associate_run(study, "default", ADJUSTED))
    assert does_nothing(associate_run(study, "default", ADJUSTED))
    before = (
        fingerprints.of_fit(old_study.FITTED, "i"),
        fingerprints.of_maps(LocalizeSettings(), "i", 1),
    )
    monkeypatch.setattr(fingerprints, "CODES_VERSION", "9.0.0")
    monkeypatch.setattr(fingerprints, "MAPS_VERSION", "9.0.0")
    assert fingerprints.of_fit(old_study.FITTED, "i") != before[0]
    assert fingerprints.of_maps(LocalizeSettings(), "i", 1) != before[1]


def test_what_a_step_of_the_old_version_left_is_known(tmp_path):
    record = Record(tmp_path, "before")
    record.folder.mkdir(parents=True)
    values = {"step": "fit", "status": "done", "sentences": ["Done."], "of_a_later_version": 1}
    record.write(STATE, values)
    assert record.read_state() == JobState("fit", "done", sentences=("Done.",))
    for damage in ({"status": "done"}, {**values, "sentences": 3}):
        record.write(STATE, damage)
        assert record.read_state() is None


def test_stamps_tell_what_was_changed(study):
    run = Run(study, "default")

    def seen():
        return fit_stamp(run), maps_stamp(run), results_stamp(run)

    first = seen()
    assert seen() == first
    (run.folder / "names.json").write_text("{}")
    second = seen()
    assert second[:2] == first[:2]
    assert second[2] != first[2]
    shutil.copyfile(run.reference(), run.folder / "beside")
    (run.folder / "beside").replace(run.folder / "reference.safetensors")
    third = seen()
    assert third[0] == first[0]
    assert third[1] != first[1]
    shutil.copyfile(run.weights(), run.folder / "beside")
    (run.folder / "beside").replace(run.folder / "weights.safetensors")
    assert seen()[0] != first[0]
    assert seen()[1] != third[1]
