"""Uploads: what a browser sends is kept under generated names until its study is deleted."""

from __future__ import annotations

import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from clam_core.errors import LimitError, StudyError
from clam_core.files.file_names import file_name
from clam_core.files.personal_names import clean, stem
from clam_core.settings import Settings
from clam_core.study import atomic

UPLOADS = ".uploads"
STUDY = "study.json"
TABLE = "uploaded-table"
# The second is how an empty archive starts.
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_CHUNK = 4 << 20
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")


class UploadLimits(Settings):
    """What one upload may hold.

    Attributes:
        max_files: Files.
        max_bytes: All of them together.
        reserve_bytes: Space that has to be left on the disk.
    """

    max_files: int = 20_000
    max_bytes: int = 4 << 30
    reserve_bytes: int = 2 << 30


@dataclass(frozen=True)
class Upload:
    """A file as a browser sends it.

    Attributes:
        name: The name it claims to have; may hold folders, is trusted with nothing.
        n_bytes: Its size.
        content: Where it is read from.
    """

    name: str
    n_bytes: int
    content: IO[bytes]


def store_upload(root: Path, files: Sequence[Upload], limits: UploadLimits | None = None) -> Path:
    """Keep uploaded files below the studies' root.

    Archives are kept as they are, under a number. All other files go into one archive, in
    which they have the names they came with, so that no name of a stranger reaches the disk.

    Args:
        root: The studies' root.
        files: What was uploaded.
        limits: Number and size allowed.

    Returns:
        A new folder with a generated name.

    Raises:
        LimitError: If there are too many, or the disk has no room for them.
        StudyError: If they cannot be written.
    """
    check_room(root, files, limits or UploadLimits())
    folder = root / UPLOADS / f"upload-{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True)
        loose = []
        for number, file in enumerate(files, start=1):
            if _is_archive(file):
                with (folder / f"part-{number:05d}.zip").open("wb") as target:
                    shutil.copyfileobj(file.content, target, _CHUNK)
            else:
                loose.append(file)
        if loose:
            _pack(folder / "files.zip", loose)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StudyError(
            f"The upload could not be stored ({error.strerror}); nothing of it was kept."
        ) from error
    return folder


def store_table(root: Path, file: Upload, ending: str) -> Path:
    """Keep an uploaded table until a step has read it.

    Args:
        root: The studies' root.
        file: What was uploaded.
        ending: Of its name, without the dot.

    Returns:
        The table, alone in a new folder; `delete_table` deletes both.

    Raises:
        LimitError: If the disk has no room for it.
        StudyError: If it cannot be written.
    """
    check_room(root, [file], UploadLimits())
    folder = root / UPLOADS / f"upload-{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True)
        with (folder / f"{TABLE}.{ending}").open("wb") as target:
            shutil.copyfileobj(file.content, target, _CHUNK)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StudyError(
            f"The table could not be stored ({error.strerror}); nothing of it was kept."
        ) from error
    return folder / f"{TABLE}.{ending}"


def delete_table(path: Path) -> None:
    """Delete a table that was uploaded; one that lies anywhere else is left alone."""
    if path.stem == TABLE and path.parent.parent.name == UPLOADS:
        shutil.rmtree(path.parent, ignore_errors=True)


def check_room(root: Path, files: Sequence[Upload], limits: UploadLimits) -> None:
    """Refuse an upload that is too large, or for which the disk has no room.

    Raises:
        LimitError: With the sizes.
    """
    total = sum(file.n_bytes for file in files)
    if len(files) > limits.max_files or total > limits.max_bytes:
        raise LimitError(
            f"The upload has {len(files):,} files and {total / 1e9:.1f} GB; at most "
            f"{limits.max_files:,} files and {limits.max_bytes / 1e9:.1f} GB are taken. Put them "
            "into a folder on the server and open that."
        )
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if free - total < limits.reserve_bytes:
        raise LimitError(
            f"The upload has {total / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free on the "
            f"server's disk, of which {limits.reserve_bytes / 1e9:.1f} GB stay in reserve; delete "
            "something first."
        )


def unused_uploads(root: Path, older_than_seconds: float = 3600) -> list[Path]:
    """Uploads that no study reads from, once they are older than some time."""
    used = {uploads_of(path.parent) for path in root.glob(f"[!.]*/{STUDY}")}
    found = (root / UPLOADS).glob("upload-*")
    # A young one may belong to a study that is just being made.
    old = time.time() - older_than_seconds
    return sorted(path for path in found if path not in used and path.stat().st_mtime < old)


def delete_uploads(folders: Iterable[Path]) -> None:
    """Delete uploads that no study needs any more."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def uploads_of(study: Path) -> Path | None:
    """The upload that a study was made from; None where its scans lie elsewhere."""
    try:
        home = Path(str(atomic.read_json(study / STUDY).get("scans_root", ""))).resolve()
    except StudyError:
        return None
    uploads = (study.parent / UPLOADS).resolve()
    if not home.is_relative_to(uploads) or home == uploads:
        return None
    return study.parent / UPLOADS / home.relative_to(uploads).parts[0]


def _is_archive(file: Upload) -> bool:
    start = file.content.read(4)
    file.content.seek(0)
    return start in _ZIP_STARTS


def _pack(target: Path, files: Sequence[Upload]) -> None:
    """Write files into one archive without compressing them again."""
    taken: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for number, file in enumerate(files, start=1):
            name = _harmless(file.name, number)
            # Names that differ in case alone are one file on some systems.
            while name.casefold() in taken:
                place = PurePosixPath(name)
                name = str(place.with_name(f"{number}-{place.name}"))
            taken.add(name.casefold())
            with archive.open(name, "w", force_zip64=True) as member:
                shutil.copyfileobj(file.content, member, _CHUNK)


def _harmless(name: str, number: int) -> str:
    """A relative path of names that every computer takes for files; none of them climbs."""
    parts = [clean(part) for part in name.replace("\\", "/").split("/")]
    kept = [_harmless_part(part) for part in parts if part.strip(". ")]
    return "/".join(kept) or f"file-{number}"


def _harmless_part(name: str) -> str:
    """A file or folder that keeps its ending, and the dot by which it is told to be hidden."""
    start = _ENDING.sub("", stem(name))
    known = start if start.strip(". ") else name
    hidden = "." if name.startswith(".") else ""
    return f"{hidden}{file_name(known.lstrip('.'))}{name[len(known) :]}"
