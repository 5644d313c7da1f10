"""The benchmark of two scanners: ComBat against neuroCombat, what the cohorts hold, its tables."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.two_scanners import compare_ways
from benchmarks.two_scanners.compare_ways import (
    DESIGNS,
    N_SCANS,
    claims,
    seen_by,
    summarize,
    two_scanners,
)
from benchmarks.two_scanners.rivals import combat

BY_NEUROCOMBAT = [
    [2.2141, -0.9262, 0.8995, -0.3168],
    [0.1684, 0.9489, -1.2424, 0.037],
    [-0.1767, 3.7855, 0.7327, -0.0879],
    [0.308, 0.5883, -0.3997, -0.1295],
    [0.9324, 0.9328, 1.3735, 0.0682],
    [0.3709, 2.3117, -0.1455, -0.2618],
    [0.1324, 0.9995, 1.2044, -0.074],
    [0.0609, 1.5972, -1.544, -0.0896],
    [1.3963, 1.0515, -0.5923, 0.6619],
]
"""Of neuroCombat 0.2.12, for the numbers of the test below."""


def test_combat_gives_what_neurocombat_gives():
    levels = np.array([0] * 5 + [1] * 4)
    values = np.random.default_rng(3).normal(size=(9, 4)) + np.outer(levels, [1, 2, 0, 0.5])
    np.testing.assert_allclose(combat(np.round(values, 2), levels), BY_NEUROCOMBAT, atol=1e-4)


def test_a_number_that_never_differs_stays():
    values = np.c_[np.ones(8), np.random.default_rng(0).normal(size=(8, 3))]
    assert (combat(values, np.arange(8) % 2)[:, 0] == 1).all()


def test_the_sharp_scanner_is_sharper_and_noisier():
    rng = np.random.default_rng(0)
    edge = np.full((12, 12, 12), -850, np.int16)
    edge[6:] = -650
    soft, sharp = (seen_by(edge, scanner, rng).astype(float) for scanner in (0, 1))
    assert sharp[:3].std() > 2 * soft[:3].std()
    step = [one[6:8].mean() - one[4:6].mean() for one in (soft, sharp)]
    assert step[0] < 200 < step[1]


@pytest.mark.parametrize("design", DESIGNS)
def test_designs_have_the_scans_that_they_say(design, monkeypatch):
    volume = np.zeros((4, 4, 4), np.int16)
    monkeypatch.setattr(compare_ways, "pattern_scan", lambda *_: (volume, volume == 0))
    made = two_scanners("consolidation", design, 0)
    counts = np.zeros((2, 2), int)
    np.add.at(counts, (made.cohort.groups, made.scanners), 1)
    assert tuple(map(tuple, counts.tolist())) == DESIGNS[design] and counts.sum() == N_SCANS
    assert compare_ways._is_refused(made) == (design == "disease is scanner")


def test_tables():
    facts = {"disease": "nodules", "design": "equal", "way": "default"}
    row = {"with_scanner": 1.0, "claimed": None, "refused": None}
    seen = [{**facts, **row, "with_disease": value} for value in (0.5, 0.9)]
    healthy = [
        {**facts, **row, "disease": "none", "with_disease": 0.0, "claimed": n} for n in (0, 2, 3)
    ]
    refused = {**facts, "design": "disease is scanner", "way": "harmonised", "refused": True}
    table = pd.DataFrame([*seen, *healthy, refused])
    assert summarize(table).loc["nodules, equal", "default"] == "0.70 (0.50) / 1.00"
    assert claims(table)["cohorts"].tolist() == ["2 of 3", "1 of 1"]
