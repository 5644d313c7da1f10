"""Tables made to do harm are refused in a sentence: fast, and with little memory."""

import json
import subprocess
import sys
import zipfile

import pytest

from clam_core.errors import LimitError, ReadError
from clam_core.pipeline.clinical.open_table import read_raw_table
from clam_core.settings import TableLimits
from clam_core.tables.read_table import read_table
from tests.tables.text import make

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
FILE = '<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/hostname">]>'
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MEGABYTE = 1 << 20
TEXT = '<c r="B2" t="inlineStr"><is><t>{}</t></is></c>'
SHARED = '<c r="B2" t="s"><v>0</v></c>'


def zipped(path, name, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(name, content)


def big(path, template, part):
    """A workbook with 300 MB of one letter in one cell, written piece by piece."""
    make.raw_workbook(path, template if part.startswith("xl/work") else make.SHEET)
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    before, after = template.encode().split(b"FILL")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open(part, "w", force_zip64=True) as stream:
            stream.write(before)
            for _ in range(300):
                stream.write(b"A" * MEGABYTE)
            stream.write(after)


def files(folder):
    """Each hostile file with the words of its refusal."""
    far = make.SHEET.replace(SHARED, '<c r="B2"/>').replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    make.raw_workbook(folder / "far.xlsx", far)
    make.raw_workbook(
        folder / "laugh_strings.xlsx", strings=LAUGHS + make.STRINGS.replace("txt", "&l9;")
    )
    laugh = LAUGHS + make.SHEET.replace(SHARED, TEXT.format("&l9;"))
    make.raw_workbook(folder / "laugh_sheet.xlsx", laugh)
    make.raw_workbook(folder / "outside.xlsx", strings=FILE + make.STRINGS.replace("txt", "&l9;"))
    big(folder / "bomb_strings.xlsx", make.STRINGS.replace("txt", "FILL"), "xl/sharedStrings.xml")
    sheet = make.SHEET.replace(SHARED, TEXT.format("FILL"))
    big(folder / "bomb_sheet.xlsx", sheet, "xl/worksheets/sheet1.xml")
    dense = make.STRINGS.replace("txt", "A" * 20 * MEGABYTE)
    make.raw_workbook(folder / "dense.xlsx", strings=dense)
    zipped(folder / "bomb.ods", "mimetype", bytes(150 * MEGABYTE))
    padding = bytes(4096)
    package = "EncryptedPackage".encode("utf-16-le")
    (folder / "locked.xlsx").write_bytes(OLD + padding + package + padding)
    (folder / "old.xls").write_bytes(OLD + padding + "Workbook".encode("utf-16-le") + padding)
    zipped(folder / "letter.xlsx", "word/document.xml", "<a/>")
    zipped(folder / "binary.xlsx", "xl/workbook.bin", "x")
    zipped(folder / "open.xlsx", "xl/workbook.xml", "<a/>")
    zipped(folder / "tables.csv", "a.csv", "id,a\n1,2\n")
    whole = make.raw_workbook(folder / "whole.xlsx").read_bytes()
    (folder / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    wide = make.SHEET.replace('r="B2"', 'r="ZZZZZZ2"')
    make.raw_workbook(folder / "wide.xlsx", wide)
    lost = make.SHEET.replace("<v>0</v>", "<v>99</v>")
    make.raw_workbook(folder / "lost.xlsx", lost)
    return {
        "far.xlsx": "LimitError: far.xlsx has a cell with content at XFD1048576; a sheet may have",
        "laugh_strings.xlsx": "ReadError: laugh_strings.xlsx defines XML entities, which no table",
        "laugh_sheet.xlsx": "ReadError: laugh_sheet.xlsx defines XML entities, which no table",
        "outside.xlsx": "ReadError: outside.xlsx defines XML entities, which no table needs",
        "bomb_strings.xlsx": "LimitError: bomb_strings.xlsx would unpack to 315 MB in",
        "bomb_sheet.xlsx": "LimitError: bomb_sheet.xlsx would unpack to 315 MB in",
        "dense.xlsx": "LimitError: dense.xlsx would grow 1,0",
        "bomb.ods": "ReadError: bomb.ods is a zip archive, not a table; unpack it and choose",
        "locked.xlsx": "ReadError: locked.xlsx is protected with a password; save it without",
        "old.xls": "ReadError: old.xls is an old Excel workbook (.xls); save it as .xlsx or CSV.",
        "letter.xlsx": "ReadError: letter.xlsx is an Office document without a sheet; save its",
        "binary.xlsx": "ReadError: binary.xlsx is a binary Excel workbook (.xlsb); save it as",
        "open.xlsx": "ReadError: open.xlsx is damaged and cannot be read (KeyError); save it",
        "tables.csv": "ReadError: tables.csv is a zip archive, not a table; unpack it",
        "cut.xlsx": "ReadError: cut.xlsx is damaged and cannot be read (BadZipFile); save it",
        "wide.xlsx": "ReadError: wide.xlsx is damaged and cannot be read (ValueError); save it",
        "lost.xlsx": "ReadError: lost.xlsx is damaged and cannot be read (IndexError); save it",
    }


def test_every_refusal_is_a_sentence_within_a_second_and_200_mb(tmp_path):
    """CPU time is measured, because the clock also counts what else the machine does."""
    expected = files(tmp_path)
    command = [sys.executable, "-m", "tests.tables.text.measure", str(tmp_path / "whole.xlsx")]
    done = subprocess.run(
        [*command, *(str(tmp_path / name) for name in expected)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, *_ in found] == list(expected)
    for name, message, seconds, growth_mb in found:
        assert message.startswith(expected[name])
        assert seconds < 1, name
        assert growth_mb < 200, name


def test_a_reader_process_refuses_and_names_the_file(tmp_path):
    path = tmp_path / "far.xlsx"
    make.raw_workbook(path, LAUGHS + make.SHEET)
    with pytest.raises(ReadError, match="far.xlsx defines XML entities"):
        read_raw_table(path)
    with pytest.raises(ReadError, match="There is no file 'gone.csv'; check the path"):
        read_raw_table(tmp_path / "gone.csv")


def test_a_reader_process_sends_the_same_table(tmp_path):
    def edit(book, _):
        book.create_sheet("Ä").append(["id", "ä"])
        book["Ä"].append(["001", "80,5"])

    path = make.workbook(tmp_path / "ok.xlsx", [["id", "b"], ["x", 1]], edit)
    assert read_raw_table(path, "Ä") == read_table(path, sheet="Ä")
    assert read_raw_table(path, "Ä").rows == [["001", "80,5"]]


def test_a_claimed_size_costs_nothing(tmp_path):
    lie = make.SHEET.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert read_table(make.raw_workbook(tmp_path / "lie.xlsx", lie)).rows == [["x", "txt"]]


def test_a_header_that_lies_about_the_unpacked_size_gains_nothing(tmp_path):
    """The directory says 100 bytes, the data would be 40 MB."""
    path = make.raw_workbook(
        tmp_path / "lie.xlsx", strings=make.STRINGS.replace("txt", "A" * 40 * MEGABYTE)
    )
    with zipfile.ZipFile(path) as archive:
        true_size = archive.getinfo("xl/sharedStrings.xml").file_size.to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(true_size) == 2
    path.write_bytes(content.replace(true_size, (100).to_bytes(4, "little")))
    with pytest.raises(ReadError, match="lie.xlsx is damaged and cannot be read"):
        read_table(path)


def test_many_parts_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "many.xlsx", "w") as archive:
        for number in range(5001):
            archive.writestr(f"xl/{number}", b"")
    with pytest.raises(LimitError, match="many.xlsx would unpack to 0 MB in 5,001 parts"):
        read_table(tmp_path / "many.xlsx", TableLimits())
