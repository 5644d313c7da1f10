"""R's tables, protected texts, sums and footnotes, sheets: as other programs write them."""

import csv
import io

import pandas as pd
import pytest

from clam_core.errors import TableError
from clam_core.tables.read_table import read_table
from clam_core.tables.shape.ends import n_rows_below
from clam_core.tables.shape.text_formulas import plain_text
from tests.tables.text import make


@pytest.fixture
def read(tmp_path):
    def reader(text, **options):
        path = tmp_path / "t.csv"
        path.write_text(text, "utf-8")
        return read_table(path, **options)

    return reader


@pytest.mark.parametrize(
    ("text", "columns", "first"),
    [
        (
            '"id" "v" "g"\n"1" "S1" 2.5 "a b"\n"2" "S2" NA "c"\n',
            "id v g",
            ["1", "S1", "2.5", "a b"],
        ),
        ("id v\n1 S1 2.5\n2 S2 3.5\n", "id v", ["1", "S1", "2.5"]),
        ('"id" "v"\n"1" "S1" 2,5\n"2" "S2" 3,5\n', "id v", ["1", "S1", "2,5"]),
        ("v\tw\nS1\t2.5\t3\nS2\t3.5\t4\n", "v w", ["S1", "2.5", "3"]),
        ("id;v\n1;S1;2,5\n2;S2;3,5\n", "id v", ["1", "S1", "2,5"]),
        ('"id","v","w"\n"1","S1",2,5\n"2","S2",3,5\n', "id v w", ["1", "S1", "2", "5"]),
        ("id,v,w\n4,S4,2.5,5\n7,S7,3.5,5\n", "id v w", ["4", "S4", "2.5", "5"]),
    ],
)
def test_tables_of_r(read, text, columns, first):
    table = read(text)
    assert table.columns == ("row id", *columns.split())
    assert table.rows[0] == first
    assert any("The header lacks a name for the first column" in note for note in table.notes)


def test_tables_of_r_as_pandas_reads_them(read):
    """pandas takes the additional first column for the names of the rows, too."""
    frame = pd.DataFrame({"v": [2.5, 3.5, 4.5], "w": ["a", "b c", "d"]}, ["S1", "S2", "S3"])
    text = frame.to_csv(sep=" ", quoting=csv.QUOTE_NONNUMERIC).split("\n", 1)
    text = '"v" "w"\n' + text[1]
    again = pd.read_csv(io.StringIO(text), sep=" ")
    table = read(text)
    assert table.cells("row id") == again.index.tolist()
    assert table.cells("w") == again["w"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "id,v\nS1,2.5,late\nS2,3.5,early\n",
        "id;v\nS1;2,5;late\nS2;3,5;early\n",
        "v,id\n2.5,S1,late\n3.5,S2,late\n",
        "v,w\n2.5,a,late\n3.5,b,early\n",
    ],
)
def test_a_last_column_without_a_name_is_not_the_first(read, text):
    with pytest.raises(TableError, match="Line 2 of t.csv has 3 cells, the header has 2"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "id,v\nS1,2,5\nS2,3,5\n",
        "id,v,w\n1,2,5,7\n2,3,5,7\n",
        "id,name,v\n1,Anna,80,5\n2,Bert,75,2\n",
    ],
)
def test_decimal_commas_are_not_taken_for_row_names(read, text):
    with pytest.raises(TableError, match=r"Every row of t.csv has one cell more.*Export it again"):
        read(text)


@pytest.mark.parametrize(
    "text",
    ["scan name\nscan 1\nscan 2\n", "remark\ncame late\nwas tired\n", "scan\nA B\nC D\n"],
)
def test_texts_with_blanks_are_no_columns(read, text):
    assert len(read(text).columns) == 1


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="2.56"', "2.56"),
        ('="001"', "001"),
        ('= "a ""b"""', 'a "b"'),
        ('=T("001")', "001"),
        ('="001"&""', "001"),
        ("=2.56", "2.56"),
        ("=-1,5", "-1,5"),
        ("'001", "001"),
        ("'2,5", "2,5"),
        ("'=A1", "=A1"),
        ("=A1", "=A1"),
        ('=HYPERLINK("http://a","b")', '=HYPERLINK("http://a","b")'),
        ("=1+1", "=1+1"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("'tis", "'tis"),
        ("5'6", "5'6"),
    ],
)
def test_texts_that_are_protected(cell, text):
    assert plain_text(cell) == text


