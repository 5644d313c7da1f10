"""What a DICOM header says about persons, and how little of it may be stored."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from clam_core.files import personal_names
from clam_core.files.common_words import PLAIN
from clam_core.files.file_ref import FileRef
from clam_core.files.header_names import matcher, words_of_name
from clam_core.files.name_spelling import fold, is_latin
from clam_core.read.dicom.fields import Fields

MAX_LETTERS = 48
_WORD = re.compile(r"[^\W_]+")
_PATIENTS = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    "ResponsiblePerson",
)
_STAFF = (
    *("ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy"),
    *("OperatorsName", "RequestingPhysician"),
)
_DATE = re.compile(r"\d{8}|\d{4}[-_.]\d{2}[-_.]\d{2}")


def digest(uid: str) -> str:
    """A short code for a UID: the same UID gives the same code, which says nothing else."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16] if uid else ""


key_of = lru_cache(maxsize=4096)(digest)
"""The digest, remembered: the slices of a series share most of their UIDs and texts."""


def private_words(fields: Fields, *, identity_removed: bool) -> tuple[str, ...]:
    """Words that name the patient, to be kept out of paths and sentences; never stored.

    Args:
        fields: Header of one file.
        identity_removed: Whether the header says that it is de-identified; then
            its PatientID is a pseudonym, and so is a name made of the same words.

    Returns:
        Words of the names, whole names where these have several words, the id and
        the birth date, and longer words of the names of staff, sorted.
    """
    return _private_words(
        tuple(text for keyword in _PATIENTS for text in fields.texts(keyword)),
        tuple(text for keyword in _STAFF for text in fields.texts(keyword)),
        (fields.text("PatientID"), *fields.texts("OtherPatientIDs")),
        fields.text("PatientBirthDate"),
        identity_removed,
    )


@lru_cache(maxsize=4096)
def _private_words(
    patients: tuple[str, ...],
    staff: tuple[str, ...],
    ids: tuple[str, ...],
    birth: str,
    identity_removed: bool,  # noqa: FBT001
) -> tuple[str, ...]:
    words = {word for text in patients for word in words_of_name(text)}
    whole = {part.strip("^ ") for text in patients for part in text.split("=")}
    parts = {part for one in ids for part in _WORD.findall(one)}
    if identity_removed:
        words -= parts
    else:
        words |= {*ids, *(part for part in parts if len(part) >= 5)}
    words |= {word for text in staff for word in words_of_name(text) if _is_uncommon(word)}
    names = [words_of_name(name) for name in whole]
    words |= {"^".join(name) for name in names if sum(word in words for word in name) >= 2}
    return tuple(sorted(word for word in (*words, birth) if len(word) >= 2 or _is_foreign(word)))


def _is_uncommon(word: str) -> bool:
    return len(word) >= 4 and fold(word) not in PLAIN


def _is_foreign(word: str) -> bool:
    return bool(word) and not is_latin(word)


def storable(text: str, forbidden: Collection[str]) -> str:
    """A short technical text as it may be stored; empty if it could name a person or a place.

    Args:
        text: Value of a header element that should hold a device or a kernel.
        forbidden: Words that it must not contain.

    Returns:
        Its letters, digits and signs without control characters, or nothing.
    """
    plain = "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()
    folded = fold(plain)
    if len(plain) > MAX_LETTERS or "^" in plain or _DATE.search(plain):
        return ""
    if any(len(word) >= 3 and fold(word) in folded for word in forbidden):
        return ""
    return "" if matcher(frozenset(forbidden)).person_in(plain) else plain


def forbidden_words(words: Collection[str], patient_id: str, institution: str) -> frozenset[str]:
    """Words that no stored text of a header may contain."""
    places = {word for word in _WORD.findall(institution) if len(word) >= 4}
    return frozenset({*words, *places, patient_id, *_WORD.findall(patient_id)})


def about(ref: FileRef, words: Collection[str], sentence: str) -> str:
    """A sentence on a file, headed by its base name unless that may name a person."""
    if personal_names.looks_private(ref.name, words):
        return f"One file: {sentence}"
    return f"{personal_names.clean(ref.name)}: {sentence}"
