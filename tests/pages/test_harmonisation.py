"""The Training page: take out differences between kernels, and see what became of them."""

import numpy as np
import pytest

from clam_core import jobs
from clam_core.pipeline.method.fit import fit
from clam_core.settings.harmonise import HarmoniseSettings, harmonised_sentences
from clam_core.study import Run, Study
from clam_core.study.atomic import write_table
from pages.shell.text import plain
from tests.pages.test_training import button, show, until, words
from tests.pipeline.simulated import QUICK, cohort, study_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of two kernels with a harmonised run, and one of which nothing is known."""
    root = tmp_path_factory.mktemp("studies")
    study_of(root / "plain", cohort(), failed=0)
    study = study_of(root / "two", cohort(), failed=0)
    kernel = np.where(np.arange(16) // 2 % 2, "B70f", "B30f")
    write_table(study.folder / "scans.parquet", study.scans().assign(kernel=kernel))
    fit(study, "h", QUICK.model_copy(update={"harmonise": HarmoniseSettings(column="kernel")}))
    fit(study, "without", QUICK)
    return root


def test_what_became_of_the_clusters_is_shown(monkeypatch, made):
    page = show(monkeypatch, made, study="two", run="h")
    assert "Differences between levels of Kernel" in [one.value for one in page.header]
    found = Run(Study(made / "two"), "h").info().harmonised
    for sentence in harmonised_sentences(found):
        assert words(page).count(plain(sentence).replace("\\", "")) == 1
    other = show(monkeypatch, made, study="two", run="without")
    assert "Differences between levels" not in words(other)


def test_nothing_is_asked_where_nothing_is_known(monkeypatch, made):
    page = show(monkeypatch, made, study="plain")
    assert "harmonise" not in [one.key for one in page.selectbox]


def test_the_choice_is_what_the_fit_is_asked_for(monkeypatch, made):
    page = show(monkeypatch, made, study="two")
    assert page.selectbox(key="harmonise").options == ["Kernel"]
    page.selectbox(key="harmonise").set_value("kernel").run()
    page.text_input(key="run_name").set_value("asked")
    page.number_input(key="epochs").set_value(1)
    button(page, "Find clusters").click().run()
    until(made, "two", "done", "failed")
    state = jobs.state(made, "two")
    assert state.status == "done", state
    assert state.arguments["harmonise"] == "kernel"
    assert Run(Study(made / "two"), "asked").info().harmonised.column == "Kernel"
