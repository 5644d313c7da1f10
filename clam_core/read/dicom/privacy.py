"""What a DICOM header says about persons, and how little of it may be stored."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from clam_core.files import personal_names
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom.fields import Fields

MAX_LETTERS = 48
_WORD = re.compile(r"[^\W_]+")
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
        Words of the names, of the id and of the birth date, sorted.
    """
    named = set(fields.texts("PatientName")) | set(fields.texts("OtherPatientNames"))
    words = {word for text in named for word in _WORD.findall(text)}
    patient_id = fields.text("PatientID")
    parts = set(_WORD.findall(patient_id))
    if identity_removed:
        words -= parts
    else:
        words |= {patient_id, *(part for part in parts if len(part) >= 5)}
    words.add(fields.text("PatientBirthDate"))
    return tuple(sorted(word for word in words if len(word) >= 2))


def storable(text: str, forbidden: Collection[str]) -> str:
    """A short technical text as it may be stored; empty if it could name a person or a place.

    Args:
        text: Value of a header element that should hold a device or a kernel.
        forbidden: Words that it must not contain.

    Returns:
        Its letters, digits and signs without control characters, or nothing.
    """
    plain = "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()
    folded = personal_names.fold(plain)
    if len(plain) > MAX_LETTERS or "^" in plain or _DATE.search(plain):
        return ""
    if any(len(word) >= 3 and personal_names.fold(word) in folded for word in forbidden):
        return ""
    return plain


def forbidden_words(words: Collection[str], patient_id: str, institution: str) -> frozenset[str]:
    """Words that no stored text of a header may contain."""
    places = {word for word in _WORD.findall(institution) if len(word) >= 4}
    return frozenset({*words, *places, patient_id, *_WORD.findall(patient_id)})


def about(ref: FileRef, words: Collection[str], sentence: str) -> str:
    """A sentence on a file, headed by its base name unless that may name a person."""
    if personal_names.looks_private(ref.name, words):
        return f"One file: {sentence}"
    return f"{personal_names.clean(ref.name)}: {sentence}"
