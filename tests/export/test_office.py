"""Workbooks, Word and LaTeX against the programs that read them."""

import io
import zipfile

import docx
import openpyxl
import pandas as pd
import pytest

from clam_core.export.office import to_latex, to_word, to_workbook

NASTY = ['=HYPERLINK("http://x","y")', "+1+1", "@SUM(A1)", "-2+3", "http://x.org", "{=1}", "plain"]


@pytest.fixture
def table():
    return pd.DataFrame({"=name": NASTY, "p": [0.5, None, float("inf"), 1.0, 2.0, 3.0, -4.5]})


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(table):
    book = openpyxl.load_workbook(io.BytesIO(to_workbook({"associations": table, "more": table})))
    assert book.sheetnames == ["associations", "more"]
    sheet = book["associations"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert sheet["A2"].value == '\'=HYPERLINK("http://x","y")'.replace("\\", "")
    assert sheet["A1"].value == "'=name" and sheet["A8"].value == "plain"
    assert sheet["B2"].value == 0.5 and sheet["B3"].value is None and sheet["B8"].value == -4.5


def test_the_same_table_gives_the_same_bytes(table):
    assert to_workbook({"a": table}) == to_workbook({"a": table})
    assert to_word(table, "T", ["n"]) == to_word(table, "T", ["n"])


def test_word_holds_every_cell_and_no_time_of_writing(table):
    content = to_word(table.assign(x="a\x00b"), "Table 1", ["A note."])
    document = docx.Document(io.BytesIO(content))
    grid = document.tables[0]
    assert [cell.text for cell in grid.rows[0].cells] == ["=name", "p", "x"]
    assert [row.cells[0].text for row in grid.rows[1:]] == NASTY
    assert grid.rows[1].cells[2].text == "ab"
    assert document.paragraphs[-1].text == "A note."
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {2020}


def test_latex_escapes_what_would_be_run():
    table = pd.DataFrame({"a_b": [r"\input{x}", "5 % ± 1", "x & y", "$^~#{}"]})
    text = to_latex(table, "50 %")
    lines = text.splitlines()
    assert r"\textbackslash{}input\{x\} \\" in lines
    assert r"5 \% $\pm$ 1 \\" in lines and r"x \& y \\" in lines
    assert r"\$\textasciicircum{}\textasciitilde{}\#\{\} \\" in lines
    assert r"\caption{50 \%}" in lines and r"a\_b \\" in lines
    assert text.count(r"\begin") == text.count(r"\end") == 2
