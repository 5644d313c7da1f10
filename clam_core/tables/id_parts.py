"""Parts of an id that layouts of research data add to it: folder, `sub-`, channel."""

from __future__ import annotations

import re
from collections.abc import Callable

from clam_core.files.personal_names import stem

_SUBJECT = re.compile(r"^sub-(?=[^\W_])", re.IGNORECASE)
_CHANNEL = re.compile(r"(?<=[^\W_])_0000$")


def without_folder(text: str) -> str:
    """`./imagesTr/lung_001.nii.gz` -> `lung_001.nii.gz`; `A/1` is no file and stays."""
    if stem(text) == text:
        return text
    return text.replace("\\", "/").rstrip("/").rpartition("/")[2]


def without_channel(text: str) -> str:
    """`lung_001_0000` -> `lung_001`: the only channel of a case of nnU-Net."""
    return _CHANNEL.sub("", text)


def without_sub(text: str) -> str:
    """`sub-01` -> `01`, as subjects of BIDS are written in other tables."""
    return _SUBJECT.sub("", text)


BEFORE_ENDING: tuple[tuple[str, Callable[[str], str]], ...] = (("folder", without_folder),)
AFTER_ENDING: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("number of the channel", without_channel),
    ("'sub-'", without_sub),
)
"""Steps from an id to what all layouts call it, in words, before and after its file ending."""


def core(text: str) -> str:
    """An id without what layouts add to it."""
    for _, step in (*BEFORE_ENDING, ("", stem), *AFTER_ENDING):
        text = step(text)
    return text
