"""Staging: a step writes beside the study, then its files take their places together.

Killed while it writes, the study is unchanged and the step resumes. Killed while
the files take their places, whoever opens the study next completes that first.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from clam_core.errors import StudyError
from clam_core.study import atomic

_COMMIT, _FINGERPRINT, _JOURNAL = "commit.json", "fingerprint.json", "journal.jsonl"
_SUFFIX = ".partial"


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

    def start(self, fingerprint: str) -> list[dict[str, Any]]:
        """Begin, or go on where a killed process left off.

        Args:
            fingerprint: Digest of everything that the results follow from;
                results under another fingerprint are thrown away.

        Returns:
            The lines that were noted under this fingerprint.
        """
        roll_forward(self._study)
        known = self.folder / _FINGERPRINT
        if known.is_file() and atomic.read_json(known).get("fingerprint") == fingerprint:
            lines = self._read_journal()
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            atomic.write_json(known, {"fingerprint": fingerprint})
            lines = []
        for left in self.folder.rglob(f"*{_SUFFIX}"):
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
        if hasattr(os, "sync"):
            os.sync()
        atomic.write_json(self.folder / _COMMIT, {"names": names})
        roll_forward(self._study)

    def _read_journal(self) -> list[dict[str, Any]]:
        """All whole lines; a torn last line is cut off."""
        path = self.folder / _JOURNAL
        if not path.is_file():
            return []
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            atomic.write_bytes(path, whole)
        return [json.loads(line) for line in whole.splitlines()]


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
                aside = old / str(name).replace("/", "~")
                shutil.rmtree(aside, ignore_errors=True)
                target.rename(aside)
            source.replace(target)
        (staged / _FINGERPRINT).unlink(missing_ok=True)  # from here on there is nothing to resume
        marker.unlink()
        shutil.rmtree(staged)
