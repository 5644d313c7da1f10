"""The rule for names of studies and runs, which become folders and parts of addresses."""

from __future__ import annotations

import re

from clam_core.errors import StudyError
from clam_core.files.file_names import is_device

MOST_LETTERS = 64
"""Letters of a name at the most."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{MOST_LETTERS - 1}}}")


def name_fault(name: str) -> str:
    """Why a study or a run cannot have a name, in words; empty if it can."""
    if is_device(name):
        return "Windows keeps this name for a device, so the folder could not be copied there"
    if _NAME.fullmatch(name):
        return ""
    return (
        f"a name has letters from A to Z, digits, - and _, begins with a letter or a digit, and "
        f"has at most {MOST_LETTERS} of them"
    )


def check_name(name: str, what: str) -> None:
    """Refuse a name that cannot be that of a folder on every computer.

    Args:
        name: As it was given.
        what: What is to be called so: `study` or `run`.

    Raises:
        StudyError: With the reason.
    """
    fault = name_fault(name)
    if fault:
        raise StudyError(f"A {what} cannot be called {name!r}: {fault}; choose another name.")
