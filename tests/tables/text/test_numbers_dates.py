"""Numbers and dates as people write them; what can be read in two ways is counted."""

import math
from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.tables.describe_columns import infer_columns, typed_frame
from clam_core.tables.text.date_text import read_date, read_dates
from clam_core.tables.text.number_text import detect_decimal, read_number, read_numbers, split_unit
from tests.tables.text.make import raw


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("80.5", 80.5, None),
        ("80,5", None, 80.5),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("1.234,5", None, 1234.5),
        ("1,234.5", 1234.5, None),
        ("1,234,567", 1234567, None),
        ("1'234.5", 1234.5, None),
        ("1 234,5", None, 1234.5),
        ("1\u202f234", 1234, 1234),
        ("-5", -5, -5),
        ("\u22125", -5, -5),
        ("+.5", 0.5, None),
        ("1e-3", 0.001, 0.001),
        ("007", 7, 7),
        ("12,34", None, 12.34),
        ("1,23,4", None, None),
        ("0,123", None, 0.123),
        ("1e999", None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("0x1F", None, None),
        ("1_000", None, None),
        ("\u0661\u0662", 12, 12),
        ("5-10", None, None),
        ("", None, None),
    ],
)
def test_numbers(text, point, comma):
    assert read_number(text, ".") == point
    assert read_number(text, ",") == comma


@given(
    number=st.floats(-1e9, 1e9).map(lambda x: round(x, 3)),
    style=st.sampled_from([(".", ""), (".", ","), (".", "'"), (",", ""), (",", "."), (",", " ")]),
)
def test_a_number_written_in_any_style_comes_back(number, style):
    mark, thousands = style
    text = f"{number:,.3f}".replace(",", "T").replace(".", mark).replace("T", thousands)
    assert read_number(text, mark) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_python_writes_it_comes_back(number):
    found = read_number(repr(number))
    assert found is not None
    assert math.isclose(found, number, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("80 %", ("80", "%", False)),
        ("170cm", ("170", "cm", False)),
        ("12 mg", ("12", "mg", False)),
        ("<5", ("5", "", True)),
        ("\u2265 5 mg/l", ("5", "mg/L", True)),
        ("ca. 5", ("5", "", True)),
        ("34 years", ("34", "years", False)),
        ("34 J.", ("34", "years", False)),
        ("5 apples", ("5 apples", "", False)),
        ("80 % pred.", ("80", "% predicted", False)),
        ("3 \xb5g", ("3", "\xb5g", False)),
    ],
)
def test_units_and_limits_are_taken_off(text, parts):
    assert split_unit(text) == parts


def numbers(*cells, default=".", **options):
    options = {"point_is_decimal": False, **options}
    return read_numbers(Counter(cells), default, **options)


def test_a_column_tells_its_own_decimal_mark():
    found = numbers("80,5", "1.234", "75,25")
    assert found.decimal == ","
    assert found.values["1.234"] == 1234
    assert found.n_doubtful == 0


def test_thousands_or_decimals_are_counted_as_doubtful_unless_the_user_decided():
    found = numbers("1,234", "2,345", "7")
    assert (found.values["1,234"], found.n_doubtful, found.doubtful) == (1234, 2, "1,234")
    decided = numbers("1,234", "2,345", default=",", default_is_sure=True)
    assert (decided.values["1,234"], decided.n_doubtful) == (1.234, 0)


def test_a_point_in_a_workbook_is_a_decimal_mark():
    assert numbers("1.234", default=",", point_is_decimal=True).values == {"1.234": 1.234}
    assert numbers("1.234", default=",").values == {"1.234": 1234}


