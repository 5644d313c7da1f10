"""Joining: who matches whom, near-misses, repeated ids, and never more rows than ids."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.errors import TableError
from clam_core.tables.id_column import find_id_column
from clam_core.tables.joining import join_report
from clam_core.tables.near_misses import find_near_misses
from clam_core.tables.text.raw_table import RawTable
from tests.tables.text.make import raw


def scans(ids, subjects=None):
    return pd.DataFrame({"subject_id": subjects or ids}, index=pd.Index(ids, name="scan_id"))


def joined(table: RawTable, study, wanted=None, id_hash=None, **options):
    ids, subjects = list(study.index), list(study["subject_id"])
    choice = find_id_column(table, ids, subjects, wanted, id_hash)
    return join_report(table, choice, study, id_hash, **options)


def hashed(text):
    return f"sub-{sum(map(ord, text)):05d}"


def test_everyone_is_matched_or_named():
    table = raw({"id": ["B", "A", "X", ""], "v": ["1", "2", "3", "4"]})
    report = joined(table, scans(["A", "B", "C"]))
    assert (report.id_column, report.level, report.hashed) == ("id", "scan", False)
    assert report.rows == {"A": (1,), "B": (0,)}
    assert report.sentences() == [
        "2 of 3 scans have a row in the table (column 'id', which holds the ids of scans).",
        "1 scan has no row: C.",
        "1 row belongs to no scan of this study: 'X' (line 4); not imported.",
        "1 row has no id: line 5; not imported.",
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "difference"),
    [
        ("1", "001", "leading zeros"),
        ("SARC-7", "SARC-007", "leading zeros"),
        ("sarc-1", "SARC-1", "capital letters or accents"),
        ("SARC 1", "SARC-1", "separators"),
        ("SARC_1", "SARC1", "separators"),
        ("sarc_1", "SARC-001", "capital letters or accents and leading zeros and separators"),
        ("7", "SARC-007", "leading zeros and prefix"),
        ("P7", "7", "prefix"),
        ("scan3.nii.gz", "scan3", "file ending"),
        ("Zürich1", "zurich1", "capital letters or accents"),
    ],
)
def test_near_misses_are_found_and_named(theirs, ours, difference):
    (found,) = find_near_misses([theirs], [ours])
    assert (found.table_id, found.study_id, found.difference) == (theirs, ours, difference)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["1"], ["2"]),
        (["1-11"], ["11-1"]),
        (["SARC-1"], ["PAT-1"]),
        (["10"], ["1"]),
        (["1", "01"], ["001"]),
        (["1"], ["01", "001"]),
        (["A1"], ["B1", "C1"]),
        (["-"], ["_"]),
    ],
)
def test_different_or_doubtful_ids_are_never_paired(theirs, ours):
    assert find_near_misses(theirs, ours) == []


def test_near_misses_are_suggested_and_matched_on_request_only():
    table = raw({"id": ["1", "2", "003"], "v": ["a", "b", "c"]})
    study = scans(["001", "002", "003"])
    report = joined(table, study)
    assert (report.n_matched, list(report.rows)) == (1, ["003"])
    assert report.sentences()[-1] == (
        "2 ids are spelled in another way than in the study: '1' for '001' (leading zeros), '2' "
        "for '002' (leading zeros); not matched. Accept such ids (on the page Cohort, or with "
        "--accept-near-misses), or correct them in the table."
    )
    accepted = joined(table, study, apply_near_misses=True)
    assert accepted.rows == {"001": (0,), "002": (1,), "003": (2,)}
    assert accepted.sentences()[-1].endswith("(leading zeros); matched, as you accepted.")


def test_an_exact_id_wins_over_a_near_one():
    table = raw({"id": ["001", "1"], "v": ["a", "b"]})
    report = joined(table, scans(["001"]), apply_near_misses=True)
    assert report.rows == {"001": (0,)}
    assert report.rows_without_scan == (("1", 3),)


def test_the_id_column_is_found_among_others():
    table = raw(
        {
            "nr": ["1", "2", "3"],
            "subject": ["P1", "P1", "P2"],
            "scan": ["P1_a", "P1_b", "P2_a"],
            "v": ["7", "8", "9"],
        }
    )
    study = scans(["P1_a", "P1_b", "P2_a"], ["P1", "P1", "P2"])
    assert find_id_column(table, *ids_of(study)).column == "scan"
    by_subject = find_id_column(table, *ids_of(study), "subject")
    assert (by_subject.column, by_subject.level) == ("subject", "subject")


def ids_of(study):
    return list(study.index), list(study["subject_id"])


def test_ages_do_not_pass_for_misspelled_ids():
    """Ages equal a few ids by chance; the true ids differ in zeros."""
    table = raw({"age": ["3", "4", "60", "70"], "case": ["001", "002", "003", "004"]})
    study = scans(["1", "2", "3", "4", "5", "6"])
    assert find_id_column(table, *ids_of(study)).column == "case"
    assert joined(table, study).n_matched == 0


def test_another_column_that_fits_as_well_is_said():
    table = raw({"id": ["1", "2"], "row": ["2", "1"]})
    report = joined(table, scans(["1", "2"]))
    assert report.id_column == "id"
    assert report.sentences()[-1] == (
        "Column 'row' would match as many scans; name the right id column if it is another."
    )
    assert joined(table, scans(["1", "2"]), "id").others == ()


def test_a_wrong_name_lists_the_columns():
    table = raw({"Pat-Nr": ["1"], "fvc": ["2"]})
    with pytest.raises(TableError, match="no column 'Pat.Nr'; did you mean 'Pat-Nr'?"):
        joined(table, scans(["1"]), "Pat.Nr")
    with pytest.raises(TableError, match="no column 'zzz'; the table has 'Pat-Nr', 'fvc'"):
        joined(table, scans(["1"]), "zzz")


def test_a_row_of_a_subject_belongs_to_all_its_scans():
    table = raw({"pid": ["P1", "P2"], "v": ["1", "2"]})
    report = joined(table, scans(["a", "b", "c"], ["P1", "P1", "P2"]))
    assert (report.level, report.n_matched, report.rows) == ("subject", 3, {"P1": (0,), "P2": (1,)})
    assert "3 of 3 scans have a row" in report.sentences()[0]


def test_repeated_rows_are_told_apart_by_what_they_say():
    table = raw(
        {
            "id": ["A", "A", "B", "B", "B"],
            "v": ["1", "1", "2", "3", "2"],
            "w": ["x", "x", "y", "y", "z"],
        }
    )
    report = joined(table, scans(["A", "B"]))
    assert [one.study_id for one in report.identical] == ["A"]
    assert [(one.study_id, one.lines, one.columns) for one in report.conflicting] == [
        ("B", (4, 5, 6), ("v", "w"))
    ]
    assert report.sentences()[1:] == [
        "1 id with the same row more than once, taken once: A (lines 2, 3).",
        "1 id has rows that contradict each other: B (lines 4, 5, 6) in 'v', 'w'. Keep one row per "
        "id, or choose to take the first of each.",
    ]
    taken = joined(table, scans(["A", "B"]), take_first=True)
    assert taken.sentences()[2].endswith("in 'v', 'w'. The first row of each was taken.")


def test_hospital_numbers_match_by_their_hash_and_stay_unsaid():
    table = raw({"mrn": ["4711", "815", "99"], "v": ["1", "2", "3"]})
    subjects = [hashed("4711"), hashed("0815"), hashed("22")]
    report = joined(table, scans(["a", "b", "c"], subjects), id_hash=hashed)
    assert (report.hashed, report.level, report.n_matched) == (True, "subject", 1)
    said = " ".join(report.sentences())
    assert "hospital numbers are stored only as codes" in said
    assert "an id of the table for 'sub-00206' (leading zeros)" in said
    assert not any(number in said for number in ("4711", "815'", "'99'"))
    accepted = joined(
        table, scans(["a", "b", "c"], subjects), id_hash=hashed, apply_near_misses=True
    )
    assert accepted.n_matched == 2


@given(
    table_ids=st.lists(st.sampled_from(["1", "01", "2", "A", "a", "P1", "", "x y"]), max_size=12),
    study_ids=st.lists(st.sampled_from(["1", "2", "A", "P1", "xy"]), min_size=1, unique=True),
    n_subjects=st.integers(1, 3),
    near=st.booleans(),
    data=st.data(),
)
def test_a_join_never_multiplies_rows(table_ids, study_ids, n_subjects, near, data):
    """Every row of the table serves at most one id, and the numbers add up."""
    values = data.draw(
        st.lists(st.sampled_from("uv"), min_size=len(table_ids), max_size=len(table_ids))
    )
    table = raw({"id": table_ids, "v": values})
    subjects = [f"s{i % n_subjects}" for i in range(len(study_ids))]
    report = joined(table, scans(study_ids, subjects), "id", apply_near_misses=near)
    used = [position for rows in report.rows.values() for position in rows]
    assert len(used) == len(set(used)) <= len(table_ids)
    assert len(used) + len(report.rows_without_scan) + len(report.lines_without_id) == len(
        table_ids
    )
    assert report.n_matched + len(report.scans_without_row) == len(study_ids)
    assert set(report.rows) <= set(study_ids) | set(subjects)
    repeated = {one.study_id for one in (*report.identical, *report.conflicting)}
    assert repeated == {one for one, rows in report.rows.items() if len(rows) > 1}


def test_rows_with_another_spelling_of_an_id_are_said_and_joined_when_accepted():
    table = raw({"id": ["S-1", "s1", "S 2", "s_2", "01", "X"], "v": ["a", "a", "b", "b", "c", "d"]})
    study = scans(["S-1", "S-2", "1"])
    report = joined(table, study)
    assert report.rows == {"S-1": (0,)}
    said = report.sentences()
    assert (
        "3 rows have an id that may be another spelling of an id in the study: 's1' (line 3) for "
        "'S-1', 'S 2' (line 4) for 'S-2', 's_2' (line 5) for 'S-2'; not imported. If they are the "
        "same subject, write the id in one way in all rows." in said
    )
    assert "1 row belongs to no scan of this study: 'X' (line 7); not imported." in said
    accepted = joined(table, study, apply_near_misses=True)
    assert accepted.rows == {"S-1": (0, 1), "S-2": (2, 3), "1": (4,)}
    assert [one.study_id for one in accepted.identical] == ["S-1", "S-2"]
    assert any("taken for the same, as you accepted" in one for one in accepted.sentences())


def test_a_spelling_with_other_zeros_is_said_and_never_joined_to_a_row():
    table = raw({"id": ["001", "1"], "v": ["a", "b"]})
    report = joined(table, scans(["001"]), apply_near_misses=True)
    assert report.rows == {"001": (0,)}
    assert "'1' (line 3) for '001'; not imported" in report.sentences()[1]


def test_other_spellings_of_hospital_numbers_stay_unsaid():
    table = raw({"mrn": ["ab-1", "AB-1", "zz9"], "v": ["1", "1", "2"]})
    study = scans(["a", "b"], [hashed("AB-1"), hashed("zz9")])
    report = joined(table, study, id_hash=hashed)
    assert report.rows == {hashed("AB-1"): (1,), hashed("zz9"): (2,)}
    said = " ".join(report.sentences())
    assert f"an id (line 2) for '{hashed('AB-1')}'; not imported" in said
    assert "ab-1" not in said
    accepted = joined(table, study, id_hash=hashed, apply_near_misses=True)
    assert accepted.rows[hashed("AB-1")] == (0, 1)
