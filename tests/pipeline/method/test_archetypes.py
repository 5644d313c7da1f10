"""Decoded centers and the ways between them, against a decoder run by hand."""

import itertools
import math

import numpy as np
import pytest
import torch

from clam_core.pipeline.method.archetypes import latent_centers, steps_between
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.weights import load_model
from clam_core.settings import LocalizeSettings
from clam_core.study import Run
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One run whose clusters live in profiles, one whose clusters live in latent codes."""
    study = study_of(tmp_path_factory.mktemp("study") / "s", cohort())
    for name in ("profiles", "kmeans"):
        fit(study, name, QUICK.model_copy(update={"method": name}))
        localize(study, name, LocalizeSettings(variant="grad_cam"))
    return {name: Run(study, name) for name in ("profiles", "kmeans")}


def decoded(run, code):
    """What the decoder makes of a code, in the study's unit."""
    model, scale = load_model(run)
    with torch.no_grad():
        image = model.autoencoder.decode(torch.tensor(code, dtype=torch.float32)[None])[0, 0]
    return image.numpy() * scale.sd + scale.mean


@pytest.mark.parametrize("name", ["profiles", "kmeans"])
def test_archetypes_are_decoded_means_of_the_members(runs, name):
    run = runs[name]
    latent, clusters = run.array("latent"), run.scans()["cluster"].to_numpy()
    about = run.info().localized["archetypes"]
    assert about["is_fitted_center"] is (name == "kmeans")
    assert about["is_relative"] is True  # every scan has a mask
    for cluster in (1, 2):
        mean = latent[clusters == cluster].mean(axis=0)  # k-means' centers are means as well
        found = run.array_row("archetypes", cluster - 1)
        assert found.shape == GRID
        np.testing.assert_allclose(found, decoded(run, mean), atol=0.5, rtol=2e-3)


def test_the_way_leads_in_even_steps_from_one_center_to_the_other(runs):
    run = runs["profiles"]
    n_between = run.info().localized["archetypes"]["n_between"]
    assert n_between == 9
    latent, clusters = run.array("latent"), run.scans()["cluster"].to_numpy()
    first, second = (latent[clusters == c].mean(axis=0) for c in (1, 2))
    for step in (0, 4, 8):
        share = (step + 1) / 10
        expected = decoded(run, (1 - share) * first + share * second)
        found = run.array_row("archetype_paths", step)
        np.testing.assert_allclose(found, expected, atol=0.5, rtol=2e-3)


def test_mean_masks_are_the_share_of_members_with_lung_there(runs):
    run = runs["kmeans"]
    clusters = run.scans()["cluster"]
    for cluster in (1, 2):
        members = clusters.index[clusters == cluster]
        expected = np.mean([run.study.mask(scan_id) for scan_id in members], axis=0)
        np.testing.assert_allclose(run.array_row("cluster_masks", cluster - 1), expected, atol=1e-6)


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 8, 50])
@pytest.mark.parametrize("grid", [(16, 16, 16), (88, 88, 88), (256, 256, 256), (64, 64)])
def test_the_ways_of_all_pairs_fit_into_the_space_allowed(n_clusters, grid):
    n_between = steps_between(n_clusters, grid)
    n_pairs = len(list(itertools.combinations(range(n_clusters), 2)))
    assert 0 <= n_between <= 9
    assert n_pairs * n_between * math.prod(grid) * 2 <= 128 << 20
    if n_pairs and n_between < 9:  # one more would not fit
        assert n_pairs * (n_between + 1) * math.prod(grid) * 2 > 128 << 20


def test_a_cluster_without_members_gets_the_mean_of_all(runs):
    model, _ = load_model(runs["profiles"])
    latent = runs["profiles"].array("latent")
    centers, is_fitted = latent_centers(model, latent, np.zeros(len(latent), int))
    assert not is_fitted
    np.testing.assert_allclose(centers[1].numpy(), latent.mean(axis=0), rtol=1e-5)
