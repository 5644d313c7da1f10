"""Zip archives: checked whole before anything in them is unpacked."""

from __future__ import annotations

import itertools
import re
import shutil
import stat
import zipfile
from pathlib import Path
from zipfile import ZipInfo

from clam_core.errors import ReadError, UnsafeFileError
from clam_core.files.file_ref import FileRef
from clam_core.settings import ArchiveLimits
from clam_core.wording import size_words

_LOCAL_HEADER_BYTES = 30
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}


def list_archive(path: Path, limits: ArchiveLimits) -> list[tuple[str, int]]:
    """Members of a zip archive, once all of them have been found harmless.

    Args:
        path: The archive.
        limits: Number of members, unpacked size and compression ratio allowed.

    Returns:
        Name and unpacked size in bytes of every file, sorted by name.

    Raises:
        UnsafeFileError: If a member points outside the archive, is a link, is
            an archive itself, overlaps another one, or the whole is too large.
        ReadError: If the archive is damaged, encrypted or holds no file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_whole(path.name, members, limits)
            for member in members:
                _check_member(path.name, member, limits)
            files = [m for m in members if not m.is_dir()]
            for member in files:
                _refuse_nested(path.name, archive, member)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ReadError(
            f"The archive {path.name!r} is damaged or encrypted; zip it again."
        ) from error
    if not files:
        raise ReadError(f"The archive {path.name!r} holds no file.")
    return sorted((member.filename, member.file_size) for member in files)


def _check_whole(name: str, members: list[ZipInfo], limits: ArchiveLimits) -> None:
    if len(members) > limits.max_members:
        raise UnsafeFileError(
            f"The archive {name!r} has {len(members):,} members; at most "
            f"{limits.max_members:,} are read. Split it."
        )
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if total > limits.max_total_bytes:
        raise UnsafeFileError(
            f"The archive {name!r} would unpack to {size_words(total)}; at most "
            f"{size_words(limits.max_total_bytes)} are read. Split it."
        )
    if total > limits.max_ratio * max(packed, 1 << 16):
        raise UnsafeFileError(
            f"The archive {name!r} would grow {total / max(packed, 1):,.0f} times when unpacked, "
            "which no scan does; it was refused."
        )
    if len({member.filename for member in members}) < len(members):
        raise UnsafeFileError(f"The archive {name!r} holds two members of one name; zip it again.")
    ordered = sorted(members, key=lambda member: member.header_offset)
    for this, following in itertools.pairwise(ordered):
        if this.header_offset + _LOCAL_HEADER_BYTES + this.compress_size > following.header_offset:
            raise UnsafeFileError(f"Members of the archive {name!r} overlap; it was refused.")


def _check_member(name: str, member: ZipInfo, limits: ArchiveLimits) -> None:
    parts = re.split(r"[/\\]", member.filename)
    if ".." in parts or parts[0] == "" or re.match(r"^[A-Za-z]:", member.filename):
        raise UnsafeFileError(
            f"The archive {name!r} has a member that points outside it; it was refused whole."
        )
    if "\\" in member.filename or any(ord(letter) < 32 for letter in member.filename):
        raise UnsafeFileError(
            f"The archive {name!r} has a member whose name holds a backslash or a control "
            "character; it was refused whole."
        )
    mode = member.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        raise UnsafeFileError(
            f"The archive {name!r} holds a link or a device; it was refused whole."
        )
    if member.flag_bits & 0x1:
        raise ReadError(f"The archive {name!r} is encrypted; unpack it and choose the folder.")
    if member.compress_type not in _METHODS:
        raise ReadError(f"The archive {name!r} uses a compression that is not read; zip it again.")
    if member.file_size > limits.max_ratio * 10 * max(member.compress_size, 1 << 12):
        raise UnsafeFileError(
            f"A member of the archive {name!r} would grow more than {limits.max_ratio * 10:,.0f} "
            "times when unpacked; it was refused whole."
        )


def _refuse_nested(name: str, archive: zipfile.ZipFile, member: ZipInfo) -> None:
    with archive.open(member) as stream:
        if stream.read(4) in {b"PK\x03\x04", b"PK\x05\x06"} and not _is_office(member.filename):
            raise UnsafeFileError(
                f"The archive {name!r} holds another archive; unpack that one first."
            )


def _is_office(filename: str) -> bool:
    return filename.lower().endswith((".xlsx", ".docx", ".pptx"))


def unpack(ref: FileRef, folder: Path) -> Path:
    """A file on disk with the content of `ref`, for readers that need a path.

    Args:
        ref: A file, or a member of an archive that `list_archive` has passed.
        folder: Where a member is unpacked to, under a name made here.

    Returns:
        Path of the file.
    """
    if ref.member is None:
        return ref.path
    target = folder / f"member-{sum(1 for _ in folder.iterdir())}"
    with ref.open() as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    return target
