"""How masks came to be, in the words of the report."""

from types import SimpleNamespace

import pandas as pd
import pytest

from clam_core.report.sections.preparation import input_words, mask_words
from clam_core.settings import FitSettings, PreprocessSettings


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
        info=SimpleNamespace(method=method),
        study=SimpleNamespace(info=info),
        scans=scans,
        members=scans,
    )
    text = input_words(material)
    assert said in text and unsaid not in text
