"""A log that only grows: one line per answer, on the disk before the next case is shown."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clam_core.errors import BusyError, StudyError
from clam_core.study.locking import hold_file

DIGEST = "digest"


class AnswerLog:
    """Lines of one reader. Each carries a digest of itself and of all lines before it.

    A line that was cut off by a kill or a full disk is left where it is and does not count; a
    line that was changed, moved or taken out later is an error.

    Args:
        path: The file; it need not be there yet.
        ident: What the chain of digests begins with: protocol and reader.
    """

    def __init__(self, path: Path, ident: str) -> None:
        self.path, self._ident = path, ident

    def entries(self) -> list[dict[str, Any]]:
        """What was written, oldest first, without the digests.

        Raises:
            StudyError: If a line is not as it was written.
        """
        return self._read()[0]

    def last_digest(self) -> str:
        """Digest of the last line, by which all of them are fixed."""
        return self._read()[1]

    def append(self, entry: Mapping[str, Any], after: int) -> None:
        """Write one more line and wait until it is on the disk.

        Args:
            entry: Plain JSON values.
            after: Lines that were there when the answer was asked for.

        Raises:
            BusyError: If there are more or fewer lines now, as of another window.
            StudyError: If the log is damaged, or the disk is full.
        """
        busy = "Another window is saving an answer of this reader; try again."
        with hold_file(self.path.with_suffix(".lock"), 10, busy):
            there, last = self._read()
            if len(there) != after:
                raise BusyError(
                    "This reader has saved something in another window meanwhile; the page shows "
                    "how far it is now. Nothing was overwritten."
                )
            line = json.dumps({**entry, DIGEST: _chained(last, entry)}, ensure_ascii=False)
            self._write(line.encode() + b"\n")

    def _write(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        is_new = not self.path.exists()
        try:
            number = os.open(self.path, flags, 0o600)
            try:
                if os.fstat(number).st_size and _last_byte(number) != b"\n":
                    line = b"\n" + line  # behind a line that was cut off
                if os.write(number, line) != len(line):
                    raise StudyError(_not_written("the disk is full"))
                os.fsync(number)
            finally:
                os.close(number)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise StudyError(_not_written(str(error.strerror))) from error

    def _read(self) -> tuple[list[dict[str, Any]], str]:
        last = hashlib.sha256(self._ident.encode()).hexdigest()
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], last
        except OSError as error:
            raise StudyError(
                f"The answers in {self.path.name!r} cannot be read ({error.strerror})."
            ) from error
        found: list[dict[str, Any]] = []
        lines = content.split(b"\n")
        for place, line in enumerate(lines):
            entry = _parsed(line)
            if entry is None:
                # Text behind the last line end is what a kill has left; before it there is more.
                if line and place == len(lines) - 2:
                    raise self._damaged(place)
                continue
            digest = entry.pop(DIGEST, None)
            if digest != _chained(last, entry):
                raise self._damaged(place)
            last = str(digest)
            found.append(entry)
        return found, last

    def _damaged(self, place: int) -> StudyError:
        return StudyError(
            f"Line {place + 1} of {self.path.name!r} is not as it was written, or a line before it "
            "is gone; put the file back from a copy of the study."
        )


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line.decode())
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _chained(last: str, entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{last}{json.dumps(entry, ensure_ascii=True)}".encode()).hexdigest()


def _last_byte(number: int) -> bytes:
    os.lseek(number, -1, os.SEEK_END)
    return os.read(number, 1)


def _not_written(why: str) -> str:
    return (
        f"The answer could not be saved ({why}); free some space and save it again. All answers "
        "before it are kept."
    )


def _sync_folder(folder: Path) -> None:
    """So that a new file is found after a power failure; not every system can."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(number)
    except OSError:
        return
    finally:
        os.close(number)