def test_both_marks_in_one_column_are_counted():
    found = numbers("80,5", "75,2", "66.25")
    assert found.values["66.25"] == 66.25
    assert found.n_other_mark == 1


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["80,5", "x"], ","),
        (["80.5"], "."),
        (["1.234"], "d"),
        (["1.234,5"], ","),
        (["1,5", "2.5", "3,5"], ","),
        (["12.03.2024"], "d"),
        ([], "d"),
    ],
)
def test_the_mark_of_a_table_is_proven_or_left_open(cells, mark):
    assert detect_decimal(cells, "d") == mark


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2024-12-31", date(2024, 12, 31)),
        ("2024/12/31", date(2024, 12, 31)),
        ("31.12.2024", date(2024, 12, 31)),
        ("1.2.24", date(2024, 2, 1)),
        ("1.2.70", date(1970, 2, 1)),
        ("31-12-2024", date(2024, 12, 31)),
        ("5. M\xe4rz 2024", date(2024, 3, 5)),
        ("5 mar 2024", date(2024, 3, 5)),
        ("March 5, 2024", date(2024, 3, 5)),
        ("5 ao\xfbt 2024", date(2024, 8, 5)),
        ("30.02.2024", None),
        ("2024-13-01", None),
        ("1850-01-01", None),
        ("20241231", None),
        ("1.2", None),
        ("12/2024", None),
        ("=1/2/2024", None),
    ],
)
def test_dates(text, found):
    moment = read_date(text)
    assert (moment and moment.date()) == found


def test_a_date_keeps_its_time_of_day():
    assert read_date("2024-03-01T14:05:06.123+01:00") == datetime(2024, 3, 1, 14, 5, 6)
    assert read_date("1.3.2024 14:05") == datetime(2024, 3, 1, 14, 5)
    assert read_date("1.3.2024 25:05") is None
    assert read_date("20241231", compact=True) == datetime(2024, 12, 31)


@given(
    day=st.dates(date(1970, 1, 1), date(2069, 12, 31)),
    form=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%d %B %Y", "%d.%m.%y"]),
)
def test_a_date_written_in_any_form_comes_back(day, form):
    moment = read_date(day.strftime(form), "dmy")
    assert moment is not None
    assert moment.date() == day


def test_days_beyond_twelve_tell_the_order():
    american = read_dates(Counter(["1/2/2024", "1/13/2024"]))
    assert (american.order, american.n_doubtful) == ("mdy", 0)
    assert american.values["1/2/2024"] == datetime(2024, 1, 2)
    european = read_dates(Counter(["1/2/2024", "13/1/2024"]))
    assert european.values["1/2/2024"] == datetime(2024, 2, 1)


def test_an_order_that_nothing_tells_is_counted():
    found = read_dates(Counter(["1/2/2024", "5/5/2024"]))
    assert (found.order, found.n_doubtful) == ("mdy", 1)
    assert read_dates(Counter(["1/2/2024"]), "dmy").n_doubtful == 0
    assert read_dates(Counter(["1.2.2024"])).n_doubtful == 0
    german = read_dates(Counter(["1/2/2024"]), with_slashes="dmy")
    assert (german.values["1/2/2024"], german.n_doubtful) == (datetime(2024, 2, 1), 1)
    # What the cells tell counts for more.
    proven = read_dates(Counter(["1/2/2024", "1/13/2024"]), with_slashes="dmy")
    assert proven.values["1/2/2024"] == datetime(2024, 1, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\u22121.5", -1.5), ("\u20133.5", -3.5), ("\uff0d2", -2), ("2\u20135", None),
        ("\u0661\u0662", 12), ("\u0661\u066b\u0665", 1.5), ("\u06f4\u06f2", 42),
        ("\uff11\uff12", 12), ("\u0967\u0968", 12), ("1,23,456", 123_456),
        ("12,34,56,789.5", 123_456_789.5),
        ("1,2,345", None), ("123,45,678", None), ("1,23,45", None), ("\u00b2", None),
    ],
)  # fmt: skip
def test_numbers_of_other_scripts_and_countries(text, value):
    assert read_number(text) == value


def test_missing_values_of_statistics_programs():
    table = raw({"x": ["1.5", ".", ".a", ".Z", "2.5", "3.5"], "y": ["a", ".b", "a", "b", "b", "a"]})
    infos = infer_columns(table)
    assert [info.kind for info in infos] == ["continuous", "binary"]
    assert typed_frame(table, infos)["x"].dropna().tolist() == [1.5, 2.5, 3.5]
    assert "3 cells with '.', '.a', '.Z' taken as missing." in infos[0].warnings
