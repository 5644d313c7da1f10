"""The rule, row by row."""

import re
from dataclasses import replace

import pytest

from clam_core.how_many import NumberRow, decide

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
