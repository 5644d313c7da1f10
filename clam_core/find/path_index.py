"""Files of a listing by the path that a table may give for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from clam_core.files.file_ref import FileRef
from clam_core.files.personal_names import stem
from clam_core.find.listing import Listing


@dataclass(frozen=True)
class FoundPath:
    """What lies at a path.

    Attributes:
        files: The file, or all files of the folder or archive.
        note: What is spelled in another way than in the table, one sentence, or empty.
        advice: Where nothing was found: what may be meant, or empty.
    """

    files: tuple[FileRef, ...] = ()
    note: str = ""
    advice: str = ""


class PathIndex:
    """Files below every path of a listing, however the path is spelled.

    Accents may be one letter or two (macOS writes two), and capitals may differ where that
    leaves a single file or folder.
    """

    def __init__(self, listing: Listing) -> None:
        self._paths: dict[str, list[FileRef]] = {}
        self._spelled: dict[str, dict[str, None]] = {}
        self._ends: dict[str, dict[str, None]] = {}
        for ref in listing.files:
            for path in _paths_of(ref, listing):
                self._paths.setdefault(path, []).append(ref)
        for path in self._paths:
            for key in dict.fromkeys((_accents(path), _capitals(path))):
                self._spelled.setdefault(key, {})[path] = None
            name = path.rsplit("/", 1)[-1]
            for key in dict.fromkeys((_capitals(name), _capitals(stem(name)))):
                self._ends.setdefault(key, {})[path] = None

    def below(self, path: str) -> FoundPath:
        """The file, or all files of the folder or archive, at a path."""
        wanted = path.replace("\\", "/").strip("/").removeprefix("./")
        if wanted in self._paths:
            return FoundPath(tuple(self._paths[wanted]))
        for key in (_accents(wanted), _capitals(wanted)):
            known = list(self._spelled.get(key, {}))
            if len(known) == 1:
                is_same = _accents(known[0]) == _accents(wanted)
                note = (
                    "" if is_same else f"The table calls it {path!r}; on disk it is {known[0]!r}."
                )
                return FoundPath(tuple(self._paths[known[0]]), note)
            if known:
                shown = " and ".join(map(repr, known[:3]))
                return FoundPath(advice=f"Several are spelled alike: {shown}; write one of them.")
        name = wanted.rsplit("/", 1)[-1]
        near = list(self._ends.get(_capitals(name), self._ends.get(_capitals(stem(name)), {})))
        return FoundPath(advice=f"Did you mean {near[0]!r}?" if len(near) == 1 else "")


def _paths_of(ref: FileRef, listing: Listing) -> Iterator[str]:
    """A file's path below the root, and all folders above it; a member also by its own name."""
    parts = list(ref.path.relative_to(listing.root).parts)
    names = [parts]
    if ref.member is not None:
        inner = ref.member.split("/")
        names = [[*parts, *inner]] + ([inner] if len(parts) == 1 else [])
    for name in names:
        for depth in range(1, len(name) + 1):
            yield "/".join(name[:depth])


def _accents(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _capitals(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
