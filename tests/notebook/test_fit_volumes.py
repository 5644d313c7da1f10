"""Volumes in memory give what the same volumes give in a study."""

import numpy as np
import pytest
import torch

import clam_core as clam
from clam_core.errors import AlignmentError, ReadError, SettingsError
from clam_core.localization import scale_maps
from tests.pipeline.simulated import cohort, study_of


def same_threads(fit, *arguments):
    """A fit on one thread: UMAP changes the number for what comes after it, and with it sums."""
    torch.set_num_threads(1)
    return fit(*arguments, epochs=2, seed=1, progress=False)


@pytest.fixture(scope="module")
def found():
    return cohort(6)


@pytest.fixture(scope="module")
def fitted(found):
    return same_threads(clam.fit_volumes, found.volumes, found.masks)


@pytest.fixture(scope="module")
def study(tmp_path_factory, found):
    made = study_of(tmp_path_factory.mktemp("study") / "s", found)
    return clam.open_study(made.folder)


@pytest.fixture(scope="module")
def run(study):
    return same_threads(clam.fit, study)


def test_the_numbers_are_those_of_a_study(fitted, run):
    for name in ("soft_assignment", "latent", "features", "embedding"):
        np.testing.assert_array_equal(getattr(fitted, name), getattr(run, name))
    table = run.stored.scans()
    np.testing.assert_array_equal(fitted.clusters, table["cluster"])
    kept = ["cluster", "confidence", "margin", "x", "y", "trust", "silhouette"]
    np.testing.assert_array_equal(fitted.table()[kept], table[kept])
    assert fitted.table().index.tolist() == list(range(len(table)))
    assert len(fitted.history()) == len(run.history()) == 2


def test_maps_are_those_of_a_study(fitted, run):
    row = 2
    made = run.explain(f"s{row:02d}")
    np.testing.assert_array_equal(fitted.map(row), scale_maps(made.signed[None])[0])
    np.testing.assert_array_equal(fitted.map(row - fitted.source.n_scans), fitted.map(row))
    assert fitted.explain(row).line == made.line
    own = int(fitted.clusters[row])
    assert not np.array_equal(fitted.map(row, target=3 - own), fitted.map(row))
    with pytest.raises(IndexError):
        fitted.map(fitted.source.n_scans)


def test_volumes_of_a_study_can_be_given(study, fitted):
    again = same_threads(clam.fit_volumes, study.volumes, study.masks)
    np.testing.assert_array_equal(again.soft_assignment, fitted.soft_assignment)


def test_the_same_volumes_are_assigned_as_they_were_fitted(fitted, found):
    table = fitted.assign(found.volumes[3:5], found.masks[3:5])
    np.testing.assert_allclose(table[["q_1", "q_2"]], fitted.soft_assignment[3:5], atol=1e-6)
    np.testing.assert_array_equal(table["cluster"], fitted.clusters[3:5])
    np.testing.assert_allclose(table["confidence"], fitted.confidence[3:5], atol=1e-6)


def test_it_says_what_it_is(fitted):
    first, second = np.bincount(fitted.clusters)[1:]
    assert f"2 ({first}, {second} volumes)" in repr(fitted)
    assert "<td style='text-align:left'>profiles</td>" in fitted._repr_html_()


def test_fractions_become_whole_numbers_within_the_range_of_hu(found):
    shifted = np.asarray(found.volumes, np.float64) + 0.3
    shifted[0, 0, 0, 0] = 9000
    source = clam.fit_volumes(shifted, epochs=1, progress=False).source
    volume, mask = source.read(0)
    assert mask is None
    assert volume[0, 0, 0] == 3071
    np.testing.assert_array_equal(volume.ravel()[1:], found.volumes[0].ravel()[1:])


def test_arbitrary_units_are_multiplied(found):
    small = np.asarray(found.volumes, np.float64) / 1000
    with pytest.raises(ReadError, match=r"Volume number 1: .* set the intensity factor"):
        clam.fit_volumes(small, unit="arbitrary", epochs=1, progress=False)
    made = clam.fit_volumes(small, unit="arbitrary", intensity_factor=1000, epochs=1,
                            progress=False)  # fmt: skip
    np.testing.assert_array_equal(made.source.read(1)[0], found.volumes[1])


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"volumes": []}, AlignmentError, "There are no volumes"),
        ({"volumes": np.zeros((4, 9))}, AlignmentError, "two or three axes are expected"),
        ({"masks": [None]}, AlignmentError, "12 volumes and 1 masks"),
        ({"preset": "best"}, SettingsError, "There is no preset 'best'"),
        ({"method": "finest"}, SettingsError, "There is no method 'finest'"),
        ({"n_clusters": 1}, SettingsError, "'n_clusters' cannot be used"),
    ],
)
def test_a_mistake_is_one_sentence(found, given, error, words):
    with pytest.raises(error, match=words):
        clam.fit_volumes(**{"volumes": found.volumes, "progress": False, **given})


def test_volumes_of_different_shapes_are_refused(found):
    volumes = [*found.volumes[:5], found.volumes[5][:-1]]
    with pytest.raises(AlignmentError, match="scan number 6 has the shape"):
        clam.fit_volumes(volumes, epochs=1, progress=False)
