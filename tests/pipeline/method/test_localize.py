"""Steps `localize`, `select` and `export` on a fitted run."""

import os
import shutil
import signal
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from clam_core.errors import ClamError, MissingStepError, SettingsError, StudyError
from clam_core.localization import make_maps, peak_place
from clam_core.pipeline.map_settings import stored_settings
from clam_core.pipeline.method.explain import FittedCohort
from clam_core.pipeline.method.fit import fit, source_of
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.method.weights import load_model, load_reference
from clam_core.pipeline.output.export import export, on_own_grid
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import LocalizeSettings, SelectSettings
from clam_core.study import Run, Study
from clam_core.training import CohortImages
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of


@pytest.fixture(scope="module")
def found():
    return cohort()


@pytest.fixture(scope="module")
def study(tmp_path_factory, found):
    made = study_of(tmp_path_factory.mktemp("study") / "s", found)
    fit(made, "r", QUICK.model_copy(update={"method": "profiles"}))
    localize(made, "r", LocalizeSettings())
    return made


def test_a_stored_map_is_the_map_of_its_scan(study, found):
    run = Run(study, "r")
    model, scale = load_model(run)
    ids = run.scans().index.tolist()
    images = CohortImages(source_of(study, ids), scale)
    rows = [0, 5, 11]
    expected = make_maps(
        model, images.batch(pd_rows(rows)), LocalizeSettings(), load_reference(run)
    ).within(found.masks[rows])
    for place, row in enumerate(rows):
        stored = run.activation_map(ids[row])
        assert stored.shape == GRID
        np.testing.assert_allclose(stored, expected.scaled[place], atol=1e-3)  # float16
        line = run.maps().loc[ids[row]]
        assert tuple(line["peak"]) == np.unravel_index(expected.raw[place].argmax(), GRID)
        assert line["raw_high"] == pytest.approx(expected.raw[place].max(), rel=1e-5)
        assert line["explained"] == run.scans().loc[ids[row], "cluster"]


def test_the_backdrop_of_every_cluster_is_kept(study):
    run = Run(study, "r")
    kept = load_reference(run).backdrop
    assert set(kept) == {(0, None), (1, None)}
    cohort = FittedCohort(study, run)
    made = cohort.reference(LocalizeSettings())
    for question, nodes in kept.items():
        np.testing.assert_allclose(nodes, made.backdrop[question], atol=1e-6)


def test_one_rather_than_another_has_a_backdrop_of_its_own(study):
    cohort = FittedCohort(study, Run(study, "r"))
    pair = cohort.reference(LocalizeSettings(target=(2, 1)))
    assert set(pair.backdrop) == {(1, 0)}
    # of two clusters, "2 rather than 1" is "2 rather than the rest"
    rest = cohort.reference(LocalizeSettings()).backdrop[1, None]
    np.testing.assert_allclose(pair.backdrop[1, 0], rest, atol=1e-5)


def test_nothing_is_shown_outside_the_mask(study, found):
    run = Run(study, "r")
    for row, scan_id in enumerate(run.scans().index):
        assert run.activation_map(scan_id)[~found.masks[row]].max() == 0


def pd_rows(rows):
    import torch

    return torch.tensor(rows)


def test_the_large_lesions_are_where_their_maps_are(study, found):
    run = Run(study, "r")
    large = np.flatnonzero(found.groups == 1)
    inside = []
    for row in large:
        one = run.activation_map(f"s{row:02d}")
        inside.append(one[found.lesions[row]].mean() / one[found.masks[row]].mean())
    assert np.median(inside) > 3


def test_cluster_maps_are_the_means_of_their_members(study):
    run = Run(study, "r")
    clusters = run.scans()["cluster"]
    maps = np.stack([run.activation_map(scan_id) for scan_id in clusters.index])
    for cluster in (1, 2):
        expected = maps[clusters.to_numpy() == cluster].mean(axis=0)
        np.testing.assert_allclose(run.array("cluster_maps")[cluster - 1], expected, atol=1e-5)


def test_cluster_means_are_those_of_the_volumes_and_masks_of_members(study, found):
    run = Run(study, "r")
    clusters = run.scans()["cluster"].to_numpy()
    for cluster in (1, 2):
        members = clusters == cluster
        volumes = found.volumes[members].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(run.array("cluster_means")[cluster - 1], volumes, atol=1e-2)
        masks = found.masks[members].mean(axis=0)
        np.testing.assert_allclose(run.array("cluster_masks")[cluster - 1], masks, atol=1e-6)


