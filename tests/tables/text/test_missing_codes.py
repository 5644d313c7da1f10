"""Which cells hold a declared code, worked out by hand, and which numbers are doubted as codes."""

import pytest

from clam_core.tables.describe_columns import (
    ColumnOverride,
    apply_overrides,
    infer_columns,
    typed_frame,
)
from clam_core.tables.text.missing_codes import cells_with_codes
from tests.tables.text.make import raw


@pytest.mark.parametrize(
    ("code", "decimal", "cells", "found"),
    [
        ("-9", ".", "-9 -9.0 -9.00 -90 9 -9.1", "-9 -9.0 -9.00"),
        ("-9", ",", "-9,0 -9 -9,5", "-9,0 -9"),
        ("-9,0", ",", "-9 -9,00", "-9 -9,00"),
        ("-9.0", ",", "-9 -9,00", "-9 -9,00"),
        ("-9", ".", "\u22129 <-9 ~9", "\u22129"),
        ("9999", ".", "9,999 9999 9.999", "9,999 9999"),
        ("99", ".", "99% 99kg <99 >99 099", "99% 99kg"),
        ("9", ".", "09 009 9", "9"),
        ("009", ".", "9 009", "009"),
        ("Unbek.", ".", "unbek. UNBEK. unbekannt", "unbek. UNBEK."),
        ("1900-01-01", ".", "1900-01-01 01.01.1900 1900-01-02", "1900-01-01 01.01.1900"),
    ],
)
def test_a_code_is_also_the_same_number(code, decimal, cells, found):
    assert list(cells_with_codes(cells.split(), [code], decimal)) == found.split()


def test_a_code_is_the_whole_cell():
    cells = ["-9 to 5", "5 to -9", "about -9", "-9/12", "-9"]
    assert cells_with_codes(cells, ["-9"], ".") == {"-9": "-9"}
    assert cells_with_codes(cells, [], ".") == {}


def warnings(name, cells):
    (info,) = infer_columns(raw({name: cells.split()}))
    assert set(info.doubts) <= set(info.warnings)
    return info.doubts


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("fev1", "2.4 3.1 2.2 -9 -9.0 2.8", "2 cells with -9,"),
        ("fev1", "2.4 3.1 2.2 9.0 1.9 2.8", "1 cell with 9,"),
        ("fev1", "2.4 3.1 2.2 9.99 9.99 2.8", "2 cells with 9.99,"),
        ("age", "54 60 45 99 99 69", "2 cells with 99,"),
        ("age", "54 60 45 999 69 70", "1 cell with 999,"),
        ("age", "54 60 45 888 69 70", "1 cell with 888,"),
        ("weight", "54 60 55 88 88 59", "2 cells with 88,"),
        ("fvc_change", "-12 4 8 -3 -999 -20", "1 cell with -999,"),
        ("z", "-2.5 0.4 1.1 -9 -9 -0.3", "2 cells with -9,"),
        ("score", "0 1 3 9 9 0 1", "2 cells with 9,"),
        ("likert", "1 2 3 4 5 7 9 9 1 2 3 4 5", "1 cell with 7,"),
        ("smoker", "0 1 9 0 1 1", "1 cell with 9,"),
        ("smoker", "0 9 0 9", "2 cells with 9,"),
        ("smoker", "yes no 9 yes no", "1 cell with 9,"),
        ("smoker", "never former current -9 never", "1 cell with -9,"),
        ("site", "01 02 03 99 01 02", "1 cell with 99,"),
        ("seen", "2019-01-02 2020-03-04 1900-01-01", "1 cell with 1900-01-01,"),
    ],
)
def test_codes_that_nobody_declared_are_doubted(name, cells, said):
    told = [one for one in warnings(name, cells) if "which often stands for a missing" in one]
    assert any(one.startswith(said) for one in told), told


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("fev1_percent", "45 60 72 88 91 99 103"),
        ("pain", "0 1 2 3 4 5 6 7 8 9 10"),
        ("pain", "0 1 2 3 4 5 6 7 8 9"),
        ("age", "25 40 77 60 81 88 70"),
        ("ferritin", "40 120 999 800 430 280 660"),
        ("z", "-1 -2.5 0.4 1.1"),
        ("smoker", "0 1 0 1"),
        ("coded", "8 9 8 9"),
        ("site", "A B C A"),
        ("seen", "1969-01-02 1970-01-01 1971-05-06"),
    ],
)
def test_values_among_other_values_are_not(name, cells):
    assert not [one for one in warnings(name, cells) if "often stands" in one]


def test_a_declared_code_among_the_other_values_is_told():
    cells = raw({"dlco": ["43", "99", "120", "99", "87"], "age": ["50", "999", "60", "70", "45"]})
    infos = {one.name: one for one in infer_columns(cells, missing_values=("99", "999"))}
    assert infos["dlco"].n == 3 and infos["age"].n == 4
    (said,) = infos["dlco"].doubts
    assert "'99' was declared to mean missing, but lies among the other values (43 to 120)" in said
    assert not infos["age"].doubts


def test_codes_of_the_table_leave_ids_alone_and_those_of_a_column_do_not():
    cells = raw({"pid": ["8", "9", "10"], "x": ["9", "1.5", "2.5"]})
    infos = infer_columns(cells, missing_values=("9",))
    assert [one.missing_values for one in infos] == [(), ("9",)]
    assert typed_frame(cells, infos)["pid"].tolist() == ["8", "9", "10"]
    changed = apply_overrides(infos, {"pid": ColumnOverride(missing_values=("9",))}, cells)
    assert typed_frame(cells, changed)["pid"].isna().tolist() == [False, True, False]


def test_a_later_decision_keeps_what_was_declared():
    cells = raw({"x": ["9", "1", "2", "3", "9"], "d": ["03/04/2015"] * 2 + ["05/06/2016"] * 3})
    first = {"x": ColumnOverride(missing_values=("9",)), "d": ColumnOverride(date_order="dmy")}
    infos = apply_overrides(infer_columns(cells), first, cells)
    again = {"x": ColumnOverride(kind="continuous"), "d": ColumnOverride(kind="date")}
    infos = apply_overrides(infos, again, cells)
    frame = typed_frame(cells, infos)
    assert frame["x"].isna().sum() == 2
    assert frame["d"].dt.month.tolist() == [4, 4, 6, 6, 6] and not infos[1].doubts
