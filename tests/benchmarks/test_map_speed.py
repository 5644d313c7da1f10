"""What is timed is right: peers make the maps that they are said to make, and ours are equal."""

import subprocess

import numpy as np
import pytest
import torch

from benchmarks import cohort_speed, map_peers, map_speed, train_speed
from benchmarks.map_peers import make_example
from clam_core.localization import make_maps, make_reference
from clam_core.settings import LocalizeSettings, NetworkSettings, TrainSettings

GRID = (16, 16, 16)
SMALL = NetworkSettings(channels=(4, 6, 8), n_latent=5)


@pytest.fixture(scope="module")
def example():
    return make_example(GRID, SMALL)


@pytest.fixture(scope="module")
def reference(example):
    return make_reference(example.model, [example.images], 2)


def test_the_example_tells_its_scans_apart(example):
    with torch.no_grad():
        found = example.model(example.images)
    assert found[0, 0] == pytest.approx(0.9, abs=1e-4)  # kernel 1 / (1 + d^2 / scale), d^2 = 8
    assert found[1, 1] == pytest.approx(0.9, abs=1e-4)


def test_maps_equal_plain_ones(example, reference):
    errors = map_speed.largest_errors(example, reference)
    assert set(errors) == {"paper", "integrated"}
    assert all(0 <= error < map_speed.EQUAL for error in errors.values())


def test_an_error_would_be_seen(example, reference, monkeypatch):
    plain = map_peers.plain_paper_map(example)
    monkeypatch.setattr(map_speed, "plain_paper_map", lambda _: 1.01 * plain)
    assert map_speed.largest_errors(example, reference)["paper"] == pytest.approx(0.01, rel=0.05)


def test_the_plain_integrated_map_is_complete(example, reference):
    nodes = make_maps(
        example.model, example.image, LocalizeSettings(layer=2, target=1), reference
    ).nodes
    with torch.no_grad():
        q = example.model(example.image)[0, 0]
        start = example.model.log_assign_from(reference.activation, 2).exp()[0, 0]
    due = float(torch.logit(q) - torch.logit(start))
    assert nodes.sum() == pytest.approx(due, rel=0.01)
    plain = map_peers.plain_integrated_map(example, 2, 256)
    assert plain.sum() / 4**3 == pytest.approx(due, rel=0.05)  # a node is 4 cubed voxels


def test_torch_cam_makes_score_cam_of_the_same_layer(example):
    pytest.importorskip("torchcam")
    peer = map_peers.torch_cam_map(example, batch_size=3)[0].numpy()
    settings = LocalizeSettings(variant="score_cam", target=1)
    found = make_maps(example.model, example.image, settings).raw[0]
    assert peer.shape == (2, 2, 2)
    # torch-cam takes the positive part before upsampling, so that the two are not equal.
    means = found.reshape(2, 8, 2, 8, 2, 8).mean(axis=(1, 3, 5))
    assert np.corrcoef(means.ravel(), peer.ravel())[0, 1] > 0.95


def test_the_published_procedure_resembles_the_papers_map(example):
    """A cubic spline is not linear interpolation, so that the two are not the same."""
    found = map_peers.published_map(example)
    paper = map_peers.plain_paper_map(example)
    assert np.corrcoef(found.ravel(), paper.ravel())[0, 1] > 0.9
    assert not np.allclose(found, paper, atol=1e-3)
    eleven = map_peers.published_map(example, range(3))
    assert np.abs(eleven - found).max() > 1e-3


def test_everything_is_called_in_turn():
    told = []
    names = ("paper", "published", "torch-cam")
    found = map_speed.interleave({name: lambda name=name: told.append(name) for name in names}, 2)
    assert told == ["paper", "torch-cam", *names, *names]
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(names, 2)


def test_figures_say_what_is_reached():
    seconds = {
        "paper": [1.0, 2.0],
        "published": [40.0, 80.0],
        "integrated 16": [0.3, 0.3],
        "integrated 8": [0.1, 0.1],
        "torch-cam": [2.5, 2.5],
        "torch-cam, 2 at once": [2.0, 2.0],
    }
    figures = {f.what: f for f in (*map_speed._paper(seconds), *map_speed._integrated(seconds))}
    assert figures["Paper's map against the authors' procedure"].reached == "yes"
    assert figures["Paper's map against torch-cam"].reached == "no"  # (0.4 + 0.8) / 2
    assert figures["Integrated map, 16 steps, against torch-cam"].reached == "no"
    assert figures["Integrated map, 8 steps, against torch-cam"].value == "1 / 25.0"


def test_without_torch_cam_a_sentence_stands_in_its_place(example, reference, monkeypatch):
    monkeypatch.setattr(map_speed, "has_torch_cam", lambda: False)
    names = map_speed.calls(example, reference)
    assert "torch-cam" not in names
    figures = map_speed._integrated({name: [1.0] for name in names})
    assert [figure.how for figure in figures if not figure.value] == [map_speed.NO_TORCH_CAM] * 2


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with map_speed.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_both_loops_train_the_same_network():
    settings = TrainSettings(epochs=6, noise_sd=0, shift_voxels=0, schedule="constant")
    course = train_speed.race((16, 16, 16), 4, SMALL, settings)
    assert len(course.ours) == len(course.plain) == 6
    assert course.our_losses == pytest.approx(course.plain_losses, rel=1e-4)
    assert course.nudged_losses == pytest.approx(course.plain_losses, rel=1e-3)
    assert course.our_losses[-1] < 1.1


def test_cost_of_a_cohort_comes_from_a_process_of_its_own(monkeypatch):
    told = []

    def run(command, *, input, **options):
        told.append(input)
        return subprocess.CompletedProcess(
            command, 0, '{"seconds": 0.01, "peak_mib": 300.0, "added_mib": 30.0}'
        )

    monkeypatch.setattr(subprocess, "run", run)
    figures = cohort_speed.measure((50, 200), 2)
    assert told[:2] == ['["map_cost", "paper"]', '["map_cost", "integrated"]']
    assert told[2:] == ['["cohort_cost", 50]', '["cohort_cost", 200]'] * 2
    assert [figure.reached for figure in figures] == ["yes"] * 4


def test_cost_of_a_small_cohort():
    cost = cohort_speed.cohort_cost(8)
    assert cost.seconds > 0
    assert cost.peak_mib is None or cost.peak_mib > cost.added_mib >= 0
