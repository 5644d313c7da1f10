"""Excel workbooks (.xlsx): checked before they are opened, read cell by cell as text."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from clam_core.errors import LimitError, ReadError, TableError
from clam_core.files.personal_names import clean
from clam_core.settings import TableLimits
from clam_core.tables.shape.sheet_choice import keys_of, sheet_rank
from clam_core.tables.text.grid import Grid
from clam_core.tables.text.raw_table import RawTable, some
from clam_core.tables.text.sheet import read_sheet
from clam_core.wording import plural

_MAX_MEMBERS = 5000
_SMALL = 1 << 20


def read_workbook(
    content: bytes,
    name: str,
    limits: TableLimits,
    sheet: str | None = None,
    ids: Iterable[str] = (),
) -> RawTable:
    """Read one sheet of a workbook.

    Args:
        content: The whole file, a zip archive.
        name: Its base name, for messages.
        limits: What the table may hold.
        sheet: Name of the sheet; None takes the one with most ids of the study, else the first
            that holds a table and is no legend.
        ids: Ids of the study, for that choice.

    Returns:
        The table; its notes say which sheet it is, and what of it needs a look.

    Raises:
        ReadError: If it is damaged, or no workbook.
        LimitError: If it is too large, packed or unpacked.
        TableError: If no sheet holds a table, or there is no such sheet.
    """
    check_package(content, name, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of styles that it does not know
        workbook = _open(content, name)
        try:
            return _choose(workbook, Grid(name, "xlsx", limits), sheet, keys_of(ids))
        except (LimitError, TableError, ReadError, MemoryError):
            raise
        except Exception as error:  # a damaged part fails in many ways
            raise _damaged(name, error) from None
        finally:
            workbook.close()


def check_package(content: bytes, name: str, limits: TableLimits) -> None:
    """Refuse an archive that is no workbook or would grow too much.

    Args:
        content: The whole file.
        name: Its base name, for messages.
        limits: Unpacked size and growth allowed.

    Raises:
        ReadError: If it is damaged, encrypted, or another kind of archive.
        LimitError: If it would unpack to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            kind = _other_kind(archive)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise _damaged(name, error) from None
    if kind:
        raise ReadError(f"{name} is {kind}.")
    if any(member.flag_bits & 0x1 for member in members):
        raise ReadError(f"{name} is encrypted; save it without a password.")
    largest = max(members, key=lambda member: member.file_size)
    total = sum(member.file_size for member in members)
    if total > limits.max_unpacked_bytes or len(members) > _MAX_MEMBERS:
        raise LimitError(
            f"{name} would unpack to {total / 1e6:,.0f} MB in {len(members):,} parts; at most "
            f"{limits.max_unpacked_bytes / 1e6:,.0f} MB are read. Save the table alone as CSV."
        )
    ratio = largest.file_size / max(largest.compress_size, 1)
    if largest.file_size > _SMALL and ratio > limits.max_ratio:
        raise LimitError(
            f"{name} would grow {ratio:,.0f} times when unpacked, which no table does; it was "
            "refused. If it is genuine, save the table alone as CSV."
        )


def _other_kind(archive: zipfile.ZipFile) -> str:
    """What a zip archive is if it is no workbook, and what to do; empty for a workbook."""
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        return "a binary Excel workbook (.xlsb); save it as .xlsx or CSV"
    if any(one.startswith("xl/") for one in names):
        return ""
    if {"mimetype", "content.xml"} <= names:
        return "an OpenDocument file; save its table as .xlsx or CSV"
    if any(one.startswith(("word/", "ppt/")) for one in names):
        return "an Office document without a sheet; save its table as CSV"
    return "a zip archive, not a table; unpack it and choose the table in it"


def _open(content: bytes, name: str) -> Any:  # noqa: ANN401
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise ReadError("Workbooks are read only with the package defusedxml; install it.")
    try:
        return openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    except MemoryError:
        raise
    except Exception as error:  # a damaged part fails in many ways
        raise _damaged(name, error) from None


def _damaged(name: str, error: Exception) -> ReadError:
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DefusedXmlException):
            return ReadError(
                f"{name} defines XML entities, which no table needs and attacks use; it was "
                "refused. Save the table as CSV."
            )
        cause = cause.__cause__
    return ReadError(
        f"{name} is damaged and cannot be read ({type(error).__name__}); save it again as .xlsx "
        "or CSV."
    )


def _choose(
    workbook: Any,  # noqa: ANN401
    grid: Grid,
    wanted: str | None,
    keys: frozenset[str],
) -> RawTable:
    """The wanted sheet, or the first visible one with most of the ids, no legend before another."""
    sheets = workbook.worksheets
    titles = [clean(one.title) for one in sheets]
    if wanted is not None:
        if wanted not in titles:
            raise TableError(
                f"{grid.name} has no sheet {wanted!r}; it has {some([repr(t) for t in titles])}."
            )
        return _read(sheets[titles.index(wanted)], grid, titles)
    visible = [one for one in sheets if one.sheet_state == "visible"] or sheets
    keys = keys if len(visible) > 1 else frozenset()
    failed: Exception | None = None
    best: tuple[tuple[int, bool, bool], RawTable] | None = None
    for one in visible:
        fresh = Grid(grid.name, "xlsx", grid.limits)
        try:
            table = _read(one, fresh, titles)
        except MemoryError:
            raise
        except Exception as error:  # the table may be in another sheet
            failed = failed or error
            continue
        rank = sheet_rank(one.title, table, keys)
        if best is None or rank > best[0]:
            best = rank, table
    if best is None:
        raise failed or TableError(f"{grid.name} holds no sheet with cells.")
    return best[1]


def _read(sheet: Any, grid: Grid, titles: list[str]) -> RawTable:  # noqa: ANN401
    title = clean(sheet.title)
    findings = read_sheet(sheet, grid)
    table = grid.table()
    others = [one for one in titles if one != title]
    note = f"Read from sheet {title!r} of an Excel workbook"
    if others:
        listed = some([repr(one) for one in others])
        note += f"; {plural(len(others), 'other sheet')} not read: {listed}"
    return replace(table, notes=(f"{note}.", *findings.sentences(), *table.notes))
