"""Names of files for things that people named, and the check that a file stays in its folder.

A scan may be called `../f3`, `A/B` or `CON`. What is written of it gets a name that Linux, macOS
and Windows take for a file in the folder that was meant, and for no other file in it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import count
from pathlib import Path

from clam_core.errors import StudyError

MAX_BYTES = 100
"""Most bytes (UTF-8) of a stem: endings still fit into the 255 that file systems take."""

_N_DIGITS = 8
_BREAKS = frozenset('<>:"/\\|?*')
_ENDS = re.compile(r"^[\s.]+|[\s.]+$")
_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE
)
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
"""Letters and marks that leave no trace; some file systems do not count them."""


def file_names(ids: Sequence[str]) -> dict[str, str]:
    """A stem of a file for each id.

    An id that is harmless keeps its name. Where something has to be replaced, or where two
    ids are one name to a file system that is blind to capitals or to how an accent is
    written, a digest of the id follows. The order of the ids does not matter.

    Args:
        ids: What is to be told apart; one that is repeated counts once.

    Returns:
        Stem of each id, in the order given: at most `MAX_BYTES`, without separators, control
        characters or names of devices; no two are equal when capitals and normalisation
        (NFC, NFD) are ignored.

    Source:
        Microsoft, "Naming Files, Paths, and Namespaces"; The Unicode Standard, D145.
    """
    folded = {one: _folded(one) for one in ids if is_harmless(one)}
    times = Counter(folded.values())
    names = {one: one for one in folded if times[folded[one]] == 1}
    taken = {folded[one] for one in names}
    for one in sorted(set(ids) - set(names)):
        names[one] = next(stem for stem in _marked(one) if _folded(stem) not in taken)
        taken.add(_folded(names[one]))
    return {one: names[one] for one in ids}


def file_name(text: str) -> str:
    """The stem of a file for one name alone."""
    return file_names([text])[text]


def is_harmless(name: str) -> bool:
    """Whether a file or folder can have just this name, wherever it is copied to."""
    return name != "" and name == _readable(name) and len(name.encode()) <= MAX_BYTES


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device, such as CON, whatever ending it has."""
    return _DEVICES.fullmatch(name) is not None


def known_ending(name: str, endings: Collection[str]) -> str:
    """Which of the endings a name has, in lower case; the longest, or none."""
    fitting = (ending for ending in endings if name.lower().endswith(ending))
    return max(fitting, key=len, default="")


def inside(folder: Path, name: str) -> Path:
    """Place of a file that is to be written directly into a folder.

    Args:
        folder: The folder that the user chose.
        name: Name of the file, with its ending.

    Returns:
        `folder / name`.

    Raises:
        StudyError: If this would be another place, or if a link stands there.
    """
    place = folder / name
    if name == "" or name != _readable(name) or place.parent != folder:
        raise StudyError(
            f"{name!r} cannot be the name of a file in the folder {folder.name!r}; nothing is "
            "written outside it."
        )
    if place.is_symlink():
        raise StudyError(
            f"In the folder {folder.name!r} a link stands in the place of {name!r}, and nothing is "
            "written through a link; remove it or choose another folder."
        )
    return place


def _readable(name: str) -> str:
    """What can stay of a name; a harmless one is returned as it is."""
    kept = _UNSEEN.sub("/", name)
    kept = "".join("/" if _is_break(letter) else letter for letter in kept)
    text = "_".join(part for part in (_ENDS.sub("", part) for part in kept.split("/")) if part)
    return f"_{text}" if is_device(text) else text


def _is_break(letter: str) -> bool:
    """Separators, what Windows refuses, control and direction characters, halves of characters."""
    kind = unicodedata.category(letter)
    return letter in _BREAKS or kind[0] == "C" or kind in {"Zl", "Zp"}


def _marked(name: str) -> Iterator[str]:
    """Stems with a digest of the name; the first one nearly always serves."""
    room = MAX_BYTES - _N_DIGITS - 1
    start = _readable(name).encode()[:room].decode(errors="ignore").rstrip() or "unnamed"
    for attempt in count():
        given = f"{attempt}/{name}" if attempt else name
        digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
        yield f"{start}-{digest[:_N_DIGITS]}"


def _folded(name: str) -> str:
    """The same for all names that a file system may take for one."""
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFC", decomposed.casefold())
