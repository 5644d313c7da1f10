"""List every file below a root: a folder, a zip archive, or a single file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan, SkippedFiles
from clam_core.files.personal_names import stem
from clam_core.sandbox.engine import Engine, Task, run_task
from clam_core.settings import ArchiveLimits

_SYSTEM = frozenset({"thumbs.db", "desktop.ini", "__macosx", ".ds_store"})
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class Listing:
    """Files to look into, files passed over, and archives refused.

    Attributes:
        root: Folder to which every `place` is relative.
        name: Name of the root, for a scan that fills it.
        files: Everything to look into, sorted.
        skipped: Hidden files, links that lead outside, special files.
        refused: Archives that are damaged or unsafe, as failed scans.
    """

    root: Path
    name: str
    files: tuple[FileRef, ...]
    skipped: tuple[SkippedFiles, ...]
    refused: tuple[FoundScan, ...]

    def place(self, ref: FileRef) -> tuple[str, ...]:
        """Components of a file's folder below the root; an archive counts as a folder."""
        return place_of(ref, self.root)


def place_of(ref: FileRef, root: Path) -> tuple[str, ...]:
    """Components of a file's folder below `root`; an archive counts as a folder."""
    parts = ref.path.relative_to(root).parts
    if ref.member is None:
        return parts[:-1]
    return (*parts[:-1], stem(parts[-1]), *ref.member.split("/")[:-1])


def list_files(root: Path, pool: Engine, limits: ArchiveLimits | None = None) -> Listing:
    """List a folder, a zip archive or a single file; archives are listed member by member.

    Args:
        root: What the user named.
        pool: Reader processes; archives are opened there.
        limits: What an archive may hold.

    Returns:
        The listing. Nothing below the root is missing from it.

    Raises:
        ReadError: If there is nothing at `root`.
        ReadError, UnsafeFileError: If the root itself is an archive that is refused.
    """
    if not root.exists():
        raise ReadError(f"There is no file or folder {root.name!r}; check the path.")
    home = root.parent if root.is_file() else root
    if root.is_file():
        found: list[FileRef] = [FileRef(root)]
        skipped: list[SkippedFiles] = []
    else:
        found, skipped = _walk(root)
    files: list[FileRef] = []
    refused: list[FoundScan] = []
    for ref in found:
        if not _is_archive(ref.path):
            files.append(ref)
            continue
        reply = run_task(pool, _task(ref.path, limits or ArchiveLimits()))
        if reply.error is not None and ref.path == root:
            raise reply.error
        if reply.error is not None:
            place, name = place_of(ref, home), stem(ref.name)
            scan = FoundScan("none", (ref,), place=place, stem=name)
            refused.append(scan.failed(str(reply.error)))
            continue
        kept, hidden = _split_hidden(ref.path, [str(m) for m in reply.values["members"]])
        files += kept
        skipped += hidden
    return Listing(home, stem(root.name), tuple(sorted(files)), tuple(skipped), tuple(refused))


def _task(path: Path, limits: ArchiveLimits) -> Task:
    arguments = {"path": str(path), "limits": limits.model_dump()}
    return Task("clam_core.find.inspect:inspect_archive", arguments, path.stat().st_size)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(256)
    except OSError:
        return False
    # An Excel or Word file is a zip archive, too; its first member tells it apart.
    return head.startswith(_ZIP_STARTS) and b"[Content_Types].xml" not in head


def _walk(root: Path) -> tuple[list[FileRef], list[SkippedFiles]]:
    found: list[FileRef] = []
    passed: dict[tuple[Path, str], list[FileRef]] = {}
    for path, reason in _every_file(root):
        if reason:
            passed.setdefault((path.parent, reason), []).append(FileRef(path))
        else:
            found.append(FileRef(path))
    skipped = [SkippedFiles(tuple(refs), "file", reason) for (_, reason), refs in passed.items()]
    return found, skipped


def files_in(folder: Path, root: Path) -> list[FileRef]:
    """Files of one folder below the root that a search of the root would look into."""
    inside = root.resolve()
    hidden = any(_is_system(part) for part in folder.relative_to(root).parts)
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # it has gone, or may not be opened
        return []
    return [FileRef(path) for path in paths if not _why_not(path, inside, hidden=hidden)]


def _every_file(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file with the reason to pass it over, or an empty text."""
    inside = root.resolve()
    closed: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=lambda e: closed.append(Path(e.filename))):
        here = Path(folder)
        hidden = any(_is_system(part) for part in here.relative_to(root).parts)
        folders.sort()
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted(names):
            yield here / name, _why_not(here / name, inside, hidden=hidden)
        for name in links:
            yield here / name, "A link to a folder; links to folders are not followed."
    for path in closed:
        yield path, "This folder may not be opened; ask for the right to read it."


def _why_not(path: Path, inside: Path, *, hidden: bool) -> str:
    if hidden or _is_system(path.name):
        return "Hidden or system file."
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        return "A link that leads outside the folder; links are followed only within it."
    if not path.is_file():
        return "Neither a file nor a folder."
    return "" if os.access(path, os.R_OK) else "May not be opened; ask for the right to read it."


def _is_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM


def _split_hidden(path: Path, members: list[str]) -> tuple[list[FileRef], list[SkippedFiles]]:
    hidden = [m for m in members if any(_is_system(part) for part in m.split("/"))]
    kept = [FileRef(path, member) for member in members if member not in set(hidden)]
    if not hidden:
        return kept, []
    refs = tuple(FileRef(path, member) for member in hidden)
    return kept, [SkippedFiles(refs, "file", "Hidden or system file.")]
