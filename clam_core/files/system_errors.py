"""What the computer refuses (memory, disk, rights), as a sentence that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

from clam_core.errors import ClamError, LimitError, StudyError
from clam_core.files.personal_names import looks_private

_KEPT = "What was stored before is unchanged."
_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EFBIG: "the disk takes no file of this size; choose another place",
    errno.EDQUOT: "your share of the disk is used up; free some space",
    errno.EROFS: "the disk can only be read; copy the study to one that can be written",
    errno.EACCES: "you have no right to; ask for it, or copy the study to a place of your own",
    errno.EPERM: "you have no right to; ask for it, or copy the study to a place of your own",
    errno.EIO: "the drive does not answer as it should; check it, then try again",
    errno.ESTALE: "the network drive has gone; connect it, then try again",
    errno.ENOTCONN: "the network drive has gone; connect it, then try again",
    errno.ETIMEDOUT: "the network drive does not answer; connect it, then try again",
    errno.EMFILE: "too many files are open; close other programs, or take fewer workers",
    errno.ENFILE: "too many files are open on this computer; close other programs",
    errno.ENAMETOOLONG: "its path is too long for this disk; choose a shorter place",
}
_NO_MEMORY = (
    "The memory of this computer is not enough for this step: close other programs, take fewer "
    f"workers, or prepare the scans on a smaller grid. {_KEPT}"
)
_OWN = frozenset({".json", ".jsonl", ".parquet", ".safetensors", ".lock"})
_TORCH = ("can't allocate memory", "not enough memory", "out of memory")
"""How torch says it, which raises a RuntimeError for memory."""


def as_sentence(error: BaseException) -> ClamError | None:
    """What a person can do about an error of the system.

    Args:
        error: What a step raised that is no `ClamError`.

    Returns:
        An error with one sentence, or None where it is a fault of this software.
    """
    if isinstance(error, MemoryError):
        return LimitError(_NO_MEMORY)
    if isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _TORCH):
        return LimitError(_NO_MEMORY)
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        return StudyError(f"{_named(error)}: {_REMEDIES[error.errno]}. {_KEPT}")
    return None


def _named(error: OSError) -> str:
    """Which file it was about, unless its name may be a person's."""
    name = Path(str(error.filename)).name if error.filename else ""
    is_ours = Path(name).suffix in _OWN  # the study names such files, not a person
    if not name or (looks_private(name) and not is_ours):
        return "A file could not be read or written"
    return f"{name!r} could not be read or written"
