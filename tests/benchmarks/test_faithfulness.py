"""The faithfulness benchmark: which scans are mapped, and that truth decides the scores."""

import numpy as np
import pytest

from benchmarks import faithfulness
from benchmarks.cohorts import Cohort
from benchmarks.scores import best_match


def test_best_match_by_hand():
    groups = np.array([0, 0, 0, 1, 1, 2])
    clusters = np.array([2, 2, 1, 0, 0, 1])
    assert best_match(groups, clusters).tolist() == [0, 0, 2, 1, 1, 2]


def tiny():
    volumes = np.zeros((6, 2, 2, 2), np.int16)
    lesions = np.zeros(volumes.shape, bool)
    lesions[[0, 1, 3, 4, 5], 0, 0, 0] = True  # the third scan has none
    return Cohort("tiny", volumes, None, np.array([1, 1, 1, 0, 0, 0]), lesions=lesions)


@pytest.mark.parametrize(("scenario", "rows"), [("location", [0, 3, 4]), ("size", [0])])
def test_scans_whose_lesion_makes_their_cluster(scenario, rows):
    clusters = np.array([0, 1, 0, 1, 1, 0])  # named the other way round, two scans are wrong
    assert faithfulness.lesion_scans(tiny(), scenario, clusters).tolist() == rows


def test_plan_takes_families_in_turn():
    settings = list(faithfulness.Plan(4).settings())
    assert len(settings) == 16
    assert {(one.scenario, one.family) for one in settings} == {
        (scenario, family)
        for scenario in ("presence", "size", "location", "intensity")
        for family in faithfulness.FAMILIES
    }
    assert all(one.distractor and one.side == "fixed" for one in settings)


@pytest.mark.slow
def test_the_default_map_avoids_the_distractor_and_the_papers_does_not():
    plan = faithfulness.Plan(1, ("chest",), ("integrated", "paper"))
    rows = faithfulness.measure(plan, lambda *_: None)
    means = (
        rows[rows["head"] == "default"]
        .groupby("variant")[["lesion_share", "peak_on_lesion", "other_cluster"]]
        .mean()
    )
    assert means.loc["integrated", "lesion_share"] >= 0.95
    assert means.loc["integrated", "peak_on_lesion"] >= 0.95
    assert means.loc["paper", "lesion_share"] == pytest.approx(0.5, abs=0.12)
    assert means.loc["integrated", "other_cluster"] < 0.5 < means.loc["paper", "other_cluster"]
