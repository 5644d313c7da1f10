"""Tables as workbook, Word document and LaTeX; the same table gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd

from clam_core.export.formulas import neutralise_frame

_WHEN = datetime(2020, 1, 1, tzinfo=UTC)
_ZIP_WHEN = (2020, 1, 1, 0, 0, 0)
_WIDEST = 60


def to_workbook(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """A workbook with one sheet per table; no cell is a formula or a link.

    Args:
        sheets: Name of a sheet (at most 31 letters) to its table.

    Returns:
        Content of an XLSX file.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    stream = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(stream, {"in_memory": True, **safe}) as book:
        book.set_properties({"created": _WHEN.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        for name, table in sheets.items():
            sheet = book.add_worksheet(name[:31])
            shown = neutralise_frame(table)
            for j, column in enumerate(shown.columns):
                cells = [_cell(value) for value in shown.iloc[:, j].tolist()]
                sheet.write_string(0, j, str(column), bold)
                for i, cell in enumerate(cells, start=1):
                    if isinstance(cell, str):
                        sheet.write_string(i, j, cell)
                    elif cell is not None:
                        sheet.write(i, j, cell)
                longest = max([len(str(column)), *(len(str(c)) for c in cells if c is not None)])
                sheet.set_column(j, j, min(longest + 2, _WIDEST))
            sheet.freeze_panes(1, 1)
    return stream.getvalue()


def _cell(value: object) -> str | float | int | bool | None:
    """A value as a workbook holds it; nothing for what is missing."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return None if pd.isna(value) else value if abs(value) < float("inf") else str(value)
    return None if value is None or value is pd.NA else str(value)


def to_word(table: pd.DataFrame, title: str, notes: Sequence[str] = ()) -> bytes:
    """A Word document with one table.

    Args:
        table: Texts.
        title: Caption above it.
        notes: Paragraphs below it.

    Returns:
        Content of a DOCX file.
    """
    import docx

    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = _WHEN
    document.add_heading(title, level=1)
    shown = table.astype(str)
    grid = document.add_table(rows=1, cols=len(shown.columns))
    grid.style = "Light List"
    for cell, name in zip(grid.rows[0].cells, shown.columns, strict=True):
        cell.text = _printable(str(name))
    for row in shown.itertuples(index=False):
        for cell, value in zip(grid.add_row().cells, row, strict=True):
            cell.text = _printable(str(value))
    for note in notes:
        document.add_paragraph(_printable(note))
    stream = io.BytesIO()
    document.save(stream)
    return _same_times(stream.getvalue())


def to_latex(table: pd.DataFrame, title: str) -> str:
    """A LaTeX table (booktabs); every special letter is escaped.

    Args:
        table: Texts.
        title: Its caption.

    Returns:
        A `table` environment.
    """
    head = " & ".join(_escaped(str(name)) for name in table.columns)
    body = [
        " & ".join(_escaped(str(value)) for value in row) + r" \\"
        for row in table.itertuples(index=False)
    ]
    lines = [
        "% needs \\usepackage{booktabs} and an engine that reads UTF-8",
        r"\begin{table}",
        rf"\caption{{{_escaped(title)}}}",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _printable(text: str) -> str:
    """Without control characters, which XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\t\n")


def _same_times(content: bytes) -> bytes:
    """The same archive with one fixed time in it."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, _ZIP_WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(member))
    return stream.getvalue()
