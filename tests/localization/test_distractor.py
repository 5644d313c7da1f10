"""The decisive test: an equal blob in every scan must get none of the map."""

import numpy as np
import pytest
import torch

from clam_core.localization import (
    FaithfulnessSettings,
    check_randomization,
    make_maps,
    make_reference,
    map_layer,
    measure_faithfulness,
    score_against_truth,
    summarize,
)
from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.phantom import SimulationSettings, simulation_cohort
from clam_core.settings import LocalizeSettings, NetworkSettings

N_EPOCHS, N_SUPERVISED, NOISE, WEIGHT = 5, 8, 0.3, 0.1
N_SHOWN = 10


@pytest.fixture(scope="module")
def cohort():
    settings = SimulationSettings(
        scenario="location", anatomy="fixed", distractor=True, n_per_group=16
    )
    scans = list(simulation_cohort(settings))
    hu = np.stack([scan.volume.array for scan in scans]).astype(np.float32)
    masks = np.stack([scan.lung_mask for scan in scans])
    values = np.clip(hu, -1000, 400)
    values[~masks] = values[masks].mean()
    values = (values - values.mean()) / values[masks].std()
    groups = torch.tensor([scan.truth["group"] == "upper" for scan in scans]).long()
    return scans, masks, torch.from_numpy(values)[:, None], groups


@pytest.fixture(scope="module")
def model(cohort):
    """A network that knows the groups: it is the map that is tested, not the clustering."""
    _, _, images, groups = cohort
    network = seeded_autoencoder(tuple(images.shape[2:]), NetworkSettings(), 0)
    rng = torch.Generator().manual_seed(0)
    weight = torch.zeros(2, 60, requires_grad=True)
    optimizer = torch.optim.Adam([*network.parameters(), weight], lr=2e-3)
    for epoch in range(N_EPOCHS + N_SUPERVISED):
        for rows in torch.randperm(len(images), generator=rng).split(8):
            noise = NOISE * torch.randn(images[rows].shape, generator=rng)
            reconstructed, latent = network(images[rows] + noise)
            loss = (reconstructed - images[rows]).square().mean()
            if epoch >= N_EPOCHS:
                known = torch.nn.functional.cross_entropy(latent @ weight.T, groups[rows])
                loss = loss + WEIGHT * known
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        latent = network.encode(images)
    centers = torch.stack([latent[groups == group].mean(dim=0) for group in (0, 1)])
    spread = float((latent - centers[groups]).square().sum(dim=1).mean())
    made = ClusterModel(network, LatentFeatures(), StudentHead(centers, spread))
    assert torch.equal(made(images).argmax(dim=1), groups)
    return made


def scores_of(model, cohort, **settings):
    """Maps of the first scans; the reference is that of the whole cohort."""
    scans, masks, images, _ = cohort
    made = LocalizeSettings(**settings)
    reference = make_reference(model, [images], map_layer(model, made))
    shown = images[:N_SHOWN]
    maps = make_maps(model, shown, made, reference)
    truth = [
        score_against_truth(one, scan.lesion_mask, scan.distractor_mask)
        for one, scan in zip(maps.raw, scans[:N_SHOWN], strict=True)
    ]
    tested = measure_faithfulness(
        model, shown, maps, reference, FaithfulnessSettings(n_random=2), masks[:N_SHOWN]
    )
    return maps, truth, summarize(tested), made


def test_default_map_avoids_the_distractor_and_the_papers_does_not(model, cohort):
    maps, truth, tested, settings = scores_of(model, cohort)
    assert np.mean([one.lesion_share for one in truth]) >= 0.95
    assert np.mean([one.peak_on_lesion for one in truth]) >= 0.95
    assert maps.completeness.max() <= 0.01
    _, paper_truth, paper_tested, _ = scores_of(model, cohort, variant="paper")
    assert np.mean([one.lesion_share for one in paper_truth]) == pytest.approx(0.5, abs=0.1)
    assert tested["deletion_auc"] < paper_tested["deletion_auc"]
    assert tested["insertion_auc"] > paper_tested["insertion_auc"]
    assert tested["share_moved_as_it_should"] > paper_tested["share_moved_as_it_should"]
    _, _, images, _ = cohort
    alike = check_randomization(model, images[:N_SHOWN], maps, settings, [images])
    assert np.nanmean([one.pearson for one in alike]) <= 0.4
    assert np.nanmean([one.spearman for one in alike]) <= 0.4


def test_maps_of_two_clusters_differ(model, cohort):
    _, _, images, _ = cohort
    reference = make_reference(model, [images], 2)
    one, other = (
        make_maps(model, images[:N_SHOWN], LocalizeSettings(target=cluster), reference).positive
        for cluster in (1, 2)
    )
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other, strict=True)]
    assert np.max(alike) < 0.5
