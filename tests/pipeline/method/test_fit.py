"""Step `fit` on a simulated study: right groups, aligned tables, resumable, never overwritten."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from benchmarks.scores import accuracy
from clam_core.embedding import embed
from clam_core.errors import AlignmentError, MissingStepError, SettingsError, StudyError
from clam_core.fitting.fit_cohort import look
from clam_core.fitting.simple_views import zonal_density
from clam_core.pipeline.method.fit import fit, settings_for, source_of
from clam_core.pipeline.method.weights import load_model
from clam_core.settings import EmbedSettings
from clam_core.settings.plain_look import plain_sentences
from clam_core.study import Run, ScanWriter, run_names
from clam_core.training import CohortImages
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of
from tests.study.make import GRID as GRID_OF_MADE
from tests.study.make import empty, prepared, ready_table


@pytest.fixture(scope="module")
def found():
    return cohort()


@pytest.fixture(scope="module")
def study(tmp_path_factory, found):
    made = study_of(tmp_path_factory.mktemp("study") / "s", found)
    fit(made, "first", QUICK)
    return made


def test_the_groups_are_found(study, found):
    table = Run(study, "first").scans()
    assert accuracy(found.groups, table["cluster"].to_numpy() - 1) == 1.0
    assert Run(study, "first").info().method == "profiles"


def test_every_result_has_one_row_per_scan_that_is_ready(study, found):
    run = Run(study, "first")
    n_scans = len(found.volumes)
    table = run.scans()
    assert table.index.tolist() == [f"s{row:02d}" for row in range(n_scans)]  # not the failed one
    soft = run.array("soft_assignment")
    assert soft.shape == (n_scans, 2)
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(soft.argmax(axis=1) + 1, table["cluster"])
    np.testing.assert_allclose(soft.max(axis=1), table["confidence"], atol=1e-6)
    assert run.array("latent").shape == (n_scans, 4)
    assert table[["x", "y", "silhouette", "trust", "margin"]].notna().all().all()


def test_the_log_has_a_row_per_epoch(study):
    rows = Run(study, "first").history()
    assert [(row["phase"], row["epoch"]) for row in rows] == [("pretrain", n) for n in (1, 2, 3)]
    assert rows[-1]["reconstruction"] < rows[0]["reconstruction"]


def test_a_stored_model_says_the_same_again(study):
    run = Run(study, "first")
    model, scale = load_model(run)
    images = CohortImages(source_of(study, run.scans().index.tolist()), scale)
    seen = look(model, images)
    np.testing.assert_allclose(seen.soft_assignment, run.array("soft_assignment"), atol=1e-5)
    np.testing.assert_allclose(seen.latent, run.array("latent"), atol=1e-5)


def test_largest_cluster_first(tmp_path):
    found = cohort(n_per_group=9)
    keep = np.r_[np.flatnonzero(found.groups == 0)[:3], np.flatnonzero(found.groups == 1)]
    few = type(found)("few", found.volumes[keep], found.masks[keep], found.groups[keep])
    made = study_of(tmp_path / "s", few)
    fit(made, "r", QUICK)
    assert Run(made, "r").scans()["cluster"].value_counts().to_dict() == {1: 9, 2: 3}


def test_the_same_fit_again_is_not_done_again_and_another_is_refused(study):
    again = fit(study, "first", QUICK)
    assert again.sentences[1].startswith("Nothing to do")
    with pytest.raises(StudyError, match="already a run 'first' with other settings"):
        fit(study, "first", QUICK.model_copy(update={"n_clusters": 3}))
    assert run_names(study) == ["first"]


@pytest.mark.parametrize("method", ["kmeans", "gmm", "graph", "dcec"])
def test_every_method_ends_in_a_run(study, method):
    summary = fit(study, method, QUICK.model_copy(update={"method": method}))
    run = Run(study, method)
    assert summary.values["method"] == run.info().method == method
    assert sum(summary.values["sizes"]) == len(run.scans())
    if method == "dcec":
        assert {row["phase"] for row in run.history()} == {"pretrain", "refine"}


def test_with_three_clusters_confidence_and_margin_are_the_first_two(study):
    fit(study, "three", QUICK.model_copy(update={"method": "kmeans", "n_clusters": 3}))
    run = Run(study, "three")
    table, soft = run.scans(), run.array("soft_assignment").astype(float)
    assert table["cluster"].value_counts().sort_index().is_monotonic_decreasing
    for row, (_, line) in enumerate(table.iterrows()):
        third, second, first = sorted(soft[row])
        assert line["cluster"] == 1 + soft[row].tolist().index(first)
        assert line["confidence"] == pytest.approx(first, abs=1e-6)
        assert line["margin"] == pytest.approx(first - second, abs=1e-6)
        assert second - third > 1e-4  # so that the third would be seen


def test_the_silhouettes_are_those_of_what_was_clustered(study):
    """Rousseeuw's formula, written out, on the features (not on the latent codes)."""
    run = Run(study, "first")
    features, clusters = run.array("features").astype(float), run.scans()["cluster"].to_numpy()
    distance = np.linalg.norm(features[:, None] - features, axis=2)
    expected = []
    for row, cluster in enumerate(clusters):
        own = np.delete(distance[row], row)[np.delete(clusters, row) == cluster].mean()
        other = distance[row][clusters != cluster].mean()
        expected.append((other - own) / max(own, other))
    np.testing.assert_allclose(run.scans()["silhouette"], expected, atol=1e-5)


