"""What the cohorts of the benchmark of patterns are said to hold."""

import numpy as np
import pytest

from benchmarks import patterns
from benchmarks.patterns import ROWS, UNEQUAL, pattern_cohort


def lungs():
    rng = np.random.default_rng(0)
    volume = rng.normal(-850, 20, (12, 12, 18)).astype(np.int16)
    mask = np.zeros(volume.shape, bool)
    mask[2:10, 2:10, 3:15] = True
    return volume, mask, rng


def changed(group):
    volume, mask, rng = lungs()
    before = volume.copy()
    group.change(volume, mask, rng)
    return volume.astype(int) - before, mask


def test_mosaic_leaves_the_mean_as_it_is():
    added, mask = changed(ROWS["mosaic"][1])
    assert set(np.unique(added[mask])) == {-50, 50}
    assert abs(added[mask].mean()) < 1
    assert not added[~mask].any()


def test_denser_towards_the_top_spares_the_lower_half():
    added, mask = changed(ROWS["denser towards the top"][1])
    assert not added[:, :, :9].any() and not added[~mask].any()
    rise = added[5, 5, 9:15]
    assert (np.diff(rise) > 0).all() and rise[-1] == 150


@pytest.mark.parametrize("row", UNEQUAL)
def test_unequal_rows_have_four_scans_to_one(row, monkeypatch):
    monkeypatch.setattr(patterns, "_scan", lambda *_: (np.zeros(1), np.ones(1, bool)))
    assert np.bincount(pattern_cohort(row, 0).groups).tolist() == [48, 12]
    assert UNEQUAL[row] in ROWS
