"""Names of persons never become ids or stored paths; codes and common words do."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan
from clam_core.files.personal_names import clean, hide, looks_private, scrub, unique_ids
from clam_core.find.scan_and_subject_ids import name_scans
from clam_core.find.stored_paths import find_ref, hidden_names, store_ref

KEY = "secret"


@pytest.mark.parametrize(
    "name",
    [
        "SARC-017",
        "LIDC-IDRI-0003_R_2.nii.gz",
        "ct-64.nrrd",
        "chest_ct",
        "p1",
        "000022.dcm",
        "CT_pitch",
    ],
)
def test_codes_and_words_of_imaging_are_kept(name):
    assert not looks_private(name)


@pytest.mark.parametrize(
    "name",
    ["DOE^JANE", "Müller Anna.zip", "smith_john", "SCAN_2019-03-21", "x19560302", "~0a", "Doe12^J"],
)
def test_names_and_dates_are_private(name):
    assert looks_private(name)


def test_words_of_the_header_are_private_even_in_codes():
    assert looks_private("doe_017", {"DOE", "JANE"})
    assert looks_private("MÜLLER-3", {"Muller"})
    assert not looks_private("SARC-017", {"DOE", "JA"})


def test_clean_takes_out_what_misleads():
    assert clean(" a\u202egpj.exe\x00\n ") == "agpj.exe"
    assert clean("e\u0301") == "é"
    assert len(clean("x" * 300)) == 80


def test_scrub_hides_every_spelling_of_case():
    assert scrub("Slice of Doe_Jane is cut; doe_jane!", {"DOE_JANE", "of"}) == (
        "Slice of (name hidden) is cut; (name hidden)!"
    )


def test_ids_are_the_first_candidates_that_differ():
    assert unique_ids([("a", "x"), ("b", "y")]) == ["a", "b"]
    assert unique_ids([("ct", "P1"), ("ct", "P2")]) == ["P1", "P2"]
    assert unique_ids([("a", "a"), ("A", "a")]) == ["a-1", "A-2"]
    assert unique_ids([("s", "s"), ("s", "s")]) == ["s-1", "s-2"]
    lone = [("s", "x"), ("t", "x"), ("s", "x"), ("s-1", "x")]
    assert unique_ids(lone) == ["s-2", "t", "s-3", "s-1"]  # who is alone keeps the name


def scan(place="", stem="", words=(), patient="", *, pseudonymous=False, fmt="dicom"):
    return FoundScan(
        fmt,
        (),
        place=tuple(place.split("/")) if place else (),
        stem=stem,
        private_words=frozenset(words),
        patient_id=patient,
        pseudonymous=pseudonymous,
    )


def ids(*scans, mode="auto", root="root-1"):
    named, _ = name_scans(scans, root, KEY, mode)
    return [one.scan_id for one in named]


def test_a_series_is_called_after_its_patients_folder():
    assert ids(scan("data/P01/study/s1"), scan("data/P02/study/s2")) == ["P01", "P02"]
    assert ids(scan("P01/thin1"), scan("P01/soft2")) == ["thin1", "soft2"]
    assert ids(scan("only1/s2")) == ["only1"]
    assert ids(scan("")) == ["root-1"]


def test_a_file_is_called_after_itself_or_its_folder():
    assert ids(scan("im", "a1", fmt="nifti"), scan("im", "a2", fmt="nifti")) == ["a1", "a2"]
    assert ids(scan("P1", "ct", fmt="nifti"), scan("P2", "ct", fmt="nifti")) == ["P1", "P2"]


def test_personal_names_become_numbers_and_are_counted():
    scans = [scan("DOE_JANE"), scan("SARC-2"), scan("ROE_9", words=("Roe", "Max"))]
    named, n = name_scans(scans, "root", KEY)
    assert [one.scan_id for one in named] == ["scan-0001", "SARC-2", "scan-0002"]
    assert n == 2
    assert ids(*scans, mode="names") == ["DOE_JANE", "SARC-2", "ROE_9"]
    assert ids(*scans, mode="codes") == ["scan-0001", "scan-0002", "scan-0003"]


def test_hospital_numbers_are_hashed_unless_the_header_says_pseudonym():
    plain, coded = name_scans(
        [scan("a1", patient="4711"), scan("b2", patient="C3N-1", pseudonymous=True)], "r", KEY
    )[0]
    assert plain.subject_id.startswith("sub-")
    assert "4711" not in plain.subject_id
    assert coded.subject_id == "C3N-1"
    again = name_scans([scan("z9", patient="4711")], "r", KEY)[0][0]
    assert again.subject_id == plain.subject_id


def test_a_hidden_path_leads_back_to_its_file(tmp_path):
    folder = tmp_path / "Doe_Jane" / "s1"
    folder.mkdir(parents=True)
    (folder / "0001.dcm").write_bytes(b"x")
    ref = FileRef(folder / "0001.dcm")
    path, member = store_ref(ref, tmp_path, KEY, frozenset())
    assert "Doe" not in path
    assert path.endswith("/s1/0001.dcm")
    assert find_ref(path, member, tmp_path, KEY) == ref
    assert hidden_names(path, member, ref, tmp_path) == {"Doe_Jane"}
    assert store_ref(ref, tmp_path, KEY, None) == ("Doe_Jane/s1/0001.dcm", None)


def test_a_file_that_has_gone_is_a_sentence(tmp_path):
    with pytest.raises(ReadError, match="no longer where it was found"):
        find_ref(hide("Doe_Jane", KEY), None, tmp_path, KEY)


@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_hidden_paths_keep_their_depth_and_plain_parts(name):
    hidden = hide(f"SARC-1/{name}", KEY)
    assert hidden.count("/") == 1
    assert hidden.startswith("SARC-1/")
    assert hidden.rpartition("/")[2] == hide(name, KEY)


def test_a_name_is_scrubbed_as_it_is_and_as_it_is_shown():
    decomposed = unicodedata.normalize("NFD", "Müller7")
    said = f"{clean(decomposed)}.nii is an empty file."
    assert scrub(said, {decomposed}) == "(name hidden).nii is an empty file."


@pytest.mark.parametrize("words", [None, frozenset()])
def test_names_that_are_no_text_are_stored_as_codes_and_found_again(tmp_path, words):
    for name in ("a1\udcff.nii", "b\u202e1.nii", "c1\u2028.nii"):
        path = tmp_path / name
        path.write_bytes(b"x")
        os.utime(tmp_path, ns=(0, path.stat().st_mtime_ns + len(name)))  # clocks may tick slowly
        stored, member = store_ref(FileRef(path), tmp_path, KEY, words)
        assert stored.isascii()
        assert member is None
        assert find_ref(stored, member, tmp_path, KEY) == FileRef(path)