def test_sums_and_shares(study):
    table = Run(study, "r").maps()
    assert table["done"].all()
    assert table["completeness"].max() < 0.01
    zones = table.filter(like="zones: ")
    np.testing.assert_allclose(zones.sum(axis=1), 1, atol=1e-6)
    assert table["sentence"].str.startswith("Peak in the ").all()


def test_where_a_map_peaks_in_its_mask_is_stored(study, found):
    run = Run(study, "r")
    table = run.maps()
    for row, scan_id in enumerate(table.index):
        expected = peak_place(run.activation_map(scan_id), found.masks[row])
        assert table.loc[scan_id, "border_share"] == expected.border_share
        assert table.loc[scan_id, "hilum_share"] == expected.hilum_share
        inside = found.masks[row][tuple(table.loc[scan_id, "peak"])]
        assert (table.loc[scan_id, "peak_depth"] > 0) == inside
    assert table["peak_at_hilum"].dtype == "boolean"


def test_what_is_known_of_the_run_is_stored(study):
    localized = Run(study, "r").info().localized
    assert localized["settings"]["variant"] == "integrated"
    assert 0 <= localized["faithfulness"]["share_moved_as_it_should"] <= 1
    assert -1 <= localized["randomization"] <= 1


def test_weights_that_are_gone_are_a_sentence(tmp_path, study):
    run = Run(Study(shutil.copytree(study.folder, tmp_path / "s")), "r")
    run.weights().unlink()
    with pytest.raises(StudyError, match="'weights.safetensors' of the run 'r' is missing"):
        localize(run.study, "r", LocalizeSettings(variant="paper"))


def test_some_scans_only_and_another_variant(tmp_path, found):
    made = study_of(tmp_path / "s", found)
    fit(made, "r", QUICK)
    with pytest.raises(MissingStepError, match="no maps yet"):
        Run(made, "r").activation_map("s00")
    localize(made, "r", LocalizeSettings(variant="paper"), scan_ids=["s03", "s04"])
    run = Run(made, "r")
    assert run.maps().index[run.maps()["done"]].tolist() == ["s03", "s04"]
    assert run.activation_map("s03").max() == 1
    with pytest.raises(MissingStepError, match="no stored map of scan 's00'"):
        run.activation_map("s00")
    localize(made, "r", LocalizeSettings(variant="paper"), scan_ids=["s07"])
    assert run.maps().index[run.maps()["done"]].tolist() == ["s03", "s04", "s07"]
    with pytest.raises(StudyError, match="has no scan 's99'"):
        localize(made, "r", LocalizeSettings(), scan_ids=["s99"])
    with pytest.raises(SettingsError, match="cluster 7"):
        localize(made, "r", LocalizeSettings(target=7))
    assert run.info().localized["settings"]["variant"] == "paper"  # the old maps are still there


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no list of child processes")
def test_a_worker_that_is_killed_loses_nothing(tmp_path, found, study):
    copy = study_of(tmp_path / "s", found)
    fit(copy, "r", QUICK)
    told = []

    def kill_workers(stage, done, total):
        told.append((stage, done, total))
        if len(told) == 3:
            own = os.getpid()
            for child in Path(f"/proc/{own}/task").glob("*/children"):
                for pid in child.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)

    with pytest.raises(ClamError, match="worker process was ended .* it goes on from what is done"):
        localize(copy, "r", LocalizeSettings(), kill_workers, workforce=Workforce(2))
    assert Run(copy, "r").info().localized is None
    told.clear()
    localize(copy, "r", LocalizeSettings(), lambda *one: told.append(one), workforce=Workforce(2))
    assert told[0][1] > 3  # what was done before is not done again
    np.testing.assert_array_equal(Run(copy, "r").array("maps"), Run(study, "r").array("maps"))
    pd.testing.assert_frame_equal(Run(copy, "r").maps(), Run(study, "r").maps())


