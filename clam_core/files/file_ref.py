"""FileRef: one file to read, on disk or inside a zip archive."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO


@dataclass(frozen=True, order=True)
class FileRef:
    """A file on disk (`member` is None) or one member of a zip archive.

    Attributes:
        path: The file itself, or the archive that holds it.
        member: Name inside the archive, with forward slashes.
    """

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Last component of the name."""
        return self.path.name if self.member is None else self.member.rsplit("/", 1)[-1]

    @property
    def size(self) -> int:
        """Size in bytes (of the unpacked member)."""
        if self.member is None:
            return self.path.stat().st_size
        return _archive(self.path).getinfo(self.member).file_size

    def open(self) -> IO[bytes]:
        """Open for reading bytes; the stream can seek."""
        if self.member is None:
            return self.path.open("rb")
        return _archive(self.path).open(self.member)

    def read_bytes(self) -> bytes:
        """The whole content."""
        if self.member is None:
            return self.path.read_bytes()
        return _archive(self.path).read(self.member)


@lru_cache(maxsize=2)
def _archive(path: Path) -> zipfile.ZipFile:
    """Open archive, kept open: parsing the directory for each member is slow."""
    return zipfile.ZipFile(path)
