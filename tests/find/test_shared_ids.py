"""One patient id of several people, and names in scripts that file names do not have."""

import pytest

from clam_core.files.personal_names import looks_private
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from tests.read.dicom import make

ONE = CreateOptions(n_workers=1)


def people(root, *persons, patient="1001"):
    """A series of each person in a folder of its own."""
    for number, (name, birth, sex) in enumerate(persons):
        make.series(
            root / f"c{number}", make.ramp(), PatientName=name, PatientBirthDate=birth,
            PatientSex=sex, PatientID=patient, SeriesInstanceUID=make.uid("series", number),
            StudyInstanceUID=make.uid("study", number),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (("Weber^Karl", "", ""), "names"),
        (("Meier^Anna", "19600101", "F"), "birth dates"),
        (("Weber^Karl", "19600101", "M"), "names and birth dates and sexes"),
    ],
)
def test_one_id_for_two_people_is_said(tmp_path, second, what):
    people(tmp_path / "in", ("Meier^Anna", "19500101", "F"), second)
    said = create(tmp_path / "study", tmp_path / "in", None, ONE).sentences
    scans = Study(tmp_path / "study").scans()
    assert len(set(scans["subject_id"])) == 1
    assert all(f"have other {what}" in notes for notes in scans["notes"])
    assert any("1 patient id has scans whose names" in sentence for sentence in said)
    stored = b"".join(p.read_bytes() for p in (tmp_path / "study").rglob("*") if p.is_file())
    assert b"Weber" not in stored and b"1960" not in stored


@pytest.mark.parametrize(
    "second",
    [("Meier^Anna", "19500101", "F"), ("MEIER^ANNA MARIA", "", ""), ("", "", ""),
     ("Anna^Meier", "19500101", "F")],
)  # fmt: skip
def test_one_person_in_two_spellings_is_one(tmp_path, second):
    people(tmp_path / "in", ("Meier^Anna", "19500101", "F"), second)
    said = create(tmp_path / "study", tmp_path / "in", None, ONE).sentences
    assert not any("patient id" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"Παπαδόπουλος"}, "Papadopoulos0"), ({"สมชาย"}, "somchai1"), ({"Иванов"}, "Ivanov_3"),
        ({"Παπαδόπουλος", "1001"}, "Papadopoulos"),
    ],
)  # fmt: skip
def test_a_name_without_a_latin_spelling_hides_every_likely_name(words, name):
    assert looks_private(name, words)
    assert not looks_private("SARC-017", words)
    assert not looks_private("chest_ct_2", words)


@pytest.mark.parametrize("name", ["Dr_House_1", "prof-Weber2", "Mrs Jones 7", "2_Herr_Schmidt"])
def test_a_title_beside_a_word_is_a_name(name):
    assert looks_private(name)
    assert not looks_private("dr_ct_1")
