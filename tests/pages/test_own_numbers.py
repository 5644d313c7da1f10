"""A run of numbers that were brought along: started on Training, shown without maps elsewhere."""

import shutil

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.pipeline.method.fit_features import fit_features
from clam_core.settings import FitSettings
from clam_core.study import Run, Study
from clam_core.study.uploads import UPLOADS
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP
from tests.pages.test_training import button, until, words
from tests.pipeline.simulated import cohort, study_of

NUMBERS = "Numbers that I bring"


def numbers(study):
    ids = [one for one in study.scans().index if one in study.ready()]
    values = np.random.default_rng(0).normal(size=(len(ids), 6))
    values[::2] += 5
    table = pd.DataFrame(values, columns=[f"radiomic_{n}" for n in range(6)])
    return table.assign(scan_id=ids, software="v1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    study = study_of(root / "s", cohort(), failed=1)
    shutil.copytree(study.folder, root / "bare")
    numbers(study).to_csv(root / "n.csv", index=False)
    fit_features(study, "given", root / "n.csv", FitSettings(plane="pca"))
    return root


def show(monkeypatch, root, name, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, name)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def test_a_table_is_uploaded_and_its_groups_are_found(monkeypatch, made, tmp_path):
    root = tmp_path / "studies"
    shutil.copytree(made / "bare", root / "bare")
    page = show(monkeypatch, root, "training", study="bare")
    page.radio(key="source").set_value("numbers").run()
    assert not any(one.key == "preset" for one in page.radio)  # nothing is trained
    assert button(page, "Find clusters").disabled
    content = (made / "n.csv").read_bytes()
    page.file_uploader(key="numbers_file").set_value(("n.csv", content, "text/csv")).run()
    button(page, "Find clusters").click().run()
    assert not page.exception
    assert until(root, "bare", "done", "failed").status == "done"
    run = Run(Study(root / "bare"), "default")
    assert run.info().given.columns == tuple(f"radiomic_{n}" for n in range(6))
    assert run.scans()["cluster"].iloc[::2].nunique() == 1
    assert list((root / UPLOADS).iterdir()) == []  # it may have held what identifies people
    said = " ".join(jobs.state(root, "bare").sentences)
    assert "1 column left out, with no numbers: 'software'" in said


def test_training_says_what_was_grouped(monkeypatch, made):
    said = words(show(monkeypatch, made, "training", study="s"))
    assert "formed by 6 numbers of a table that was brought along" in said


def test_clusters_are_shown_without_maps(monkeypatch, made):
    page = show(monkeypatch, made, "clusters", study="s")
    said = words(page)
    assert "such a run has no maps" in said
    headings = [one.value for one in page.header]
    assert "Where the maps lie" not in headings and "A against B" in headings
    assert "Typical and borderline scans" in headings
    assert not any(one.label == "Make the maps" for one in page.button)


def test_explore_opens_a_scan_without_offering_maps(monkeypatch, made):
    said = words(show(monkeypatch, made, "explore", study="s"))
    assert "by which the software recognised" not in said
    page = show(monkeypatch, made, "explore", study="s", scan="s00")
    assert "such a run has no maps" in words(page)
    assert not any(one.label == "Make the maps of all scans" for one in page.button)


def test_new_scan_says_why_it_cannot_place_one(monkeypatch, made):
    page = show(monkeypatch, made, "assign", study="s")
    assert "cannot be placed without its numbers" in words(page)
    assert not page.file_uploader


@pytest.mark.parametrize("name", ["associations", "report"])
def test_other_pages_open(monkeypatch, made, name):
    show(monkeypatch, made, name, study="s")
