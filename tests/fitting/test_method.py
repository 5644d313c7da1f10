"""Which method `auto` stands for."""

import pytest

from clam_core.fitting.fit_cohort import choose_method


@pytest.mark.parametrize(
    ("n_axes", "is_masked", "expected"),
    [(3, True, "profiles"), (2, True, "profiles"), (3, False, "graph"), (2, False, "umap")],
)
def test_auto_follows_axes_and_masks(n_axes, is_masked, expected):
    assert choose_method("auto", n_axes, is_masked=is_masked) == expected


def test_a_method_that_was_asked_for_stays():
    assert choose_method("gmm", 2, is_masked=True) == "gmm"
