"""Files replaced whole: written beside, flushed to disk, renamed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from clam_core.errors import StudyError
from clam_core.study.seals import (
    SEAL,
    BrokenSealError,
    pack_json,
    pack_table,
    unpack_json,
    unpack_table,
)

N_TABLES = 16
"""Tables that are kept in memory: those of a few studies."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file; whoever reads it sees the old content or the new one.

    Args:
        path: The file.
        content: All of it.

    Raises:
        StudyError: If the disk is full or may not be written.
    """
    with replaced(path) as stream:
        stream.write(content)


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content takes the place of a file once all of it is on the disk.

    Args:
        path: The file; whoever reads it sees the old content or the new one.

    Raises:
        StudyError: If the disk is full or may not be written.
    """
    beside = path.with_name(f".{path.name}.partial")
    try:
        with open(beside, "wb", opener=_no_link) as stream:
            yield stream
            stream.flush()
            # Before the rename: after a power failure the new name could else hold an empty file.
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise StudyError(
            f"{path.name!r} could not be written ({error.strerror}); free some space or choose "
            "another folder. What was stored before is unchanged."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _no_link(path: str, flags: int) -> int:
    """Open a file, but not through a link that somebody put in its place."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def flush(folder: Path) -> None:
    """Wait until everything in a folder has reached the disk."""
    if sys.platform == "linux":
        os.sync()  # one call for thousands of files; elsewhere it may return before the end
        return
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("r+b") as stream:
                os.fsync(stream.fileno())


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a JSON file, sealed; keys in the order given."""
    write_bytes(path, pack_json(value))


def read_json(path: Path) -> dict[str, Any]:
    """Content of a JSON file that holds one object.

    Raises:
        StudyError: If it is missing or damaged.
    """
    try:
        return unpack_json(path.read_bytes())
    except BrokenSealError as error:
        raise StudyError(
            f"{path.name!r} of {path.parent.name!r} is not as it was written; put it back from a "
            f"copy, or make it again. If you changed it by hand, delete its line {SEAL!r}."
        ) from error
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{path.name!r} is missing or damaged in this study; put it back from a copy."
        ) from error


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Replace a Parquet file, sealed; the same table gives the same bytes."""
    write_bytes(path, pack_table(table))


def read_table(path: Path) -> pd.DataFrame:
    """Content of a Parquet file; one that has not changed since is not read again.

    Returns:
        A table of one's own: what is changed in it changes nothing for others.

    Raises:
        StudyError: If it is missing or damaged.
    """
    try:
        table = _read_table(path, stamp(path))
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{path.name!r} is missing or damaged in this study; put it back from a copy."
        ) from error
    return table.copy(deep=False)  # pandas copies what is written to


def stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced: place on the disk, size and time.

    Raises:
        OSError: If there is no such file.
    """
    seen = path.stat()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


@lru_cache(maxsize=N_TABLES)
def _read_table(path: Path, stamped: tuple[int, ...]) -> pd.DataFrame:  # noqa: ARG001
    return unpack_table(path.read_bytes())