def test_the_plane_is_drawn_as_asked_and_with_the_runs_seed(tmp_path, found, monkeypatch):
    asked = []

    def noted(features, settings):
        asked.append(settings)
        return embed(features, settings)

    monkeypatch.setattr("clam_core.pipeline.method.store_fit.embed", noted)
    made = study_of(tmp_path / "s", found)
    fit(made, "r", QUICK.model_copy(update={"seed": 7}))
    assert asked == [EmbedSettings(method="pca", seed=7)]


def test_a_broken_off_fit_goes_on_to_the_same_numbers(tmp_path, found, study):
    made = study_of(tmp_path / "s", found)

    def stop(stage, done, total):
        if stage == "Training" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(made, "first", QUICK, stop)
    assert run_names(made) == []
    assert [row["epoch"] for row in Run(made, "first").history()] == [1, 2]
    seen = []
    fit(made, "first", QUICK, lambda *told: seen.append(told[:2]), resume=True)
    assert ("Training", 1) not in seen
    assert ("Training", 3) in seen
    ours, theirs = Run(made, "first"), Run(study, "first")
    np.testing.assert_array_equal(ours.array("latent"), theirs.array("latent"))
    assert ours.history() == theirs.history()


def test_a_study_whose_scans_all_failed_says_why(tmp_path):
    made = empty(tmp_path / "e")
    table = ready_table(made)
    table["status"], table["reason"] = "failed", ["Too dark.", "No lungs.", "No lungs."]
    with made.lock(), ScanWriter(made, GRID_OF_MADE) as writer:
        writer.start("f")
        writer.commit(table, prepared().model_copy(update={"n_ready": 0}))
    with pytest.raises(
        MissingStepError, match="3 scans failed, 2 of them for this reason: No lungs.$"
    ):
        fit(made, "r", QUICK)


def test_words_for_what_cannot_be_fitted(tmp_path, study, found):
    with pytest.raises(MissingStepError, match="run the step 'preprocess' first"):
        fit(empty(tmp_path / "e"), "r", QUICK)
    with pytest.raises(StudyError, match="16 scans cannot form 16 clusters"):
        fit(study, "many", QUICK.model_copy(update={"n_clusters": 16}))
    with pytest.raises(StudyError, match="cannot be called '../x'"):
        fit(study, "../x", QUICK)
    with pytest.raises(SettingsError, match="There is no preset 'best'; choose default, fast"):
        settings_for(study, "best", 2)
    same = type(found)("same", np.repeat(found.volumes[:1], 6, 0), None, np.zeros(6, int))
    with pytest.raises(Exception, match="equal|same"):
        fit(study_of(tmp_path / "same", same), "r", QUICK.model_copy(update={"method": "kmeans"}))


def test_weights_that_do_not_fit_are_refused(tmp_path, found):
    made = study_of(tmp_path / "s", found)
    fit(made, "r", QUICK)
    path = Run(made, "r").weights()
    tensors = load_file(path)
    save_file({**tensors, "autoencoder.to_latent.bias": tensors["head.centers"].clone()}, path)
    with pytest.raises(AlignmentError, match="belong to another run"):
        load_model(Run(made, "r"))
    path.write_bytes(b"pickle")
    with pytest.raises(StudyError, match="missing or damaged"):
        load_model(Run(made, "r"))


def test_presets_follow_the_study(study):
    assert settings_for(study, "default", 3).scale.align_brightness is None
    paper = settings_for(study, "paper", 2)
    assert (paper.method, paper.network.n_latent, paper.train.epochs) == ("dcec", 60, 100)
    assert settings_for(study, "paper", 2, method="kmeans").method == "kmeans"


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_numbers(tmp_path, found, study):
    made = study_of(tmp_path / "s", found)
    (tmp_path / "settings.json").write_text(json.dumps(QUICK.model_dump(mode="json")))
    code = (
        "import json, sys; from clam_core.pipeline.method.fit import fit;"
        "from clam_core.study import Study;"
        "from clam_core.settings import FitSettings;"
        "fit(Study(sys.argv[1]), 'first', FitSettings(**json.load(open(sys.argv[2]))), resume=True)"
    )
    command = [sys.executable, "-c", code, str(made.folder), str(tmp_path / "settings.json")]
    rng = np.random.default_rng(0)
    for _ in range(20):
        process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            process.wait(timeout=float(rng.uniform(1.5, 6)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    subprocess.run(command, check=True)
    ours, theirs = Run(made, "first"), Run(study, "first")
    np.testing.assert_allclose(ours.array("latent"), theirs.array("latent"), atol=1e-5)
    assert ours.scans()["cluster"].tolist() == theirs.scans()["cluster"].tolist()
    assert tuple(made.info.prepared.settings.grid) == GRID


def test_plain_ways_are_stored_beside_the_clusters(study, found):
    again = fit(study, "first", QUICK)
    plain = Run(study, "first").info().plain
    assert set(plain.agreement) == {"histogram", "density", "pca"}
    assert plain.apart["clustered"] > 0.3
    assert plain.density.clusters == (1, 2)
    inside = [volume[mask] for volume, mask in zip(found.volumes, found.masks, strict=True)]
    assert min(map(np.min, inside)) <= min(plain.density.medians)
    zone = {"lower": 0, "middle": 1, "upper": 2}[plain.density.zone]
    medians = np.array(
        [
            zonal_density(*scan)[5 * zone + 2]
            for scan in zip(found.volumes, found.masks, strict=True)
        ]
    )
    clusters = Run(study, "first").scans()["cluster"].to_numpy()
    for cluster, told in zip((1, 2), plain.density.medians, strict=True):
        assert told == np.median(np.clip(medians[clusters == cluster], -1000, 400))
    assert again.values["plain"] == plain.model_dump(mode="json")
    assert set(plain_sentences(plain)) <= set(again.sentences)
