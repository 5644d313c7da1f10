"""Notes on scans: who wrote what, and when; lines are only ever added."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pandas as pd

from clam_core.errors import StudyError
from clam_core.study.folder import Study

NOTES = "notes.jsonl"
MOST_LETTERS = 2000


@dataclass(frozen=True)
class Note:
    """One note.

    Attributes:
        scan_id: The scan.
        text: What was written.
        who: Whoever had logged in; empty where nobody logs in.
        when: Time in UTC, as ISO 8601.
    """

    scan_id: str
    text: str
    who: str
    when: str


def read_notes(study: Study, scan_id: str | None = None) -> list[Note]:
    """Notes on one scan, or on all, the oldest first.

    A line that a crash has cut off is left out.
    """
    path = study.folder / NOTES
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            values = json.loads(line)
            note = Note(*(str(values[name]) for name in ("scan_id", "text", "who", "when")))
        except (ValueError, KeyError, TypeError):
            continue
        if scan_id in {None, note.scan_id}:
            found.append(note)
    return found


def add_note(study: Study, scan_id: str, text: str, who: str = "") -> Note:
    """Add a note on a scan; it is on the disk when this returns.

    Raises:
        StudyError: If there is no such scan, the text is empty or too long, or the disk refuses.
    """
    said = text.strip()
    if scan_id not in study.scans().index:
        raise StudyError(f"The study has no scan {scan_id!r}.")
    if not said or len(said) > MOST_LETTERS:
        raise StudyError(f"Write a note of at most {MOST_LETTERS} letters.")
    note = Note(scan_id, said, who, datetime.now(UTC).isoformat(timespec="seconds"))
    path = study.folder / NOTES
    try:
        # After a line that a crash has cut off, a new one begins.
        is_cut = (
            path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if is_cut else "") + json.dumps(asdict(note)) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StudyError(f"The note could not be written: {error.strerror}.") from error
    return note


def notes_table(study: Study) -> pd.DataFrame:
    """All notes: scan_id, when, who, text."""
    rows = [asdict(note) for note in read_notes(study)]
    return pd.DataFrame(rows, columns=["scan_id", "when", "who", "text"])
