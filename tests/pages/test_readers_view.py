"""The view Readers of the page Associations."""

import shutil

import pytest

from clam_core.pipeline.clinical.associate import associate_run
from clam_core.settings import AssociateSettings
from clam_core.study import Study
from tests.pages.opening import at_page
from tests.pages.test_reading_study import APP, AppTest, words
from tests.pipeline.reading.reading_made import made, rate, read
from tests.report import make


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    return make.complete(tmp_path_factory.mktemp("complete") / "one").folder


@pytest.fixture
def study(complete, tmp_path):
    shutil.copytree(complete, tmp_path / "one")
    return Study(tmp_path / "one")


def show(monkeypatch, study):
    monkeypatch.setenv("CLAM_STUDIES", str(study.folder.parent))
    page = AppTest.from_file(APP, default_timeout=120)
    page.query_params["study"] = "one"
    at_page(page, "associations").run()
    page.button_group[0].set_value("Readers").run()
    assert not page.exception, page.exception[0]
    return page


def test_without_readers_it_says_what_they_would_do(monkeypatch, study):
    assert "No reader has scored these scans yet" in words(show(monkeypatch, study))


def test_scores_and_the_rating_stand_beside_the_variables(monkeypatch, study):
    reading = made(study, maps_of="default", controls=("shuffled",))
    for reader in ("KB", "SM"):
        read(reading, reader)
    said = words(show(monkeypatch, study))
    assert "Scores were locked after this comparison" in said
    assert "not all readers are done" in said
    for reader in ("KB", "SM"):
        rate(reading, reader, lambda case: 3 if case.is_control else 1)
    associate_run(study, "default", AssociateSettings(min_cluster_size=2))
    said = words(show(monkeypatch, study))
    assert "Scores of readers in the table below: Ground glass (read)" in said
    assert "less than controls do" in said
