"""Names of files and folders: which may be kept as ids, and how the others are hidden.

Patients' names travel in file names as well as in DICOM headers. A component of a
path that looks like one is stored as a keyed hash: the study can find the file
again by hashing what lies in the folder, but the name itself is nowhere in it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from clam_core.files.common_words import PLAIN
from clam_core.files.header_names import matcher, words_of_name
from clam_core.files.likely_names import has_likely_name, looks_like_name
from clam_core.files.name_spelling import fold as fold  # noqa: PLC0414 (others take it from here)
from clam_core.files.name_spelling import is_latin

MARK = "~"
HIDDEN = "(name hidden)"
MAX_ID_LETTERS = 80
SUBJECT_CODE = r"sub-[0-9a-f]{12}"
"""What the id of a subject looks like that stands for a hospital number."""
_DATES = re.compile(
    r"(?<!\d)(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_ENDINGS = re.compile(
    r"(\.nii\.gz|\.nii|\.nrrd|\.nhdr|\.mha|\.mhd|\.dcm|\.dicom|\.ima|\.zip|\.png|\.jpe?g|\.tiff?)$",
    re.IGNORECASE,
)


def clean(name: str) -> str:
    """A name that is harmless to show and to store as text.

    Args:
        name: Anything found on a disk, in an archive or in a table.

    Returns:
        Normalised (NFC), without control and direction characters, without
        blanks around it, at most 80 letters.
    """
    if _is_plain_ascii(name):
        return name.strip()[:MAX_ID_LETTERS]
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    return "".join(letter for letter in text if not _is_control(letter)).strip()[:MAX_ID_LETTERS]


def stem(name: str) -> str:
    """The name without the ending of a known image format."""
    return _ENDINGS.sub("", name) or name


def looks_private(name: str, private_words: Collection[str] = ()) -> bool:
    """Whether a file or folder name may be the name of a person.

    Kept are names that look like codes: those with a digit (`SARC-017`) that have
    not two words like names (`Jones Mary 0`), and those made of common words of
    imaging (`chest_ct`). Held to be private are names with a word of a DICOM header's
    private fields in any spelling and order, a date, `^`, a word with letters that
    codes do not have, and names without a digit that have an uncommon word of three
    letters or more.

    Args:
        name: One component of a path.
        private_words: Words and whole names of the patient, id and birth date.

    Returns:
        True if the name must not be stored.
    """
    return _looks_private(name, frozenset(private_words))


@lru_cache(maxsize=1 << 17)
def _looks_private(name: str, private_words: frozenset[str]) -> bool:
    base = stem(name)
    if name.startswith(MARK) or "^" in name or _DATES.search(base) or not is_text(name):
        return True
    if private_words and matcher(private_words).name_in(base):
        return True
    # A name in Greek or Thai has many spellings in Latin letters, and none is known here.
    if private_words and not all(map(is_latin, private_words)):
        return has_likely_name(base)
    return looks_like_name(base)


def is_text(name: str) -> bool:
    """Whether a name on disk is valid Unicode without control or direction characters."""
    return _is_plain_ascii(name) or not any(map(_is_control, name))


def _is_plain_ascii(name: str) -> bool:
    """Nearly every name: nothing in it has to be looked at letter by letter."""
    return name.isascii() and name.isprintable()


def _is_control(letter: str) -> bool:
    """Control, direction and line characters, and halves of characters."""
    kind = unicodedata.category(letter)
    return kind[0] == "C" or kind in {"Zl", "Zp"}


def names_someone(name: str, private_words: Collection[str]) -> bool:
    """Whether whole words of a folder's name name a patient of a header, beyond doubt."""
    uncommon = frozenset("^".join(kept) for one in private_words if (kept := _uncommon(one)))
    return matcher(uncommon).person_in(name)


def _uncommon(name: str) -> list[str]:
    """Words of a name that are no words of imaging; codes of two letters count when joined."""
    return [word for word in words_of_name(name) if len(word) <= 2 or fold(word) not in PLAIN]


def code(key: str, text: str, prefix: str = MARK, n_letters: int = 12) -> str:
    """Keyed hash of a text: the same for the same study, meaningless without its key."""
    digest = hmac.new(key.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return prefix + digest.hexdigest()[:n_letters]


def hide(path: str, key: str, private_words: Collection[str] | None = ()) -> str:
    """A path whose private components are replaced by their codes.

    Args:
        path: Relative path with forward slashes, on disk or in an archive.
        key: The study's secret key.
        private_words: As for `looks_private`; None hides only what is no text.

    Returns:
        The path to store; `find` leads back to the original.
    """

    def is_hidden(part: str) -> bool:
        if private_words is None:
            return not is_text(part)
        return looks_private(part, private_words)

    return "/".join(code(key, part) if is_hidden(part) else part for part in path.split("/"))


def scrub(text: str, private: Iterable[str]) -> str:
    """A sentence without the given names, as they are and as `clean` shows them."""
    words = {shown for word in private for shown in (word, clean(word))}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= 3 or (len(word) == 2 and not word.isascii()):
            text = re.sub(re.escape(word), HIDDEN, text, flags=re.IGNORECASE)
        elif len(word) == 2 and word.istitle():
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, text)
    return text


def unique_ids(candidates: Sequence[Sequence[str]]) -> list[str]:
    """The first readable name for each scan that tells it from the others.

    Args:
        candidates: For each scan the names that it may take, best first; the
            same number for all.

    Returns:
        One id per scan: all take their first candidate if these differ, else
        all their second, ...; else the first candidate, numbered where it is not alone.
    """
    for level in range(min((len(names) for names in candidates), default=0)):
        ids = [clean(names[level]) for names in candidates]
        if all(ids) and len({fold(one) for one in ids}) == len(ids):
            return ids
    return _numbered([clean(names[0]) or "scan" for names in candidates])


def _numbered(ids: list[str]) -> list[str]:
    """The same ids, with a number after those that several scans share."""
    counts = Counter(fold(one) for one in ids)
    taken, last, numbered = set(counts), Counter[str](), []
    for one in ids:
        new = one
        while counts[fold(one)] > 1 and fold(new) in taken:
            last[fold(one)] += 1
            new = f"{one}-{last[fold(one)]}"
        taken.add(fold(new))
        numbered.append(new)
    return numbered
