"""Names of columns on a command line: commas within them, line breaks, quotes."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.pipeline.declared_steps.written import NAMES
from clam_core.tables.column_names import joined_names

COLUMNS = ["age", "FVC, L", "FEV1 (L)", "a,b,c", "x", "y", "x,y"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("FVC, L", ["FVC, L"]),
        ("FVC,L", ["FVC, L"]),
        ("age,FVC, L,x", ["age", "FVC, L", "x"]),
        ('age,"FVC, L"', ["age", "FVC, L"]),
        ("a,b,c,age", ["a,b,c", "age"]),
        ("x,y", ["x", "y"]),
        ("FEV1\n(L)", ["FEV1 (L)"]),
        ("FVC", ["FVC"]),
        ("nope, age", ["nope", "age"]),
    ],
)
def test_a_comma_within_a_name_is_no_end_of_it(typed, names):
    assert list(joined_names(NAMES.read(typed), COLUMNS)) == names


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), min_size=1
    )
)
def test_names_come_back_from_what_is_written(names):
    """The text is one record of Python's csv module, whatever the names hold."""
    text = NAMES.write(names)
    assert next(csv.reader(io.StringIO(text))) == names
    assert list(NAMES.read(text)) == names
