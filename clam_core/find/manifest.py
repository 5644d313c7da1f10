"""The scans table: which file is which scan of which subject."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from clam_core.errors import TableError
from clam_core.files.personal_names import MAX_ID_LETTERS, clean
from clam_core.tables.text.cell_words import is_missing
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.raw_table import RawTable, at_lines, some

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "scan_id": ("scan id", "scanid", "scan", "image id", "imageid", "series id", "id", "scan name"),
    "subject_id": (
        "subject id", "subjectid", "subject", "patient id", "patientid", "patient",
        "participant id", "participant", "person id", "pid", "case id", "case", "patienten id",
        "proband",
    ),
    "path": (
        "path", "file", "filename", "file name", "filepath", "file path", "image path", "image",
        "scan path", "scan file", "image file", "volume", "img", "pfad", "datei", "dateiname",
        "bild", "chemin", "fichier", "ruta", "archivo",
    ),
    "mask": (
        "mask", "mask path", "mask file", "segmentation", "seg", "segmentation path", "lung mask",
        "roi", "maske", "masque", "mascara",
    ),
}  # fmt: skip
_DRIVE = re.compile(r"^[A-Za-z]:|^[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class ManifestRow:
    """One row of a scans table.

    Attributes:
        scan_id: Id of the scan.
        subject_id: Id of its subject; the scan's own where the table has none.
        path: Where it lies, relative to the folder of scans, with forward slashes.
        mask: Where its mask lies; None if it has none.
        line: Line of the table.
        problem: Why the row cannot be used, one sentence; empty if it can.
    """

    scan_id: str
    subject_id: str
    path: str
    mask: str | None
    line: int
    problem: str = ""


def read_manifest(table: RawTable, root: Path | None = None) -> list[ManifestRow]:
    """Understand a scans table.

    Args:
        table: Has the columns scan_id and path, and may have subject_id and
            mask; capital letters and usual synonyms are understood.
        root: Folder or file with the scans: a whole path that leads below it is taken.

    Returns:
        One entry per row, in their order. A row that cannot be used has a problem.

    Raises:
        TableError: If a column is missing, or two rows have the same scan_id.
    """
    columns = _find_columns(table)
    cells = {role: table.cells(name) for role, name in columns.items()}
    empty: list[str | None] = [None] * table.n_rows
    homes = _homes(root)
    rows = [
        _row(line, scan, subject, _below(path, homes), _below(mask, homes))
        for line, scan, subject, path, mask in zip(
            table.lines,
            cells["scan_id"],
            cells.get("subject_id", empty),
            cells["path"],
            cells.get("mask", empty),
            strict=True,
        )
    ]
    _refuse_repeated(rows, table.name)
    return rows


def _find_columns(table: RawTable) -> dict[str, str]:
    """Column of each role; a better name wins over a worse one, a column serves once."""
    named = {name: " ".join(header_words(name)) for name in table.columns}
    found: dict[str, str] = {}
    for role, synonyms in _SYNONYMS.items():
        for synonym in synonyms:
            free = (n for n, words in named.items() if words == synonym and n not in found.values())
            name = next(free, None)
            if name is not None:
                found[role] = name
                break
    missing = [role for role in ("scan_id", "path") if role not in found]
    if missing:
        raise TableError(
            f"{table.name} has no column {' and no column '.join(map(repr, missing))}; a scans "
            f"table has scan_id, path and, if you like, subject_id and mask (it has "
            f"{some([repr(name) for name in table.columns], 8)})."
        )
    return found


def _row(
    line: int, scan: str | None, subject: str | None, path: str | None, mask: str | None
) -> ManifestRow:
    scan_id = clean(scan) if scan else ""
    shown = scan_id or f"line-{line}"
    subject_id = clean(subject) if subject else ""
    place, problem = _relative(path, "path", line)
    mask_place, mask_problem = "", ""
    if mask and not is_missing(mask):
        mask_place, mask_problem = _relative(mask, "mask", line)
    if not scan_id:
        problem = f"Line {line} has no scan_id; give it one."
    elif len(scan or "") > MAX_ID_LETTERS:
        problem = f"The scan_id in line {line} has more than {MAX_ID_LETTERS} letters; shorten it."
    problem = problem or mask_problem
    return ManifestRow(shown, subject_id or shown, place, mask_place or None, line, problem)


def _homes(root: Path | None) -> tuple[str, ...]:
    """The folder of scans as a table may write it: as it was named, and with all links followed."""
    if root is None:
        return ()
    folder = root.parent if root.is_file() else root
    return tuple(dict.fromkeys(one.as_posix() for one in (folder.absolute(), folder.resolve())))


def _below(path: str | None, homes: tuple[str, ...]) -> str | None:
    """A whole path that leads below the folder of scans, from there on; else as it is."""
    if not path:
        return path
    whole = unicodedata.normalize("NFC", path.strip().replace("\\", "/"))
    for home in homes:
        start = unicodedata.normalize("NFC", home).rstrip("/") + "/"
        begins = whole[: len(start)]
        # Windows takes C:/Scans and c:/scans for the same
        if begins == start or (_DRIVE.match(start) and begins.casefold() == start.casefold()):
            return whole[len(start) :] or path
    return path


def _relative(path: str | None, what: str, line: int) -> tuple[str, str]:
    """A path without detours, or why it is refused."""
    if not path or is_missing(path):
        return "", f"Line {line} has no {what}; say which file or folder the scan is."
    text = path.replace("\\", "/")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if text.startswith(("/", "~")) or _DRIVE.match(text):
        return "", (
            f"The {what} in line {line} is not relative; give it from the folder of scans on, "
            "such as 'images/scan1.nii.gz'."
        )
    if any(ord(letter) < 32 for letter in text):
        return "", f"The {what} in line {line} holds a line break or tab; correct it."
    if ".." in parts:
        return "", (
            f"The {what} in line {line} leads out of the folder of scans ('..'); move the file "
            "into it."
        )
    return "/".join(parts), "" if parts else f"Line {line} has no {what}; say which file it is."


def _refuse_repeated(rows: list[ManifestRow], name: str) -> None:
    lines: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        lines[row.scan_id].append(row.line)
    repeated = {scan: at for scan, at in lines.items() if len(at) > 1}
    if repeated:
        shown = some([f"{scan} ({at_lines(at)})" for scan, at in repeated.items()], 3)
        raise TableError(
            f"{name} has the same scan_id in several rows: {shown}. Give every scan its own."
        )
