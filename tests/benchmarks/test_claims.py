"""What the benchmark of claimed groups counts, and that its cohorts are what they are called."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.claim_rates import measure as claims
from benchmarks.claim_rates.made_tables import NULLS, Groups
from benchmarks.claim_rates.null_scans import FAMILIES


def test_shares_and_intervals():
    rows = [("table", "healthy", "", 1, 2 * (n < 5)) for n in range(100)]
    rows += [("phantom", "healthy", "auto", 1, 0)] * 20
    rows += [("groups", "9 + 9, 4 sd", "", 2, found) for found in (2, 2, 3, 0)]
    frame = pd.DataFrame(rows, columns=["kind", "family", "view", "truth", "found"])
    nulls = claims.nulls(frame)
    assert nulls["claimed"].tolist() == ["5 of 100", "0 of 20"]
    # Clopper and Pearson: 1.6 to 11.3 % for 5 of 100, up to 16.8 % for 0 of 20.
    assert nulls[""].tolist() == ["5.0% (1.6% to 11.3%)", "0.0% (0.0% to 16.8%)"]
    assert claims.power(frame).loc["9 + 9", "4 sd"] == "0.50"


@pytest.mark.parametrize("family", NULLS)
def test_tables_follow_from_their_seed(family):
    one, same, other = (NULLS[family](seed, np.random.default_rng(seed)) for seed in (3, 3, 7))
    assert (one == same).all()
    assert one.shape[1] == 8 and not (one[0] == other[0]).any()


def test_groups_are_as_far_apart_as_is_said():
    values = Groups((4000, 1000), 5.0).draw(np.random.default_rng(0))
    apart = np.linalg.norm(values[:4000].mean(axis=0) - values[4000:].mean(axis=0))
    assert apart == pytest.approx(5.0, abs=0.15)
    assert values[:4000].std(axis=0) == pytest.approx(np.ones(8), abs=0.05)


def test_two_scanners_differ_less_than_makes_two_heaps():
    table = NULLS["two scanners"](2, np.random.default_rng(0))
    assert np.ptp(table[:, 2]) < 8 * 0.16


@pytest.mark.parametrize("family", FAMILIES)
def test_phantom_scans_have_lungs_inside_their_masks(family):
    volume, mask = FAMILIES[family](1, np.random.default_rng(0))
    assert volume.shape == mask.shape == (24, 24, 24)
    assert -980 < np.median(volume[mask]) < -600


def test_every_cohort_is_asked_once(monkeypatch):
    asked = []

    def note(values, truth):
        asked.append((len(values), truth))
        return []

    monkeypatch.setattr(claims, "_asked", note)
    plan = claims.Plan(n_tables=2, n_cohorts=0, n_groups=1)
    claims.measure(plan, lambda *_: None)
    nulls = [n for n, truth in asked if truth == 1]
    assert len(nulls) == 2 * len(NULLS)
    grouped = [(n, truth) for n, truth in asked if truth > 1]
    each = [(sum(sizes), len(sizes)) for sizes in claims.SIZES]
    assert sorted(grouped) == sorted(each * len(claims.DISTANCES))
