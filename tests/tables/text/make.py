"""Tables for tests: delimited text, workbooks made by openpyxl or written by hand, RawTables."""

import zipfile
from pathlib import Path

from openpyxl import Workbook

from clam_core.tables.text.raw_table import RawTable

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

SHEET = (
    f'<worksheet xmlns="{NS}"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>a</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c><c r="B2" t="s"><v>0</v></c></row>'
    "</sheetData></worksheet>"
)
STRINGS = f'<sst xmlns="{NS}" count="1" uniqueCount="1"><si><t>txt</t></si></sst>'
_FIXED = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{OFFICE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{OFFICE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{OFFICE}.sharedStrings+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NS}" xmlns:r="{REL}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>",
}


def raw_workbook(path: Path, sheet: str = SHEET, strings: str = STRINGS) -> Path:
    """A workbook whose one sheet and shared strings are given as XML."""
    parts = {**_FIXED, "xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def workbook(path: Path, rows, edit=None) -> Path:
    """A workbook of one sheet with these rows; `edit` gets the book and the sheet."""
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if edit is not None:
        edit(book, sheet)
    book.save(path)
    return path


def raw(columns: dict[str, list[str | None]], decimal: str = ".", form: str = "csv") -> RawTable:
    """A table as text; an empty text is an empty cell."""
    rows = [[cell or None for cell in row] for row in zip(*columns.values(), strict=True)]
    lines = list(range(2, 2 + len(rows)))
    return RawTable("t.csv", form, tuple(columns), rows, lines, decimal)
