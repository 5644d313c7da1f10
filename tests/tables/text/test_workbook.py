"""Excel workbooks as people save them: what the author sees is what is read."""

import datetime as dt

import pytest
from openpyxl.chart import BarChart

from clam_core.errors import LimitError, ReadError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.read_table import read_table
from tests.tables.text import make


@pytest.fixture
def read(tmp_path):
    def reader(rows, edit=None, **options):
        return read_table(make.workbook(tmp_path / "t.xlsx", rows, edit), **options)

    return reader


def test_values_are_read_as_they_are_shown(read):
    table = read(
        [
            ["id", "fvc", "n", "day", "smoker", "seen", "slept"],
            ["001", 80.5, 3, dt.date(2024, 3, 1), True, dt.datetime(2024, 3, 1, 14, 5), None],
            ["002", 0.1 + 0.2, -4, dt.datetime(2024, 3, 2), False, None, dt.time(8, 15)],
        ]
    )
    assert table.rows == [
        ["001", "80.5", "3", "2024-03-01", "TRUE", "2024-03-01T14:05:00", None],
        ["002", "0.3", "-4", "2024-03-02", "FALSE", None, "08:15:00"],
    ]
    assert table.notes == ("Read from sheet 'Sheet' of an Excel workbook.",)
    assert table.format == "xlsx"


def test_numbers_stored_as_text_stay_as_they_were_typed(read):
    table = read([["id", "fvc"], ["007", "80,5"], ["1e5", "1.234,5"]])
    assert table.rows == [["007", "80,5"], ["1e5", "1.234,5"]]
    assert table.decimal == ","


def test_formats_that_show_other_digits_are_followed(read):
    def edit(_, sheet):
        sheet["A2"].number_format = "000"
        sheet["B2"].number_format = "0.0%"
        sheet["C2"].number_format = '"No. "0'

    table = read([["id", "share", "x"], [7, 0.805, 3]], edit)
    assert table.rows == [["007", "80.5%", "3"]]
    assert "1 cell shown as per cent (column B): read with the % sign, as shown." in table.notes


def test_error_cells_are_said_by_column(read):
    table = read([["id", "a", "b"], ["x", "#N/A", "#DIV/0!"], ["y", 1, 2]])
    expected = "2 cells with an error such as #N/A (columns B, C): taken as missing."
    assert expected in table.notes


def test_a_merged_title_is_no_header(read):
    def edit(_, sheet):
        sheet.merge_cells("A1:C1")

    rows = [["Lung function 2024", None, None], [], ["id", "a", "b"], ["x", 1, 2]]
    table = read(rows, edit)
    assert (table.columns, table.rows, table.lines) == (("id", "a", "b"), [["x", "1", "2"]], [4])
    assert any(note.startswith("1 group of merged cells: only the first") for note in table.notes)
    assert "1 row above the header (line 3) left out as a title." in table.notes


def test_a_table_may_begin_anywhere(read):
    def edit(_, sheet):
        for place, value in {"C5": "id", "D5": "v", "C6": "x", "D6": 3}.items():
            sheet[place] = value

    table = read([], edit)
    assert (table.columns, table.rows, table.lines) == (("id", "v"), [["x", "3"]], [6])


def test_blanks_at_the_end_and_hidden_rows_are_said(read):
    def edit(_, sheet):
        sheet.row_dimensions[2].hidden = True

    rows = [["id", "a", None, None], ["x", 1, None, " "], [None] * 4, ["y", 2], [" ", None], []]
    table = read(rows, edit)
    assert table.rows == [["x", "1"], ["y", "2"]]
    assert "1 hidden row read like the others." in table.notes
    assert "Left out: 1 empty row." in table.notes


def two_sheets(book, _):
    second = book.create_sheet("Values")
    second.append(["id", "z"])
    second.append(["q", 1])
    book.create_sheet("Old").sheet_state = "hidden"


def test_the_first_sheet_with_a_table_is_read_and_the_others_are_named(read):
    table = read([["Read me"], ["this is a legend"]], two_sheets)
    assert (table.columns, table.rows) == (("id", "z"), [["q", "1"]])
    note = "Read from sheet 'Values' of an Excel workbook; 2 other sheets not read: 'Sheet', 'Old'."
    assert table.notes == (note,)


