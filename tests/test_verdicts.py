import math
from types import SimpleNamespace

import pytest

from clam_core.how_many.decision import objections
from clam_core.settings.verdicts import (
    DOUBTFUL,
    FEWEST_SCANS,
    STABLE,
    UNSURE,
    caution_of_size,
    speaks,
    stability_word,
)
from clam_core.statistics.headline import stability_words


def test_the_bounds_are_those_of_the_paper():
    """Hennig (2007): 0.75 and more is valid and stable, below 0.6 is not to be trusted."""
    assert (STABLE, DOUBTFUL, UNSURE) == (0.75, 0.6, 0.6)


@pytest.mark.parametrize(
    ("jaccard", "word"),
    [
        (1.0, "stable"), (0.75, "stable"), (math.nextafter(0.75, 0), "doubtful"),
        (0.6, "doubtful"), (math.nextafter(0.6, 0), "not to be interpreted"),
        (0.0, "not to be interpreted"), (None, "not known"), (float("nan"), "not known"),
    ],
)  # fmt: skip
def test_what_an_index_says(jaccard, word):
    assert stability_word(jaccard) == word


@pytest.mark.parametrize(
    ("worst", "said"),
    [
        (0.75, "clusters are stable (Jaccard 0.90, 0.75)"),
        (0.74, "clusters are not all stable (Jaccard 0.90, 0.74)"),
        (0.59, "clusters are not all stable enough to interpret (Jaccard 0.90, 0.59)"),
    ],
)
def test_the_headline_has_the_same_bounds(worst, said):
    assert stability_words([0.9, worst]) == said


@pytest.mark.parametrize(
    ("mean", "worst", "holds"),
    [(0.75, 0.6, True), (0.74, 0.74, False), (0.9, 0.59, False)],
)
def test_the_choice_of_a_number_has_the_same_bounds(mean, worst, holds):
    row = SimpleNamespace(
        silhouette=0.5,
        silhouette_p=0.01,
        jaccard=mean,
        jaccard_worst=worst,
        valley=0,
        valley_worst=0,
        sizes=(9, 9),
        dip_p=0.5,
    )
    assert (objections(row) == []) == holds


def test_small_cohorts_are_cautioned_about_up_to_the_number_that_was_measured():
    assert FEWEST_SCANS == 20
    assert caution_of_size(3).startswith("3 scans are too few to judge clusters")
    assert "fewer than 20" in caution_of_size(19)
    assert caution_of_size(20) == "" == caution_of_size(1000)


def test_gaps_along_plain_distances_do_not_speak_of_a_mixture_with_one_covariance():
    """Two long clusters side by side: scans lie between their centers, yet none between them."""
    for method in ("kmeans", "graph", None):
        assert all(speaks(name, method) for name in ("silhouette", "valley", "dip_p"))
    assert speaks("silhouette", "tied")
    assert speaks("jaccard", "tied")
    assert not any(speaks(name, "tied") for name in ("valley", "valley_worst", "dip_p"))
