"""How masks came to be, in the words of the report."""

from types import SimpleNamespace

import pandas as pd
import pytest

from clam_core.report.sections.preparation import input_words, mask_words
from clam_core.report.sections.training import (
    grouping_words,
    harmonising_words,
    network_words,
)
from clam_core.settings import FitSettings, PreprocessSettings
from clam_core.settings.harmonise import Harmonised


@pytest.mark.parametrize(
    ("labels", "sources", "said"),
    [
        ((), ["given", "none"], ""),
        ((3,), ["given", "none"], "the label 3 counted as inside. "),
        ((3, 4), ["given", "given"], "the labels 3 and 4 counted as inside. "),
        ((3, 4), ["lungs", "none"], ""),
    ],
)
def test_labels_of_masks_are_named_where_masks_were_given(labels, sources, said):
    scans = pd.DataFrame({"mask_source": sources}, index=["a", "b"])
    settings = PreprocessSettings(mask_label=labels, crop="none")
    study = SimpleNamespace(info=SimpleNamespace(prepared=SimpleNamespace(settings=settings)))
    text = mask_words(SimpleNamespace(study=study, scans=scans, members=scans))
    assert text.endswith(f"{said}The whole field of view was used.")
    assert ("counted as inside" in text) == bool(said)


@pytest.mark.parametrize(
    ("method", "said", "unsaid"),
    [
        ("profiles", "own median was subtracted", "left out"),
        ("density", "outside the mask were left out", "median"),
        ("texture", "were taken off", "median"),
    ],
)
def test_inputs_are_those_of_the_view_that_was_chosen(method, said, unsaid):
    scans = pd.DataFrame({"mask_source": ["given"]}, index=["a"])
    info = SimpleNamespace(unit="HU")
    material = SimpleNamespace(
        fit_settings=FitSettings(),
        info=SimpleNamespace(encoder=None, method=method),
        study=SimpleNamespace(info=info),
        scans=scans,
        members=scans,
    )
    text = input_words(material)
    assert said in text and unsaid not in text


@pytest.mark.parametrize("is_compared", [True, False])
def test_that_views_were_compared_is_said_where_they_were(is_compared):
    scores = {"profiles": 0.1, "density": 6.5, "texture": 1.0}
    info = SimpleNamespace(
        encoder=None,
        method="density",
        given=None,
        n_clusters=2,
        model={"zonal": {"is_core": is_compared}},
        harmonised=None,
        evidence=scores if is_compared else {},
    )
    material = SimpleNamespace(info=info, fit_settings=FitSettings())
    text = grouping_words(material)
    assert ("20 cohorts with one heap" in text) == is_compared
    assert ("without the voxels at the surface" in text) == is_compared
    assert (network_words(material) == "No network was trained.") != is_compared


def test_methods_tell_what_was_taken_out():
    found = Harmonised(
        column="Kernel",
        levels={"B30f": 30, "B70f": 30},
        kept=("Diagnosis",),
        share=(0.4, 0.0),
        technical=(0.97, -0.02),
        same=0.1,
        views=("density", "density"),
    )
    said = harmonising_words(found)
    assert "between the 2 levels of Kernel, adjusted for Diagnosis, were projected out" in said
    assert "at -0.02 (adjusted Rand index) instead of 0.97" in said.replace("−", "-")
    assert harmonising_words(None) == ""
