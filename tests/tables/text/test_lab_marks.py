"""Marks of laboratories beside numbers, and letters that may be units."""

from collections import Counter

import pytest

from clam_core.tables.describe_columns import infer_columns, typed_frame
from clam_core.tables.text.lab_marks import marked_cells, without_marks
from tests.tables.text.make import raw


@pytest.mark.parametrize(
    ("cell", "text", "mark"),
    [
        ("5.1 H", "5.1", "H"),
        ("5.1H", "5.1", "H"),
        ("5,1 L", "5,1", "L"),
        ("4.8*", "4.8", "*"),
        ("4.8 **", "4.8", "**"),
        ("* 4.8", "4.8", "*"),
        ("4.8 *)", "4.8", "*)"),
        ("85 (H)", "85", "(H)"),
        ("85 [low]", "85", "[low]"),
        ("5.1 HH", "5.1", "HH"),
        ("H 5.1", "5.1", "H"),
        ("5,1 +", "5,1", "+"),
        ("5,1++", "5,1", "++"),
        ("5.1 -", "5.1", "-"),
        ("5.1 \u2191", "5.1", "\u2191"),
        ("5.1 \u2193\u2193", "5.1", "\u2193\u2193"),
        ("85 high", "85", "high"),
        ("85 erh\xf6ht", "85", "erh\xf6ht"),
        ("10.2 mg/L (H)", "10.2 mg/L", "(H)"),
        ("10.2 mg/L H", "10.2 mg/L", "H"),
        ("10.2 (H) mg/L", "10.2 mg/L", "(H)"),
        ("10.2 H mg/L", "10.2 mg/L", "H"),
        ("<0.5 L", "<0.5", "L"),
        ("<5*", "<5", "*"),
        ("3.2 (3.5-5.0)", "3.2", "(3.5-5.0)"),
        ("136* [135 - 145]", "136", "*"),
        ("5.1", "5.1", ""),
        ("-5", "-5", ""),
        ("3+", "3+", ""),
        ("5.1+e", "5.1+e", ""),
        ("S001", "S001", ""),
        ("B70f", "B70f", ""),
        ("2.5 L/min", "2.5 L/min", ""),
        ("170cm", "170cm", ""),
        ("2.5 (80)", "2.5 (80)", ""),
        ("5a", "5a", ""),
        ("#12", "#12", ""),
        ("2024-03-01", "2024-03-01", ""),
        ("High", "High", ""),
    ],
)
def test_marks_are_taken_off(cell, text, mark):
    found = without_marks(cell)
    assert (found.text, found.mark) == (text, mark)


@pytest.mark.parametrize(
    ("name", "unit", "cells", "letters"),
    [
        ("x", "", "5 L|6 L|7 L", 0),
        ("x", "", "5|6 L|7|8|9", 1),
        ("FEV1", "L", "5|6 L|7|8|9", 0),
        ("Potassium", "mmol/L", "3 L|3.1 L|3.2 L", 3),
        ("x", "", "5 L|6 H|7 L", 3),
        ("x", "", "5 L|6*|7 L", 3),
        ("x", "", "5 H|6 H|7 H", 3),
        ("x", "", "5 h|6 h|7 h", 0),
        ("x", "", "5 h|6|7|8", 1),
        ("hours of sleep", "", "5 H|6 H|7", 0),
        ("CRP", "mg/L", "5 h|6 h|7 h", 3),
        ("x", "", "5 A|6|7 A", 0),
        ("x", "", "5 A|6 H|7 A", 3),
        ("x", "", "0 low|1 high", 0),
        ("x", "", "0 low|1 high|2", 2),
    ],
)
def test_a_letter_is_a_unit_or_a_mark_by_its_column(name, unit, cells, letters):
    found = marked_cells(Counter(cells.split("|")), name, unit)
    assert sum(bool(one.mark) for one in found.values()) == letters


@pytest.mark.parametrize(
    ("name", "cells", "kind", "unit", "values"),
    [
        ("CRP", "10.2 H|3|4.5|12 H", "continuous", "mg/L", [10.2, 3, 4.5, 12]),
        ("Ferritin", "H 300|L 10|120|99.5", "continuous", "", [300, 10, 120, 99.5]),
        ("Kalium", "3,1 -|4,0|5,6 +|4,4", "continuous", "", [3.1, 4, 5.6, 4.4]),
        ("FEV1", "2.5 L|3.1 L|1.9 L|2.2 L", "continuous", "L", [2.5, 3.1, 1.9, 2.2]),
        ("sleep", "7 h|8.5 h|6 h|7.5 h", "continuous", "h", [7, 8.5, 6, 7.5]),
        ("WBC", "5.1 G/l|6.2 G/l *|4 G/l|9 G/l", "continuous", "10^9/L", [5.1, 6.2, 4, 9]),
    ],
)
def test_columns_with_marks(name, cells, kind, unit, values):
    table = raw({name: cells.split("|")})
    (info,) = infer_columns(table)
    assert (info.kind, info.unit) == (kind, unit)
    assert typed_frame(table, [info])[name].tolist() == values
    marked = any(c in cells for c in ("H", "*", "+"))
    assert any("laboratory's mark" in text for text in info.warnings) == marked


def test_labels_of_codes_stay_words():
    for cells in ("1 low|2 high|1 low|2 high", "1 male|2 female|1 male", "3A|3B|2A|3A"):
        (info,) = infer_columns(raw({"x": cells.split("|")}))
        assert set(info.levels) == set(cells.split("|"))
