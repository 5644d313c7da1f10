"""Paths as the study stores them, and the way back to the files.

The study keeps its scans' paths relative to one root, private components as codes
(see `names`). Finding a file again means hashing what lies in the folder.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Discovery
from clam_core.files.likely_names import is_surely_name
from clam_core.files.personal_names import MARK, code, hide, names_someone, stem


def stored_root(root: Path, found: Discovery | None) -> Path:
    """Folder to which stored paths are relative; no part of its own path names a patient.

    Args:
        root: Folder or file that holds the scans.
        found: What was found in it; None where names are not hidden.
    """
    home = root.parent if root.is_file() else root
    if found is None:
        return home
    words = found.all_private_words()
    named = [place for place in (home, *home.parents) if names_someone(place.name, words)]
    if not named and is_surely_name(home.name):
        return home.parent
    return named[-1].parent if named else home


def store_ref(
    ref: FileRef, root: Path, key: str, private_words: Collection[str] | None
) -> tuple[str, str | None]:
    """Path and member as they may be stored.

    Args:
        ref: The file.
        root: Folder to which the path is made relative.
        key: The study's secret key.
        private_words: Words of names in the file's header; None hides only what
            cannot be stored as text.

    Returns:
        Relative path, and the member's name or None.
    """
    path = ref.path.relative_to(root).as_posix()
    member = hide(ref.member, key, private_words) if ref.member is not None else None
    return hide(path, key, private_words), member


def find_ref(path: str, member: str | None, root: Path, key: str) -> FileRef:
    """The file that a stored path stands for.

    Args:
        path: Relative path as stored.
        member: Member of an archive as stored.
        root: The study's root.
        key: The study's secret key.

    Raises:
        ReadError: If there is no such file any more.
    """
    here = root
    for part in path.split("/"):
        here = _child(here, part, key) if part.startswith(MARK) else here / part
    if member is None:
        return FileRef(here)
    if MARK not in member:
        return FileRef(here, member)
    wanted = "/".join(p if p.startswith(MARK) else code(key, p) for p in member.split("/"))
    name = _members(here, key).get(wanted)
    if name is None:
        raise _gone()
    return FileRef(here, name)


def is_coded(stored: str | None) -> bool:
    """Whether a path, a member or a label holds a name that was hidden."""
    return stored is not None and any(part.startswith(MARK) for part in stored.split("/"))


def find_label(label: str, root: Path, key: str) -> str:
    """A stored place with the names that its codes stand for, as far as they are found."""
    here, found = root, []
    for part in label.split("/"):
        known = _known_names(here, key) if part.startswith(MARK) else {}
        found.append(known.get(part, part))
        here = here / found[-1]
    return "/".join(found)


def _known_names(place: Path, key: str) -> dict[str, str]:
    """Codes of the names in a folder, or of all names in an archive."""
    if place.is_dir():
        return _names(place, key)
    archives = [one for one in (place, *place.parents) if one.is_file()]
    if not archives:
        return {}
    parts = {part for name in _members(archives[0], key).values() for part in name.split("/")}
    return {code(key, part): part for part in parts}


def hidden_names(path: str, member: str | None, ref: FileRef, root: Path) -> set[str]:
    """Names on disk that are stored as codes, with and without their endings."""
    stored = path.split("/") + (member.split("/") if member else [])
    real = [*ref.path.relative_to(root).parts, *(ref.member.split("/") if ref.member else [])]
    private = {name for kept, name in zip(stored, real, strict=False) if kept.startswith(MARK)}
    return private | {stem(name) for name in private}


def _child(folder: Path, part: str, key: str) -> Path:
    name = _names(folder, key).get(part)
    if name is None:
        raise _gone()
    return folder / name


def _names(folder: Path, key: str) -> dict[str, str]:
    """Code of every name in a folder -> the name."""
    return _names_then(folder, key, _changed(folder))


def _changed(path: Path) -> int:
    """When a folder or archive last changed; what is remembered of it holds no longer."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise _gone() from None


@lru_cache(maxsize=64)
def _names_then(folder: Path, key: str, changed: int) -> dict[str, str]:  # noqa: ARG001
    try:
        return {code(key, entry.name): entry.name for entry in folder.iterdir()}
    except OSError:
        raise _gone() from None


def _members(path: Path, key: str) -> dict[str, str]:
    """Every member of an archive under its name with all components coded."""
    return _members_then(path, key, _changed(path))


@lru_cache(maxsize=8)
def _members_then(path: Path, key: str, changed: int) -> dict[str, str]:  # noqa: ARG001
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, BadZipFile):
        raise _gone() from None
    return {"/".join(code(key, part) for part in name.split("/")): name for name in names}


def _gone() -> ReadError:
    return ReadError("A file of this scan is no longer where it was found; put it back.")
