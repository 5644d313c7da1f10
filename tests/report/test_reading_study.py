"""The section on reading studies: agreement and the rating of maps, without readers' names."""

import re

import pytest

from clam_core.report import ReportSettings, build_report
from clam_core.study import Run
from tests.pipeline.reading.reading_made import made, rate, read
from tests.report import make

ALONE = ReportSettings(sections=("reading_study", "methods"))


@pytest.fixture
def study(tmp_path):
    return make.complete(tmp_path / "one")


def written(study):
    return build_report(Run(study, "default"), ALONE).decode()


def test_without_one_it_says_so(study):
    assert "No reading study of these scans has been ended" in written(study)
    reading = made(study)
    read(reading, "KB")
    assert "No reading study of these scans has been ended" in written(study)
    assert "Cohen J." not in written(study)


def test_with_one_it_tells_agreement_and_whether_maps_point_at_disease(study):
    reading = made(study, maps_of="default", controls=("other_scan",), repeats=0.3, title="ILD")
    for reader in ("KB", "SM"):
        read(reading, reader)
        rate(reading, reader, lambda case: 1 if case.is_control else 3)
    text = written(study)
    assert "Readers find that the maps point at disease, more than at chance" in text
    for said in ("ILD", "weighted kappa (quadratic)", "ICC(2,1)", "lower limit of agreement",
                 "reader 1, twice", "against another scan", "+2.00", "Cohen J.",
                 "Bland JM"):  # fmt: skip
        assert said in text, said
    words = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)  # letters of pictures are chance
    assert not re.search(r"\b(KB|SM)\b", words)
    assert "Zanzibarova" not in text
    assert written(study) == text


def test_a_damaged_log_is_a_sentence_in_it(study):
    reading = made(study)
    for reader in ("KB", "SM"):
        read(reading, reader)
    path = reading.folder / "reader-2.jsonl"
    path.write_text(path.read_text().replace('"extent": 2', '"extent": 3', 1))
    text = written(study)
    assert "is not as it was written" in text or "gone since they were locked" in text
    assert "weighted kappa" not in text
