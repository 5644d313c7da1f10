"""Cells that a spreadsheet would run are neutralised; numbers stay numbers."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.export.formulas import neutralise, neutralise_frame
from clam_core.tables.read_table import read_table

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","click")',
        "=1+1",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1",
        "  =1+1",
        "\uff1d1+1",
        "-",
        "+",
        "-1-1",
        "-1e5x",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "a", "-5", "+5", "-0.5", "-0,5", "-1e-3", "-1.234,5", "'=1", "a=b", "1-2", "x@y"]
)
def test_numbers_and_harmless_texts_stay(text):
    assert neutralise(text) == text


@given(st.text())
def test_nothing_else_changes_and_once_is_enough(text):
    safe = neutralise(text)
    assert safe in {text, f"'{text}"}
    assert neutralise(safe) == safe
    if safe.startswith(DANGEROUS):
        float(safe.replace(".", "").replace(",", ".").replace("\u2212", "-"))


def test_a_whole_frame_with_its_names_and_index(tmp_path):
    frame = pd.DataFrame(
        {
            "=a": ["=1+1", "fine", None],
            "n": [-1.5, 2.0, None],
            "level": pd.Categorical(["+x", "y", None]),
            "day": pd.to_datetime(["2024-01-02", None, None]),
        },
        index=pd.Index(["@id", "b", "-7"], name="=scan"),
    )
    safe = neutralise_frame(frame)
    assert safe.columns.tolist() == ["'=a", "n", "level", "day"]
    assert (safe.index.tolist(), safe.index.name) == (["'@id", "b", "-7"], "'=scan")
    assert safe["'=a"].tolist()[:2] == ["'=1+1", "fine"]
    assert safe["level"].tolist()[:2] == ["'+x", "y"]
    pd.testing.assert_series_equal(
        safe["n"].reset_index(drop=True), frame["n"].reset_index(drop=True)
    )
    assert frame["=a"].tolist()[0] == "=1+1"
    path = tmp_path / "out.csv"
    safe.to_csv(path)
    cells = [cell for row in csv.reader(io.StringIO(path.read_text())) for cell in row]
    assert {cell for cell in cells if cell.startswith(DANGEROUS)} == {"-1.5", "-7"}
    back = read_table(path)
    assert back.cells("=a") == ["=1+1", "fine", None]
