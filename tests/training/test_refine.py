"""The clustering phase: its loss by hand, its target, its guard, its resumption."""

import numpy as np
import pytest
import torch

from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models import borrowed as borrow
from clam_core.settings import RefineSettings, TrainSettings
from clam_core.training import Context, encode, pretrain, refine
from clam_core.training.refine import Clustering
from clam_core.training.update import squared_error
from tests.models.test_assignment import plain_soft_assign, plain_target
from tests.training.make import images, network, state_of
from tests.training.test_resume import Killed, file_in, kill_after

N_SCANS = 14
SETTINGS = RefineSettings(
    epochs=6, refresh_every=2, batch_size=5, learning_rate=1e-3, tolerance=0, seed=4
)


@pytest.fixture(scope="module")
def pretrained():
    """Weights that tell high from low balls apart a little."""
    model = network()
    settings = TrainSettings(epochs=15, batch_size=5, learning_rate=3e-3, noise_sd=0.2)
    pretrain(model, images(N_SCANS), settings)
    return state_of(model)


def clustered(weights, centers=None):
    """A model with the mean code of the first two scans of each group as centers."""
    model = network()
    model.load_state_dict(weights)
    if centers is None:
        codes = encode(model, images(N_SCANS)).latent
        centers = torch.stack([codes[0:4:2].mean(dim=0), codes[1:5:2].mean(dim=0)])
    return ClusterModel(model, LatentFeatures(), StudentHead(centers))


def plain_kl(p, q):
    return sum(
        p[i, j] * (np.log(p[i, j]) - np.log(q[i, j])) for i in range(len(p)) for j in range(2)
    )


def test_the_first_epoch_minimises_error_plus_weighted_divergence(pretrained):
    """Compared with an epoch written out: target of all scans, Adam, one batch."""
    settings = SETTINGS.model_copy(
        update={"epochs": 1, "batch_size": N_SCANS, "clustering_weight": 0.7}
    )
    cohort, model, plain = images(N_SCANS), clustered(pretrained), clustered(pretrained)
    everything = cohort.batch(torch.arange(N_SCANS))
    with torch.no_grad():
        reconstruction, codes = plain.autoencoder(everything)
    centers = plain.head.centers.detach().double().numpy()
    q = plain_soft_assign(codes.double().numpy(), centers, 1.0, 1.0)
    p = plain_target(q)
    error = float(((reconstruction - everything) ** 2).double().mean())

    row = refine(model, cohort, settings).history[0]
    assert row["reconstruction"] == pytest.approx(error, rel=1e-5)
    assert row["clustering"] == pytest.approx(plain_kl(p, q) / N_SCANS, rel=1e-4)

    optimizer = torch.optim.Adam(plain.parameters(), settings.learning_rate)
    reconstruction, codes = plain.autoencoder(everything)
    q = 1 / (1 + torch.cdist(codes, plain.head.centers) ** 2)
    q = q / q.sum(dim=1, keepdim=True)
    target = torch.tensor(p, dtype=torch.float32)
    divergence = (target * (target / q).log()).sum() / N_SCANS
    (((reconstruction - everything) ** 2).mean() + 0.7 * divergence).backward()
    optimizer.step()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-3, atol=2e-5)


