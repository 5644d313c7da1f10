"""Staging: a step writes beside the study, then its files take their places together.

Killed while it writes, the study is unchanged and the step resumes. Killed while
the files take their places, whoever opens the study next completes that first.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from clam_core.errors import StudyError
from clam_core.study import atomic

_COMMIT, _FINGERPRINT, _JOURNAL = "commit.json", "fingerprint.json", "journal.jsonl"
_SUFFIX = ".partial"
WRITTEN = "written"
"""In a line of the journal: what was written since the last line, as row by array."""


class Staging:
    """Folder beside the study in which a step collects its results.

    Args:
        study: Folder of the study.
        step: Name of the step.
    """

    def __init__(self, study: Path, step: str) -> None:
        self._study = study
        self.folder = study / f"{step}{_SUFFIX}"
        self._journal: IO[bytes] | None = None

    def start(
        self, fingerprint: str, holds: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> list[dict[str, Any]]:
        """Begin, or go on where a killed process or a power failure left off.

        Args:
            fingerprint: Digest of everything that the results follow from;
                results under another fingerprint are thrown away.
            holds: Whether what a line describes can be read back. After a power failure
                a line may have reached the disk before what it describes; such a line
                is struck out.

        Returns:
            The lines that were noted under this fingerprint.
        """
        roll_forward(self._study)
        known = self.folder / _FINGERPRINT
        if self._is_under(fingerprint):
            lines = self._read_journal(holds)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            atomic.write_json(known, {"fingerprint": fingerprint})
            lines = []
        for left in self.folder.rglob(f"*{_SUFFIX}"):
            # What a killed process was writing; no line of the journal speaks of it.
            left.unlink()
        return lines

    def note(self, line: dict[str, Any]) -> None:
        """Add a line to the journal: what it describes is on disk."""
        if self._journal is None:
            self._journal = (self.folder / _JOURNAL).open("ab")
        try:
            self._journal.write(json.dumps(line).encode() + b"\n")
            self._journal.flush()
        except OSError as error:
            raise StudyError(
                f"The journal could not be written ({error.strerror}); free some space, then start "
                "the step again: it resumes."
            ) from error

    def close(self) -> None:
        """Close the journal; what was noted stays for the next start."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def commit(self, names: list[str]) -> None:
        """Let the staged files and folders replace those of the study."""
        self.close()
        # First: the marker below promises that everything it names is on disk.
        atomic.flush(self.folder)
        atomic.write_json(self.folder / _COMMIT, {"names": names})
        roll_forward(self._study)

    def _is_under(self, fingerprint: str) -> bool:
        try:
            stored = atomic.read_json(self.folder / _FINGERPRINT)
        except StudyError:
            return False
        return bool(stored.get("fingerprint") == fingerprint)

    def _read_journal(self, holds: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The lines that hold; the others, and torn ones, are taken out of the file."""
        path = self.folder / _JOURNAL
        if not path.is_file():
            return []
        content = path.read_bytes()
        read = [(text, _whole(text)) for text in content.splitlines(keepends=True)]
        # Struck out on disk as well, or the scan would be noted twice.
        kept = [(text, line) for text, line in read if line is not None and holds(line)]
        if len(kept) < len(read):
            atomic.write_bytes(path, b"".join(text for text, _ in kept))
        return [line for _, line in kept]


def _whole(text: bytes) -> dict[str, Any] | None:
    """A line of a journal; None if it was cut off, or never reached the disk."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and text.endswith(b"\n") else None


def pending(study: Path) -> list[Path]:
    """Commits that were begun and not completed."""
    return sorted(study.glob(f"*{_SUFFIX}/{_COMMIT}"))


def roll_forward(study: Path) -> None:
    """Complete every commit that was begun in a study's folder; the caller holds its lock."""
    for marker in pending(study):
        staged, old = marker.parent, marker.parent / "replaced"
        old.mkdir(exist_ok=True)
        for name in atomic.read_json(marker)["names"]:
            source, target = staged / str(name), study / str(name)
            if not source.exists():
                continue  # it took its place before the process was killed
            if target.is_dir():
                # A folder that is not empty cannot be renamed over; what it replaces waits here.
                aside = old / str(name).replace("/", "~")
                shutil.rmtree(aside, ignore_errors=True)
                target.rename(aside)
            source.replace(target)
        (staged / _FINGERPRINT).unlink(missing_ok=True)  # from here on there is nothing to resume
        marker.unlink()
        shutil.rmtree(staged)