def test_maps_of_other_scans_stay(tmp_path, study):
    copy = Study(shutil.copytree(study.folder, tmp_path / "s"))
    settings = stored_settings(Run(copy, "r").info().localized["settings"])
    before = Run(copy, "r").array("maps"), Run(copy, "r").maps()
    means = Run(copy, "r").array("cluster_maps")
    summary = localize(copy, "r", settings, scan_ids=["s03"])
    run = Run(copy, "r")
    np.testing.assert_array_equal(run.array("maps"), before[0])
    pd.testing.assert_frame_equal(run.maps(), before[1], check_like=True)
    np.testing.assert_array_equal(run.array("cluster_maps"), means)
    assert summary.sentences[0].startswith("1 map made, 15 kept (")
    assert summary.values["n_maps"] == int(before[1]["done"].sum())
    other = settings.model_copy(update={"variant": "paper"})
    with pytest.raises(StudyError, match="15 other scans that were made with other settings"):
        localize(copy, "r", other, scan_ids=["s03"])
    with pytest.raises(StudyError, match="No scan is named"):
        localize(copy, "r", settings, scan_ids=[])
    np.testing.assert_array_equal(Run(copy, "r").array("maps"), before[0])


def test_broken_off_it_goes_on(tmp_path, found, study):
    made = study_of(tmp_path / "s", found)
    fit(made, "r", QUICK)

    def stop(stage, done, total):
        if stage == "Making maps" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        localize(made, "r", LocalizeSettings(), stop)
    seen = []
    localize(made, "r", LocalizeSettings(), lambda *told: seen.append(told[1]))
    assert min(seen) == 4
    for scan_id in ("s00", "s07"):
        np.testing.assert_array_equal(
            Run(made, "r").activation_map(scan_id), Run(study, "r").activation_map(scan_id)
        )


def test_export_of_tables(study, tmp_path):
    export(study, "r", "tables", tmp_path)
    table = pd.read_csv(tmp_path / "clusters.csv")
    names = ["scan_id", "subject_id", "cluster", "confidence", "q_1", "q_2", "x", "y"]
    assert table.columns.tolist() == names
    np.testing.assert_allclose(table[["q_1", "q_2"]].max(axis=1), table["confidence"], atol=1e-6)
    export(study, "r", "latent", tmp_path)
    latent = pd.read_csv(tmp_path / "latent.csv", index_col="scan_id")
    np.testing.assert_allclose(latent, Run(study, "r").array("latent"), atol=1e-6)


def test_exported_maps_lie_in_the_scans_own_place(study, tmp_path):
    export(study, "r", "maps", tmp_path)
    image = nibabel.load(tmp_path / "s02.nii.gz")
    assert image.shape == (32, 16, 16)  # twice as fine along i as the grid
    np.testing.assert_allclose(image.affine, np.diag([2.0, 4, 4, 1]))
    stored = Run(study, "r").activation_map("s02")
    values = np.asanyarray(image.dataobj)
    np.testing.assert_allclose(values[::2], stored, atol=1e-6)
    between = (stored[:-1] + stored[1:]) / 2
    np.testing.assert_allclose(values[1:-1:2], between, atol=1e-6)


def test_outside_the_grid_a_map_is_zero():
    ones = np.ones((4, 4), np.float32)
    moved = np.eye(4)
    moved[0, 3] = 2
    found = on_own_grid(ones, moved, (4, 4), np.eye(4))
    np.testing.assert_array_equal(found, np.repeat([[0], [0], [1], [1]], 4, axis=1))


def test_export_of_something_else_is_refused(study, tmp_path):
    with pytest.raises(SettingsError, match="choose tables, figures, latent, features, maps"):
        export(study, "r", "everything", tmp_path)


def test_select_stores_a_recommendation(study):
    settings = SelectSettings(k_max=3, n_bootstrap=4, n_references=20)
    summary = select(study, "r", settings)
    stored = Run(study, "r").selection()
    assert stored["reason"] == summary.sentences[0]
    assert [row["n_clusters"] for row in stored["rows"]] == [2, 3]
    assert stored["recommended"] == summary.values["recommended"]


def test_the_reference_is_that_of_the_cohort(study):
    run = Run(study, "r")
    stored = load_file(run.reference())
    assert stored["counts"].tolist() == [1, 16, 16]


def test_the_number_of_workers_changes_no_byte(tmp_path, study):
    copy = Study(shutil.copytree(study.folder, tmp_path / "s"))
    localize(copy, "r", LocalizeSettings(), workforce=Workforce(2))
    before, after = Run(study, "r"), Run(copy, "r")
    for name in ("maps", "cluster_maps", "cluster_means", "cluster_masks"):
        np.testing.assert_array_equal(after.array(name), before.array(name))
    assert after.reference().read_bytes() == before.reference().read_bytes()
    pd.testing.assert_frame_equal(after.maps(), before.maps(), check_exact=True)
    assert after.info().localized == before.info().localized