def test_it_sharpens_the_clusters_and_trains_the_centers(pretrained):
    model, cohort = clustered(pretrained), images(N_SCANS)
    before = encode(model, cohort).soft_assignment
    settings = SETTINGS.model_copy(update={"epochs": 15, "clustering_weight": 2.0})
    trained = refine(model, cohort, settings)
    after = encode(model, cohort).soft_assignment
    assert not trained.is_backed_out
    assert trained.notes == []
    doubts = [1 - found.max(dim=1).values.mean() for found in (before, after)]
    assert doubts[1] < 0.75 * doubts[0]
    assert after.argmax(dim=1).tolist() == [0, 1] * (N_SCANS // 2)
    assert not torch.equal(model.head.centers, clustered(pretrained).head.centers)


def test_the_target_is_refreshed_on_time_and_from_all_scans(pretrained, monkeypatch):
    refreshed = []
    survey = Clustering.survey

    def spy(self):
        refreshed.append(found := survey(self))
        return found

    monkeypatch.setattr(Clustering, "survey", spy)
    history = refine(clustered(pretrained), images(N_SCANS), SETTINGS).history
    assert len(refreshed) == 3 + 2
    assert all(found[1].shape == (N_SCANS, 2) for found in refreshed)
    assert [row["changed"] for row in history] == [None, None, 0.0, None, 0.0, None]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    assert {row["phase"] for row in history} == {"refine"}


def test_it_stops_when_few_scans_change_cluster(pretrained):
    settings = SETTINGS.model_copy(update={"tolerance": 0.001, "epochs": 40})
    assert len(refine(clustered(pretrained), images(N_SCANS), settings).history) == 2


@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("killed", [(1,), (2, 3), (4, 6)])
def test_resumed_equals_unbroken_bit_for_bit(pretrained, tmp_path, killed, layout, monkeypatch):
    if layout == "last":
        monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    whole, cohort = clustered(pretrained), images(N_SCANS)
    expected = refine(whole, cohort, SETTINGS).history
    for epoch in killed:
        context = Context(file_in(tmp_path), resume=True, on_epoch=kill_after(epoch))
        with pytest.raises(Killed):
            refine(clustered(pretrained), cohort, SETTINGS, context)
    model = clustered(state_of(network(seed=8)), torch.zeros(2, 6))
    found = refine(model, cohort, SETTINGS, Context(file_in(tmp_path), resume=True))
    assert found.history == expected
    for name, value in state_of(whole).items():
        assert torch.equal(value, model.state_dict()[name])


def test_channels_last_refines_to_the_same_numbers(pretrained, monkeypatch):
    first, last, cohort = clustered(pretrained), clustered(pretrained), images(N_SCANS)
    expected = refine(first, cohort, SETTINGS).history
    monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    found = refine(last, cohort, SETTINGS).history
    losses = [[row["reconstruction"] for row in rows] for rows in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for name, value in state_of(first).items():
        torch.testing.assert_close(last.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def undone(model, cohort, settings, context=None):
    before = state_of(model)
    trained = refine(model, cohort, settings, context)
    assert trained.is_backed_out
    assert len(trained.notes) == 1
    for name, value in before.items():
        assert torch.equal(value, model.state_dict()[name])
    return trained


def test_a_collapse_is_undone_and_said(pretrained, monkeypatch):
    """A loss that draws all codes to one center: one cluster dies, at the next refresh."""

    def collapsing(self, rows, inputs, clean):
        codes = self._model.autoencoder.encode(inputs)
        far = (codes - self._model.head.centers[0].detach()).square().sum()
        return [far, far * 0]

    monkeypatch.setattr(Clustering, "terms", collapsing)
    settings = SETTINGS.model_copy(update={"learning_rate": 3e-3, "epochs": 60})
    model = clustered(pretrained)
    trained = undone(model, images(N_SCANS), settings)
    assert "left 1 of 2 clusters without scans, so it was undone" in trained.notes[0]
    assert len(trained.history) < 60
    clusters = encode(model, images(N_SCANS)).soft_assignment.argmax(dim=1)
    assert clusters.tolist() == [0, 1] * (N_SCANS // 2)


def worsening(self, rows, inputs, clean):
    """A loss that spoils the decoder and leaves the codes alone."""
    network = self._model.autoencoder
    error = squared_error(network.decode(network.encode(inputs).detach()), clean)
    return [-error, error * 0]


SPOILED = SETTINGS.model_copy(update={"learning_rate": 0.01, "epochs": 8})


def test_a_worse_reconstruction_is_undone(pretrained, monkeypatch):
    monkeypatch.setattr(Clustering, "terms", worsening)
    trained = undone(clustered(pretrained), images(N_SCANS), SPOILED)
    assert "made the reconstruction worse" in trained.notes[0]


def test_a_worse_silhouette_is_undone(pretrained, monkeypatch):
    """A loss that pulls the codes of both groups together, but not to one cluster."""

    def blurring(self, rows, inputs, clean):
        last = self._model.autoencoder.activations(inputs, 2)
        codes = self._model.autoencoder.latent(last)
        loss = (codes - codes.mean(dim=0).detach()).square().sum()
        middle = self._model.head.centers.mean(dim=0) - codes.mean(dim=0)
        return [loss + 10 * len(codes) * middle.square().sum(), loss * 0]

    monkeypatch.setattr(Clustering, "terms", blurring)
    settings = SETTINGS.model_copy(update={"learning_rate": 1e-3, "epochs": 3})
    trained = undone(clustered(pretrained), images(N_SCANS), settings)
    assert "made the silhouette worse" in trained.notes[0]


def test_a_loss_beyond_all_numbers_is_undone(pretrained, monkeypatch):
    terms = Clustering.terms

    def exploding(self, rows, inputs, clean):
        return [term * float("inf") for term in terms(self, rows, inputs, clean)]

    monkeypatch.setattr(Clustering, "terms", exploding)
    trained = undone(clustered(pretrained), images(N_SCANS), SETTINGS)
    assert "grow beyond all numbers" in trained.notes[0]
    assert trained.history == []


def test_a_start_with_a_dead_cluster_is_kept_and_said(pretrained):
    centers = torch.stack([torch.zeros(6), torch.full((6,), 1e4)])
    model = clustered(pretrained, centers)
    trained = undone(model, images(N_SCANS), SETTINGS)
    assert "1 of 2 clusters" in trained.notes[0]


def test_undone_also_when_resumed_to_the_same_start(pretrained, tmp_path, monkeypatch):
    monkeypatch.setattr(Clustering, "terms", worsening)
    model = clustered(pretrained)
    undone(model, images(N_SCANS), SPOILED, Context(file_in(tmp_path)))
    other = clustered(state_of(network(seed=8)), torch.zeros(2, 6))
    again = refine(other, images(N_SCANS), SPOILED, Context(file_in(tmp_path), resume=True))
    assert again.is_backed_out
    for name, value in state_of(model).items():
        assert torch.equal(value, other.state_dict()[name])
