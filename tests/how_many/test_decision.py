"""The rule, row by row."""

import re
from dataclasses import replace

import pytest

from clam_core.how_many import NumberRow, decide
from clam_core.how_many.decision import is_stable

GOOD = NumberRow(
    n_clusters=3,
    sizes=(20, 15, 10),
    silhouette=0.5,
    silhouette_p=0.03,
    calinski_harabasz=80.0,
    davies_bouldin=0.6,
    gap=0.5,
    gap_se=0.02,
    jaccard=0.9,
    jaccard_worst=0.8,
    jaccard_of=(0.95, 0.95, 0.8),
    seeds_ari=1.0,
    methods_ari=1.0,
    valley=0.1,
    valley_worst=0.2,
    dip_p=0.5,
)
TWO = replace(GOOD, n_clusters=2, silhouette=0.4)


def test_a_higher_silhouette_that_does_not_hold_is_not_passed_over_in_silence():
    tail = replace(GOOD, n_clusters=4, silhouette=0.9, valley=2.0)
    number, reason, _ = decide((TWO, GOOD, tail))
    assert number == 3
    assert reason.startswith("3 clusters have, of the numbers that hold, the highest silhouette")


def test_the_highest_silhouette_of_those_that_hold_is_recommended():
    number, reason, notes = decide((TWO, GOOD))
    assert number == 3
    assert reason == (
        "3 clusters have the highest silhouette (0.50; cohorts without groups do not reach it, "
        "p = 0.03), are found again in resampled cohorts (Jaccard index 0.90), and only 10 % as "
        "many scans lie between them as at their centers."
    )
    assert notes == ("2 clusters hold as well, with a lower silhouette.",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"silhouette_p": 0.2}, r"reach the silhouette of 0.50 \(p = 0.20\)"),
        ({"silhouette_p": float("nan")}, "reach the silhouette"),
        ({"jaccard": 0.7}, r"not found again .* \(Jaccard index 0.70, least stable 0.80\)"),
        ({"jaccard_worst": 0.5}, r"least stable 0.50"),
        ({"jaccard": float("nan")}, "not found again"),
        ({"valley": 0.8}, r"about as densely between the clusters as at their centers \(80 %\)"),
        ({"valley_worst": 2.0}, "one cluster is only the tail of another"),
        ({"sizes": (44, 43, 15)}, r"smallest cluster \(15 of 102 scans\) may be no more than"),
        ({"dip_p": 0.03, "jaccard": 0.7}, "not found again"),
    ],
)
def test_each_objection_is_enough(change, words):
    number, reason, notes = decide((replace(GOOD, **change),))
    assert number is None
    assert reason.startswith("No number of clusters is recommended")
    assert "3 clusters" in reason
    assert re.search(words, reason)
    stable = "not found again" not in reason
    assert ("divide a continuum, always at the same place" in notes[0]) == stable
    assert ("another cohort would give others" in notes[0]) != stable
    assert decide((TWO, replace(GOOD, **change)))[0] == 2


def test_a_cluster_of_as_many_scans_as_a_group_may_have_is_not_doubted():
    assert decide((replace(GOOD, sizes=(43, 42, 15)),))[0] == 3


@pytest.mark.parametrize(
    "change",
    [{"silhouette_p": 0.2}, {"valley": 0.8}, {"valley_worst": 2.0}, {"sizes": (90, 7, 5)}],
)
def test_heaps_that_are_evident_outweigh_a_doubt(change):
    evident = replace(GOOD, dip_p=0.05, **change)
    number, reason, _ = decide((evident,))
    assert number == 3
    assert "there is a gap between neighbouring ones (dip, p = 0.05)" in reason
    assert ("do not reach it" in reason) == ("silhouette_p" not in change)
    assert decide((replace(evident, dip_p=0.06),))[0] is None
    assert (decide((replace(evident, sizes=(90, 7, 5)),))[0] is None) == ("sizes" not in change)
    assert decide((replace(evident, dip_p=float("nan")),))[0] is None


@pytest.mark.parametrize(
    ("indices", "holds"),
    [((0.9, 0.6), True), ((0.9, 0.59), False), ((0.74, 0.74), False), ((0.9, float("nan")), False)],
)
def test_clusters_that_are_found_again(indices, holds):
    assert is_stable(indices) == holds
