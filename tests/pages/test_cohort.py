"""The Cohort page on no study, a partial study and a complete one."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clam_core.io.nifti import write_nifti
from clam_core.pipeline.create import CreateOptions, create
from clam_core.pipeline.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

APP = str(Path(__file__).resolve().parents[2] / "app.py")


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page):
    return " ".join(element.value for element in (*page.markdown, *page.caption, *page.info))


@pytest.fixture
def partial(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for seed in range(3):
        array = np.random.default_rng(seed).normal(-700, 100, (12, 12, 12)).astype(np.int16)
        write_nifti(root / f"s{seed}.nii.gz", array, np.eye(4))
    (root / "cut_[a](b)9.nii.gz").write_bytes((root / "s0.nii.gz").read_bytes()[:300])
    create(tmp_path / "studies" / "one", root, None, CreateOptions(n_workers=1))
    return tmp_path / "studies"


def test_without_a_study_it_says_what_to_do(monkeypatch, tmp_path):
    page = show(monkeypatch, tmp_path)
    assert "There is no study yet" in page.info[0].value


def test_a_partial_study_says_what_is_missing(monkeypatch, partial):
    page = show(monkeypatch, partial)
    assert {m.label: m.value for m in page.metric} == {
        "Ready": "0",
        "Failed": "1",
        "Not preprocessed yet": "3",
    }
    assert "Not preprocessed yet" in words(page).replace("\\", "")


def test_a_complete_study_shows_pictures_and_reasons(monkeypatch, partial):
    settings = PreprocessSettings(grid=(8, 8, 8), mask="none")
    preprocess(Study(partial / "one"), settings, 1)
    page = show(monkeypatch, partial, study="one")
    assert {m.label: m.value for m in page.metric}["Ready"] == "3"
    assert len(page.get("image")) == 3
    assert "Research use only" in words(page)
    page.button_group[0].set_value("Failed").run()
    assert not page.exception
    assert not page.get("image")


def test_names_of_files_are_shown_letter_by_letter(monkeypatch, partial):
    page = show(monkeypatch, partial)
    shown = [m.value for m in page.markdown if "cut" in m.value]
    assert shown == [r"**cut\_\[a\]\(b\)9**"]


def test_a_study_of_another_version_is_a_sentence(monkeypatch, partial):
    (partial / "one" / "study.json").write_text('{"schema_version": 99}')
    page = show(monkeypatch, partial)
    assert "layout version 99" in page.error[0].value
