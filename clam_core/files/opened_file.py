"""An opened file: its stream, its size, and a name that is harmless to show."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.personal_names import clean

Source = Path | FileRef
"""A file on disk, or a member of a zip archive."""

_OPENING = (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile)
_READING = (OSError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class OpenFile:
    """A file that is open for reading.

    Attributes:
        stream: Bytes; can seek.
        size: Size in bytes, > 0.
        name: Base name without control characters, for messages.
    """

    stream: io.BufferedIOBase
    size: int
    name: str


def shown_name(source: Source) -> str:
    """Base name of a file as it may stand in a message."""
    return clean(source.name) or "(unnamed file)"


@contextmanager
def opened(source: Source) -> Iterator[OpenFile]:
    """Open a file that is not empty.

    Args:
        source: File on disk or member of an archive.

    Yields:
        The open file; closed afterwards.

    Raises:
        ReadError: If it is no file, is empty, or the system cannot read it.
    """
    name = shown_name(source)
    ref = source if isinstance(source, FileRef) else FileRef(source)
    try:
        if not ref.path.is_file():
            raise ReadError(f"{name} is no file that can be opened; check its name and place.")
        size = ref.size
        stream = cast(io.BufferedIOBase, ref.open())
    except _OPENING as error:
        raise ReadError(f"{name} could not be opened ({_reason(error)}); check it.") from None
    with stream:
        if size == 0:
            raise ReadError(f"{name} is an empty file (0 bytes); copy or export it again.")
        try:
            yield OpenFile(stream, size, name)
        except _READING as error:
            message = f"{name} could not be read to its end ({_reason(error)}); copy it again."
            raise ReadError(message) from None


def _reason(error: Exception) -> str:
    """Why the system refused, without the path that its own message holds."""
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
