"""Folders on the server that may be opened: below the allowed roots, nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from clam_core.errors import UnsafeFileError

MOST_FOLDERS = 2000
TABLES = (".csv", ".tsv", ".xlsx")


def allowed_roots(listed: str, studies: Path) -> list[Path]:
    """Folders below which scans may be opened.

    Args:
        listed: Paths with the system's separator between them (a colon, on Windows a
            semicolon); those that are no folders are left out.
        studies: The studies' own root, which is always allowed.

    Returns:
        Resolved folders, each once, in the order given; the studies' root is the last.
    """
    named = [Path(part).expanduser() for part in listed.split(os.pathsep) if part.strip()]
    folders = [path.resolve() for path in (*named, studies) if path.is_dir()]
    return list(dict.fromkeys(folders))


def check_below(path: Path, roots: Sequence[Path]) -> Path:
    """The folder or file itself, once it is known to lie below an allowed root.

    Args:
        path: Anything a browser may have sent.
        roots: As `allowed_roots` gives them.

    Returns:
        The path with all links followed.

    Raises:
        UnsafeFileError: If it lies elsewhere, also by way of a link.
    """
    resolved = path.resolve()
    if not any(resolved.is_relative_to(root) for root in roots):
        raise UnsafeFileError(
            "This folder lies outside the folders that may be opened here; choose one of those "
            "that are listed, or ask whoever runs this server to allow it."
        )
    return resolved


def folders_in(folder: Path, roots: Sequence[Path]) -> list[str]:
    """Names of the folders in a folder that may be opened: no hidden ones, no studies.

    Args:
        folder: Below an allowed root.
        roots: As `allowed_roots` gives them.

    Returns:
        At most `MOST_FOLDERS` names, sorted.

    Raises:
        UnsafeFileError: If the folder itself may not be opened.
    """
    here = check_below(folder, roots)
    try:
        with os.scandir(here) as entries:
            names = [entry.name for entry in entries if _may_open(Path(entry.path), roots)]
    except OSError:
        return []
    return sorted(names)[:MOST_FOLDERS]


def tables_in(folder: Path, roots: Sequence[Path]) -> list[str]:
    """Names of the tables that lie directly in a folder, sorted; `scans.*` first."""
    here = check_below(folder, roots)
    try:
        names = [path.name for path in here.iterdir() if path.suffix.lower() in TABLES]
    except OSError:
        return []
    shown = [name for name in names if _is_inside(here / name, roots) and name[0] != "."]
    return sorted(shown, key=lambda name: (Path(name).stem.lower() != "scans", name))


def _may_open(path: Path, roots: Sequence[Path]) -> bool:
    if path.name.startswith(".") or not path.is_dir() or (path / "study.json").is_file():
        return False
    return _is_inside(path, roots)


def _is_inside(path: Path, roots: Sequence[Path]) -> bool:
    resolved = path.resolve()
    return any(resolved.is_relative_to(root) for root in roots)
