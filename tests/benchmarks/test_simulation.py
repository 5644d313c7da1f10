"""The simulation benchmark: scores by hand, cohorts on their grid, tables with every way."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import simulation
from benchmarks.cohorts import Cohort, simulated
from benchmarks.rivals import RIVALS, histogram_and_kmeans, voxels_and_kmeans
from benchmarks.scores import accuracy, mutual_information
from clam_core.errors import AlignmentError
from clam_core.phantom import SimulationSettings


def test_accuracy_by_hand():
    groups = np.array([0, 0, 0, 1, 1, 2])
    assert accuracy(groups, np.array([2, 2, 2, 0, 0, 1])) == 1
    assert accuracy(groups, np.array([1, 1, 0, 0, 0, 0])) == pytest.approx(4 / 6)
    assert accuracy(groups, np.zeros(6, int)) == 0.5
    with pytest.raises(AlignmentError, match="6 groups do not fit 2 clusters"):
        accuracy(groups, np.array([0, 1]))


def test_mutual_information_by_hand():
    assert mutual_information(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])) == pytest.approx(1)
    assert mutual_information(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])) == pytest.approx(0)


def test_lesions_stay_in_place_on_the_grid():
    settings = SimulationSettings(
        scenario="presence", anatomy="varying", n_per_group=4, grid=(36, 36, 36), distractor=True
    )
    found = simulated(settings, (24, 24, 24))
    assert found.n_groups == 2
    for row, group in enumerate(found.groups):
        lesion, lungs = found.lesions[row], found.masks[row]
        assert lesion.any() == (group == 1)
        assert found.distractors[row].any()
        if group:
            hu = found.volumes[row]
            assert hu[lesion].mean() > hu[lungs & ~lesion].mean() + 60
            assert lungs[lesion].mean() > 0.9


def bright(n_scans=12):
    rng = np.random.default_rng(0)
    volumes = rng.normal(-850, 20, (n_scans, 8, 8, 8))
    groups = np.arange(n_scans) % 2
    volumes[groups == 1] += 300
    masks = np.ones(volumes.shape, bool)
    return Cohort("bright", volumes.astype(np.int16), masks, groups)


@pytest.mark.parametrize("rival", [voxels_and_kmeans, histogram_and_kmeans])
def test_rivals_find_what_is_plain(rival):
    found = bright()
    assert accuracy(found.groups, rival(found, 0)) == 1


def test_masks_hide_what_lies_outside():
    found = bright()
    found.masks[:] = False
    found.masks[:, 2:6, 2:6, 2:6] = True
    noise = np.random.default_rng(1).integers(-1000, 400, found.volumes.shape)
    hidden = np.where(found.masks, found.volumes, noise).astype(np.int16)
    same = Cohort("same", hidden, found.masks, found.groups)
    for rival in (voxels_and_kmeans, histogram_and_kmeans):
        np.testing.assert_array_equal(rival(found, 0), rival(same, 0))


def test_the_untrained_way_differs_in_training_only():
    from clam_core.fitting import preset_settings

    default = preset_settings("default", 2)
    ways = simulation.ways(default)
    assert "UMAP + Gaussian mixture" in simulation.ways(default, is_masked=False)
    assert "graph on latent codes" in simulation.ways(default, 2, is_masked=False)
    assert ways["default"] == default
    untrained = ways["untrained encoder, same features"]
    assert untrained.train.epochs == 0
    assert untrained.model_copy(update={"train": default.train}) == ways["focal view"]
    assert ways["focal view"] == default.model_copy(update={"method": "profiles"})
    assert "focal view" not in simulation.ways(default, is_masked=False)


def test_summary_is_mean_and_worst():
    rows = pd.DataFrame(
        {"way": ["a", "a", "b", "b"], "anatomy": "fixed", "accuracy": [1.0, 0.5, 0.8, 0.8]}
    )
    found = simulation.summarize(rows, ["anatomy"])
    assert found["fixed"].tolist() == ["0.750 (0.50)", "0.800 (0.80)"]


@pytest.mark.slow
def test_every_way_on_one_cohort():
    plan = simulation.Plan(("fixed",), 1, ("chest",))
    rows = simulation.simulate(plan, lambda *_: None)
    expected = {"default", "untrained encoder, same features", "latent codes + k-means", "DCEC"}
    assert set(rows["way"]) == expected | set(RIVALS)
    assert rows[rows["way"] == "default"]["accuracy"].min() == 1
