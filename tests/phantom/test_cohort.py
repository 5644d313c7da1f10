"""The demo cohort: groups, order, identity of scans, determinism."""

import hashlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from clam_core.errors import SettingsError
from clam_core.phantom import CohortSettings, make_cohort, make_cohort_scan

SMALL = CohortSettings(n_scans=12, grid=(24, 24, 24))


def digest(scan):
    parts = (scan.volume.array, scan.lung_mask, scan.lesion_mask)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


@pytest.fixture(scope="module")
def cohort():
    return list(make_cohort(CohortSettings(grid=(24, 24, 24))))


def test_same_seed_same_bytes_and_another_seed_other_bytes():
    first, second = ([digest(scan) for scan in make_cohort(SMALL)] for _ in range(2))
    assert first == second
    other = [digest(scan) for scan in make_cohort(SMALL.model_copy(update={"seed": 1}))]
    assert not set(first) & set(other)
    assert len(set(first)) == 12


def test_one_scan_alone_equals_the_scan_in_sequence():
    scans = list(make_cohort(SMALL))
    for row in (7, 2):
        alone = make_cohort_scan(SMALL, row)
        assert digest(alone) == digest(scans[row])
        assert alone.truth == scans[row].truth
    with pytest.raises(
        SettingsError, match="Row 12 was asked for, but the cohort has rows 0 to 11"
    ):
        make_cohort_scan(SMALL, 12)


def test_groups_have_the_stated_sizes_in_random_order(cohort):
    groups = [scan.truth["group"] for scan in cohort]
    assert Counter(groups) == {"minimal": 21, "ground_glass": 17, "fibrosis": 10}
    changes = sum(a != b for a, b in pairwise(groups))
    assert changes > 15
    assert [scan.scan_id for scan in cohort[:2]] == ["SARC-001", "SARC-002"]
    assert len({scan.subject_id for scan in cohort}) == 48


def test_truth_is_plain_and_agrees_with_the_masks(cohort):
    for scan in cohort:
        assert {type(value) for value in scan.truth.values()} <= {str, int, float}
        share = scan.lesion_mask.sum() / scan.lung_mask.sum()
        assert scan.truth["extent"] == pytest.approx(share)
        assert scan.volume.array.dtype == np.int16
        assert not (scan.lesion_mask & ~scan.lung_mask).any()


def test_groups_differ_as_told(cohort):
    def values(group, name):
        return [scan.truth[name] for scan in cohort if scan.truth["group"] == group]

    assert set(values("ground_glass", "pattern")) == {"ground_glass"}
    assert set(values("minimal", "pattern")) == {"none", "nodules"}
    assert min(values("fibrosis", "honeycombing_extent")) > 0
    assert max(values("minimal", "fibrosis_extent")) == 0
    assert np.mean(values("fibrosis", "lung_volume_L")) < np.mean(
        values("minimal", "lung_volume_L")
    )
    assert np.mean(values("fibrosis", "age")) > np.mean(values("minimal", "age")) + 3


def test_lesions_are_where_the_truth_says(cohort):
    for scan in cohort:
        if scan.truth["zone"] == "none":
            assert not scan.lesion_mask.any()
            continue
        heights = np.flatnonzero(scan.lung_mask.any(axis=(0, 1)))
        place = np.argwhere(scan.lesion_mask)[:, 2].mean()
        third = (place + 0.5 - heights[0]) / (np.ptp(heights) + 1) * 3
        assert int(third) == {"lower": 0, "middle": 1, "upper": 2}[scan.truth["zone"]]


def test_slices_are_made_too():
    settings = CohortSettings(n_scans=4, grid=(32, 40))
    scans = list(make_cohort(settings))
    assert all(scan.volume.array.shape == scan.lung_mask.shape == (32, 40) for scan in scans)
    assert any(scan.lesion_mask.any() for scan in scans)


def test_shares_must_add_up():
    with pytest.raises(SettingsError, match="must add up to 1"):
        CohortSettings(shares=(0.5, 0.2, 0.2))
    with pytest.raises(SettingsError, match="grid needs 2 or 3 numbers"):
        CohortSettings(grid=(48,))
