"""The scans table: which file or folder is which scan, and whose."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clam_core.errors import TableError
from clam_core.io.names import clean

if TYPE_CHECKING:
    from clam_core.io.tabular.raw import RawTable

_SYNONYMS = {
    "scan_id": {"scanid", "scan", "id", "imageid", "image", "case", "caseid", "series"},
    "subject_id": {"subjectid", "subject", "patientid", "patient", "participantid", "participant"},
    "path": {"path", "file", "filename", "filepath", "folder", "imagepath", "scanpath", "location"},
    "mask": {"mask", "maskpath", "maskfile", "segmentation", "seg", "lungmask", "label"},
}


@dataclass(frozen=True)
class ManifestRow:
    """One row of the scans table.

    Attributes:
        scan_id: Pseudonym of the scan.
        subject_id: Pseudonym of the patient; the scan's own where the table has none.
        path: File, folder or archive, relative to the scans folder.
        mask: File of the mask, or empty.
        line: Line of the table, for messages.
        problem: Why the row cannot be used, or empty.
    """

    scan_id: str
    subject_id: str
    path: str
    mask: str = ""
    line: int = 0
    problem: str = ""


def read_manifest(table: RawTable) -> list[ManifestRow]:
    """Rows of a scans table.

    Args:
        table: Columns scan_id and path; subject_id and mask if wanted.

    Returns:
        One row per scan, in the table's order; a row with a bad path has a problem.

    Raises:
        TableError: If a column is missing, an id is missing, or an id stands twice.
    """
    places = _find_columns(table)
    if not table.rows:
        raise TableError(f"The scans table {table.name!r} has no row below its header.")
    rows = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        found = {name: (cells[place] or "") for name, place in places.items()}
        scan_id = clean(found["scan_id"])
        if not scan_id:
            raise TableError(f"Line {line} of the scans table has no scan_id; give it one.")
        subject_id = clean(found.get("subject_id", "")) or scan_id
        path, mask = found["path"], found.get("mask", "")
        problem = _problem(path, "path", line) or (_problem(mask, "mask", line) if mask else "")
        rows.append(ManifestRow(scan_id, subject_id, path, mask, line, problem))
    _check_unique(rows)
    return rows


def _find_columns(table: RawTable) -> dict[str, int]:
    names = [re.sub(r"[^a-z]", "", column.casefold()) for column in table.columns]
    found: dict[str, int] = {}
    for wanted, synonyms in _SYNONYMS.items():
        exact = [n for n, column in enumerate(table.columns) if column.casefold() == wanted]
        alike = [n for n, name in enumerate(names) if name in synonyms]
        if exact or alike:
            found[wanted] = (exact or alike)[0]
    for wanted in ("scan_id", "path"):
        if wanted not in found:
            columns = ", ".join(table.columns[:10])
            raise TableError(
                f"The scans table {table.name!r} has no column {wanted!r} (it has {columns}); "
                "it needs scan_id and path, and may have subject_id and mask."
            )
    return found


def _problem(path: str, column: str, line: int) -> str:
    """Why a path cannot be used, or an empty text."""
    if not path:
        return f"Line {line} of the scans table has no {column}."
    parts = re.split(r"[/\\]", path)
    if ".." in parts or parts[0] == "" or re.match(r"^[A-Za-z]:", path):
        return (
            f"The {column} in line {line} of the scans table leads outside the scans folder; "
            "paths are relative to it."
        )
    return ""


def _check_unique(rows: list[ManifestRow]) -> None:
    twice = [scan_id for scan_id, n in Counter(row.scan_id for row in rows).items() if n > 1]
    if twice:
        shown = ", ".join(twice[:5])
        raise TableError(
            f"{len(twice)} scan ids stand more than once in the scans table ({shown}); "
            "every scan needs an id of its own."
        )