def test_protected_texts_in_a_header_and_with_a_comma(read):
    table = read('"=""id""",="fev1"\n="S1","=""2,5"""\n="S2","=""2,25"""\n')
    assert (table.columns, table.decimal) == (("id", "fev1"), ",")
    assert table.rows == [["S1", "2,5"], ["S2", "2,25"]]
    assert any("6 cells protected as text" in note for note in table.notes)


def test_sums_and_footnotes_are_no_rows(read):
    rows = "".join(f"S{n};{n % 2};{n},5\n" for n in range(4))
    table = read(f"id;smoker;fev1\n{rows}Mittelwert;0,5;2\nN =;4;4\n* nach ATS;;\nQuelle: Archiv\n")
    assert table.cells("id") == ["S0", "S1", "S2", "S3"]
    assert "1 line below the table was left out as a footer (line 9)." in table.notes
    assert any(
        note.startswith("3 rows below the table were left out as sums or footnotes: 'Mittelwert'")
        for note in table.notes
    )


@pytest.mark.parametrize(
    ("row", "n"),
    [
        (["Total", "12", "50"], 1),
        (["Mean (SD)", "0.5", "2.2"], 1),
        (["Summe:", "1", "2"], 1),
        (["See the legend above"], 1),
        (["N", "m", "2"], 0),
        (["Maxim", "1", "2"], 0),
        (["S024"], 0),
        (["Patient 24"], 0),
        (["S024", "1", "Total"], 0),
    ],
)
def test_what_is_a_sum_or_a_footnote(row, n):
    assert n_rows_below([["S1", "1", "2"], row], 3) == n


def test_a_short_line_within_the_table_is_still_refused(read):
    with pytest.raises(TableError, match="Line 3 of t.csv has 1 cell, the header has 3"):
        read("id;a;b\n1;2;3\nnote\n4;5;6\n")


def sheets(path, **rows_of):
    def edit(book, first):
        book.remove(first)
        for title, rows in rows_of.items():
            sheet = book.create_sheet(title.replace("_", " "))
            for row in rows:
                sheet.append(row)

    return make.workbook(path, [], edit)


DATA = [["scan", "v"], ["S-01", 1.5], ["S-02", 2.5], ["S-03", 3.5]]


@pytest.mark.parametrize(
    "first",
    [
        {"Read_me": [["Author", "Doe"], ["Version", "2"]]},
        {"Sheet1": [["Variable", "Description"], ["v", "volume"]]},
        {"Sheet1": [["Feld", "Bedeutung", "Werte"], ["v", "Volumen", "l"]]},
        {"Legende": [["v", "Volumen"], ["w", "Gewicht"]]},
    ],
)
def test_a_legend_comes_last_without_any_ids(first, tmp_path):
    assert read_table(sheets(tmp_path / "t.xlsx", **first, Data=DATA)).columns == ("scan", "v")


def test_the_ids_choose_the_sheet_in_any_spelling(tmp_path):
    pivot = [["sex", "n", "mean"], ["m", 10, 2.5], ["f", 14, 2.25]]
    path = sheets(tmp_path / "t.xlsx", Pivot=pivot, Old=[["scan", "v"], ["S-01", 9]], New=DATA)
    assert read_table(path).columns == ("sex", "n", "mean")
    assert read_table(path, ids=["s_01", "s_2", "s_3"]).n_rows == 3
    assert read_table(path, sheet="Pivot", ids=["S-01"]).n_rows == 2


def test_a_sheet_that_cannot_be_read_hides_no_other(tmp_path):
    wide = [["x"] * 30, ["y"] * 30]
    from clam_core.settings import TableLimits

    path = sheets(tmp_path / "t.xlsx", Wide=wide, Data=DATA)
    assert read_table(path, TableLimits(max_columns=5)).columns == ("scan", "v")