def test_a_sheet_can_be_chosen(read):
    rows = [["id", "a"], ["x", 1]]
    assert read(rows, two_sheets, sheet="Values").columns == ("id", "z")
    with pytest.raises(TableError, match="has no sheet 'Nope'; it has 'Sheet', 'Values', 'Old'"):
        read(rows, two_sheets, sheet="Nope")


def test_a_sheet_of_charts_is_passed_over(read):
    def edit(book, _):
        book.create_chartsheet("Figure", 0).add_chart(BarChart())

    assert read([["id", "a"], ["x", 1]], edit).rows == [["x", "1"]]


def test_formulas_have_their_stored_result_or_are_said(tmp_path):
    sheet = make.SHEET.replace(
        '<c r="B2" t="s"><v>0</v></c>',
        '<c r="B2"><f>SUM(1,2)</f><v>3</v></c><c r="C2"><f>1+1</f></c>',
    )
    table = read_table(make.raw_workbook(tmp_path / "f.xlsx", sheet))
    assert table.rows == [["x", "3"]]
    assert "1 cell with a formula but no stored result (column C): taken as empty" in table.notes[1]
    assert "open the file in Excel, save it and import it again" in table.notes[1]


def test_a_link_formula_is_shown_as_text(tmp_path):
    link = '<c r="B2" t="str"><f>HYPERLINK("http://a","=1+1")</f><v>=1+1</v></c>'
    sheet = make.SHEET.replace('<c r="B2" t="s"><v>0</v></c>', link)
    assert read_table(make.raw_workbook(tmp_path / "f.xlsx", sheet)).rows == [["x", "=1+1"]]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("1.2345678901234501E+18", "1234567890123450000"),
        ("1234567890123456789", "1234567890123456789"),
        ("123456789012345", "123456789012345"),
        ("0.33333333333333331", "0.333333333333333"),
        ("1E-7", "1e-07"),
        ("80.499999999999997", "80.5"),
    ],
)
def test_numbers_have_the_digits_that_excel_shows(tmp_path, stored, shown):
    sheet = make.SHEET.replace('<c r="B2" t="s"><v>0</v></c>', f'<c r="B2"><v>{stored}</v></c>')
    table = read_table(make.raw_workbook(tmp_path / "n.xlsx", sheet))
    assert table.rows == [["x", shown]]
    said = any("of more than 15 digits (column B): Excel keeps only 15" in n for n in table.notes)
    assert said == (len(shown) > 15 and shown.isdigit())


def test_a_date_among_numbers_is_said(read):
    rows = [["id", "a"], ["x", 1], ["y", 2], ["z", dt.datetime(2024, 1, 2)]]
    assert (
        "1 cell with a date among other values (column B): check that Excel" in read(rows).notes[1]
    )


def test_a_workbook_without_a_table_is_a_sentence(read):
    with pytest.raises(TableError, match="t.xlsx holds no cell with content"):
        read([])
    with pytest.raises(TableError, match="t.xlsx has a header but no row below it"):
        read([["id", "a"]])


def test_limits_are_held(read):
    rows = [["id", "a"], *([n, 1] for n in range(40))]
    with pytest.raises(LimitError, match="cell with content at B25; a sheet may have 4 rows"):
        read(rows, limits=TableLimits(max_rows=4))
    with pytest.raises(LimitError, match="would unpack to 0 MB in"):
        read(rows, limits=TableLimits(max_unpacked_bytes=3000))


def test_ids_that_look_like_numbers_come_back_from_any_format(tmp_path, read):
    ids = ["001", "1e5", "NA", "1.0", "=A1", "TRUE", "2024-01-02", "1,5"]
    table = read([["id", "a"], *([one, 1] for one in ids)])
    assert table.cells("id")[:4] == ids[:4]
    assert table.cells("id")[5:] == ids[5:]


def test_cut_and_changed_workbooks_are_sentences(tmp_path):
    content = make.raw_workbook(tmp_path / "t.xlsx").read_bytes()
    broken = tmp_path / "broken.xlsx"
    for size in range(4, len(content), 97):
        broken.write_bytes(content[:size])
        with pytest.raises(ReadError, match="broken.xlsx is damaged and cannot be read"):
            read_table(broken)
