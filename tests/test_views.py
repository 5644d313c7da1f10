"""Views: their names, and the methods that they stand for."""

import pytest

from clam_core.errors import SettingsError
from clam_core.fitting.choose_view import choose_method, compares_views
from clam_core.fitting.presets import preset_settings
from clam_core.settings.brought_encoder import ENCODER
from clam_core.settings.given_numbers import TABLE
from clam_core.settings.views import GROUPED_BY, METHOD_OF_VIEW, method_for, view_of


@pytest.mark.parametrize(
    ("views", "method", "expected"),
    [
        ("auto", "auto", "auto"),
        ("auto", "gmm", "gmm"),
        ("focal", "auto", "profiles"),
        ("focal", "profiles", "profiles"),
        ("density", "auto", "density"),
        ("latent", "auto", "latent"),
        ("latent", "dcec", "dcec"),
    ],
)
def test_a_view_stands_for_a_method(views, method, expected):
    assert method_for(views, method) == expected


@pytest.mark.parametrize(("views", "method"), [("density", "gmm"), ("latent", "profiles")])
def test_contradictions_are_refused(views, method):
    with pytest.raises(SettingsError, match="leave one of the two out"):
        method_for(views, method)


def test_an_unknown_view_is_refused():
    with pytest.raises(SettingsError, match="no view 'lungs'; choose auto, focal"):
        method_for("lungs")


def test_every_view_has_words():
    named = {view_of(method) for method in METHOD_OF_VIEW.values()}
    assert named - {"auto", "best"} == set(GROUPED_BY) - {TABLE, ENCODER}


@pytest.mark.parametrize(("n_axes", "expected"), [(2, "umap"), (3, "graph")])
def test_latent_codes_are_grouped_by_their_axes(n_axes, expected):
    assert choose_method("latent", n_axes, is_masked=True) == expected


@pytest.mark.parametrize(
    ("method", "begun", "n_scans", "is_true_size", "expected"),
    [
        ("auto", "profiles", 20, False, True),
        ("auto", "profiles", 19, False, False),
        ("auto", "profiles", 60, True, False),
        ("best", "profiles", 60, True, True),
        ("auto", "graph", 60, False, False),
        ("profiles", "profiles", 60, False, False),
    ],
)
def test_views_are_compared_where_that_says_something(
    method, begun, n_scans, is_true_size, expected
):
    settings = preset_settings("default", 2, method, is_true_size=is_true_size)
    assert compares_views(settings, begun, n_scans) == expected
