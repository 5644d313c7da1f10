"""A header and the one file beside it that holds its voxels: never a path that leads elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.opened_file import Source, shown_name
from clam_core.read.header_checks import detached

_ENDINGS = (".raw", ".zraw", ".raw.gz")
_MAX_LETTERS = 255


def file_beside(source: Source, named: str) -> FileRef:
    """The file that a header names, if it is a file of voxels in the header's own folder.

    Args:
        source: The header, on disk or in an archive.
        named: What the header says; it is trusted with nothing.

    Returns:
        The file, which is there.

    Raises:
        UnsafeFileError: If it is anything but the plain name of a .raw or .zraw file: a path,
            a list, a pattern, or a link that leads out of the folder.
        ReadError: If there is no such file.
    """
    header = source if isinstance(source, FileRef) else FileRef(source)
    name = shown_name(source)
    is_plain = (
        named.lower().endswith(_ENDINGS)
        and len(named) <= _MAX_LETTERS
        and not any(letter in "/\\:%*?\0" or ord(letter) < 32 for letter in named)
        and not named.startswith((".", "~"))
    )
    if not is_plain:
        raise detached(name, ".mha")
    beside = _sibling(header, named)
    if beside.member is None and beside.path.is_symlink():
        raise detached(name, ".mha")
    if not _is_there(beside):
        raise ReadError(
            f"{name} keeps its voxels in a file beside it ({Path(named).suffix}) that is not "
            "there; put it into the same folder, under the name that the header gives."
        )
    return beside


def _sibling(header: FileRef, named: str) -> FileRef:
    if header.member is None:
        return FileRef(header.path.parent / named)
    return FileRef(header.path, str(PurePosixPath(header.member).parent / named))


def _is_there(ref: FileRef) -> bool:
    if ref.member is None:
        return ref.path.is_file()
    try:
        return ref.size >= 0
    except KeyError:
        return False
