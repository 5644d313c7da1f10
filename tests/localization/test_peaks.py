"""Where maps peak in their masks, and clusters that are suspect because of it."""

import numpy as np
import pandas as pd
import pytest

from clam_core.localization.zones import hilum_of, peak_place
from clam_core.settings.peaks import artefact_words


def two_lungs():
    """Low i is the patient's left; each lung is 12 x 18 x 18 voxels."""
    mask = np.zeros((30, 20, 20), dtype=bool)
    mask[1:13, 1:19, 1:19] = True
    mask[17:29, 1:19, 1:19] = True
    return mask


def map_with_peak(place, shape=(30, 20, 20)):
    drawn = np.full(shape, -1.0)
    drawn[place] = 3.0
    return drawn


@pytest.mark.parametrize(
    ("place", "depth"), [((1, 9, 9), 1), ((2, 9, 9), 2), ((3, 9, 9), 3), ((0, 0, 0), 0)]
)
def test_the_depth_is_that_of_the_layer(place, depth):
    found = peak_place(map_with_peak(place), two_lungs())
    assert found.peak_depth == depth
    assert found.border_share == pytest.approx(1 - 8 * 14 * 14 / (12 * 18 * 18))


def test_the_edge_of_the_grid_is_a_border():
    assert peak_place(map_with_peak((0, 2), (5, 5)), np.ones((5, 5), bool)).peak_depth == 1


def test_the_hilum_is_the_middle_of_the_inner_side_of_each_lung():
    hilum = hilum_of(two_lungs())
    expected = np.zeros_like(hilum)
    expected[10:13, 7:13, 7:13] = True  # left lung: towards higher i
    expected[17:20, 7:13, 7:13] = True
    np.testing.assert_array_equal(hilum, expected)
    assert peak_place(map_with_peak((12, 9, 9)), two_lungs()).peak_at_hilum
    assert not peak_place(map_with_peak((1, 9, 9)), two_lungs()).peak_at_hilum


def test_one_lung_and_a_picture_have_no_hilum():
    assert not hilum_of(np.ones((8, 8, 8), bool)).any()
    assert not hilum_of(two_lungs()[:, 9]).any()


@pytest.mark.parametrize("mask", [None, np.zeros((30, 20, 20), bool)])
def test_without_a_mask_a_peak_has_no_place(mask):
    assert peak_place(map_with_peak((1, 9, 9)), mask) is None


def test_a_map_that_speaks_only_against_has_no_peak():
    assert peak_place(np.full((30, 20, 20), -1.0), two_lungs()) is None


def places(depths, hilum, border_share=0.3, hilum_share=0.05):
    return pd.DataFrame(
        {
            "peak_depth": depths,
            "peak_at_hilum": pd.array(hilum, dtype="boolean"),
            "border_share": border_share,
            "hilum_share": hilum_share,
        }
    )


def test_most_peaks_at_the_border_are_said_with_what_chance_would_do():
    found = artefact_words(places([1] * 9 + [5], [False] * 10), np.full(10, 2))
    assert list(found) == [2]
    assert found[2].startswith(
        "Of 10 maps of cluster 2, 9 peak within 2 voxels of the border of the mask (by chance 3 "
        "would)."
    )
    assert "hilum" not in found[2]


def test_peaks_at_the_hilum_are_said():
    found = artefact_words(places([5] * 10, [True] * 6 + [False] * 4), np.full(10, 1))
    assert "6 peak at the hilum (by chance 0 would)" in found[1]


@pytest.mark.parametrize(
    ("depths", "share"),
    [
        ([1] * 5 + [5] * 5, 0.1),  # half is not most
        ([1] * 9 + [5], 0.75),  # most of the mask lies there
        ([3] * 10, 0.3),  # beside the border
    ],
)
def test_nothing_is_said_where_there_is_nothing(depths, share):
    assert artefact_words(places(depths, [False] * 10, share), np.ones(10, int)) == {}


@pytest.mark.parametrize(("n_near", "is_said"), [(6, False), (7, True)])
def test_what_chance_does_more_often_than_once_in_a_hundred_is_not_said(n_near, is_said):
    """Of 9 maps, 6 or more at the border are 0.0253 likely, 7 or more 0.0043 (binomial, 0.3)."""
    table = places([1] * n_near + [5] * (9 - n_near), [False] * 9)
    assert bool(artefact_words(table, np.ones(9, int))) == is_said


def test_each_cluster_has_its_own_maps_and_gaps_do_not_count():
    table = places([1] * 8 + [np.nan] * 8 + [6] * 8, [False] * 8 + [pd.NA] * 8 + [False] * 8)
    clusters = np.repeat([1, 1, 2], 8)
    assert "Of 8 maps of cluster 1, 8 peak" in artefact_words(table, clusters)[1]
    assert 2 not in artefact_words(table, clusters)


def test_maps_of_an_earlier_version_say_nothing():
    assert artefact_words(pd.DataFrame({"done": [True]}), np.array([1])) == {}
