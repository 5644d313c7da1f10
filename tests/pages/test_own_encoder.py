"""A run of an encoder that was brought along: every page says what was used, and opens."""

import pytest

from clam_core.pipeline.brought.fit_encoder import fit_encoder
from clam_core.pipeline.method.localize import localize
from clam_core.settings import FitSettings, LocalizeSettings
from tests.models.brought import encoders
from tests.pages.test_own_numbers import show
from tests.pages.test_training import words
from tests.pipeline.simulated import cohort, study_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    study = study_of(root / "s", cohort(), failed=1)
    settings = FitSettings(plane="pca")
    for name, model in (("followed", encoders.Small()), ("called", encoders.CodeOnly())):
        path = encoders.program(model, root / f"{name}.pt2")
        fit_encoder(study, name, path, settings)
        localize(study, name, LocalizeSettings())
    fit_encoder(study, "bare", root / "called.pt2", settings)
    return root


@pytest.mark.parametrize(
    ("run", "maps"),
    [
        ("followed", "integrated gradients at the layer that the encoder returns (4 by 4 by 4"),
        ("called", "Maps are made by occlusion: it returns a code without activations."),
    ],
)
def test_training_says_what_was_grouped_and_how_maps_are_made(monkeypatch, made, run, maps):
    page = show(monkeypatch, made, "training", study="s", run=run)
    said = words(page)
    assert "the codes (6 numbers) of an encoder that was brought along" in said
    assert maps in said and "as our own network sees them" in said
    assert not any("How the training of run" in one.label for one in page.expander)


@pytest.mark.parametrize("run", ["followed", "called"])
def test_clusters_show_maps_but_no_decoded_way(monkeypatch, made, run):
    page = show(monkeypatch, made, "clusters", study="s", run=run)
    headings = [one.value for one in page.header]
    assert "Where the maps lie" in headings and "A against B" in headings
    assert "The way from A to B" not in words(page)


def test_a_run_without_maps_yet_offers_them(monkeypatch, made):
    page = show(monkeypatch, made, "clusters", study="s", run="bare")
    assert any(one.label == "Make the maps" for one in page.button)


@pytest.mark.parametrize(
    ("run", "kinds"),
    [
        ("followed", ["Integrated", "Occlusion (slow)", "Difference from the median"]),
        ("called", ["Occlusion (slow)", "Difference from the median"]),
    ],
)
def test_explore_offers_the_kinds_of_map_that_there_can_be(monkeypatch, made, run, kinds):
    page = show(monkeypatch, made, "explore", study="s", run=run, scan="s00")
    offered = next(one for one in page.button_group if one.label == "Kind of map")
    assert list(offered.options) == kinds
    assert "No map is stored" not in words(page)


@pytest.mark.parametrize("name", ["assign", "associations", "report"])
def test_other_pages_open(monkeypatch, made, name):
    page = show(monkeypatch, made, name, study="s", run="called")
    if name == "assign":
        assert page.file_uploader
