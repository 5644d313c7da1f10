"""Ids as numbers: what can be only one id, what may be two, and digits that are lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.tables.id_column import matched_ids
from clam_core.tables.id_numbers import lost_digits, possible_numbers, whole_number
from clam_core.tables.near_misses import find_near_misses
from tests.tables.test_joining import hashed, joined, scans
from tests.tables.text.make import raw


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1001.0", "1001"),
        ("1001,00", "1001"),
        ("1.001E+03", "1001"),
        ("1,001e3", "1001"),
        ("1.0010E+03", "1001"),
        ("1,001", "1001"),
        ("1.001", "1001"),
        ("12'345", "12345"),
        ("1,234,567", "1234567"),
        ("0012.0", "0012"),
        ("0.000", "0"),
        ("1,000", None),
        ("1.00E+03", None),
        ("1e+05", None),
        ("1.5", None),
        ("12.34", None),
        ("1.001.5", None),
        ("1.0015E+03", None),
        ("1001", None),
        ("S1.0", None),
        ("", None),
    ],
)
def test_what_can_be_only_one_number(text, digits):
    assert whole_number(text) == digits


@given(st.integers(0, 10**12), st.sampled_from(["{}.0", "{},0", "{:.2f}", "{:.15E}", "{:,}"]))
def test_a_whole_number_in_any_spelling_is_found_or_left_open(number, spelling):
    """As Python's own formatting writes it; only `1,000` and its like stay open."""
    text = spelling.format(number)
    found = str(number) if text == str(number) else whole_number(text)
    assert found == str(number) or (found is None and str(number) in possible_numbers(text))


def test_digits_that_are_lost_are_known():
    assert [lost_digits(t) for t in ("1.23E+11", "1.001E+03", "1.5", "1001.0")] == [True] + [
        False
    ] * 3


def test_a_table_is_joined_by_numbers_only_where_they_are_ids():
    ids = [str(n) for n in range(1001, 1009)]
    floats = [f"{one}.0" for one in ids]
    report = joined(raw({"subject": floats, "v": list("abcdefgh")}), scans(ids))
    assert (report.n_matched, report.id_column) == (8, "subject")
    assert "8 ids are written as numbers, such as '1001.0' for '1001'" in report.sentences()[1]
    ages = raw({"age": ["3.0", "4.0", "3.0", "5.0"], "case": ["A1", "A2", "A3", "A4"]})
    assert joined(ages, scans(["3", "4", "5"])).n_matched == 0


def test_the_study_may_have_the_decimals_and_the_table_not():
    report = joined(raw({"id": ["1001", "1002"]}), scans(["1001.0", "1002.0"]))
    assert report.rows == {"1001.0": (0,), "1002.0": (1,)}
    assert matched_ids(["7"], ["7.0", "7,0"]) == {}


def test_the_same_letters_win_over_the_same_number():
    assert matched_ids(["7.0", "7"], ["7", "7.0"]) == {"7.0": "7.0", "7": "7"}
    both = joined(raw({"id": ["7", "7.0"], "v": ["a", "b"]}), scans(["7"]))
    assert [(one.study_id, one.lines) for one in both.conflicting] == [("7", (2, 3))]


def test_numbers_that_may_be_two_ids_are_suggested():
    (one,) = find_near_misses(["1e+05"], ["100000"])
    assert (one.study_id, one.difference) == ("100000", "written as a number")
    (one,) = find_near_misses(["2,000"], ["2000", "7"])
    assert one.study_id == "2000"
    assert find_near_misses(["2,000"], ["2000", "2"]) == []
    assert find_near_misses(["1e+05", "1.0e5"], ["100000"]) == []


def test_hospital_numbers_as_numbers_stay_unsaid():
    study = scans(["a", "b"], [hashed("4711"), hashed("815")])
    report = joined(raw({"mrn": ["4711.0", "815.0"], "v": ["1", "2"]}), study, id_hash=hashed)
    assert (report.hashed, report.n_matched) == (True, 2)
    said = " ".join(report.sentences())
    assert "2 ids are written as numbers: matched" in said
    assert "4711" not in said
