"""Columns that identify people: left out of a study unless the user insists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clam_core.tables.text.header_words import find_phrase, header_words, word_set

_PERSON = word_set(
    """
    patient patients pat patienten subject participant person full first last family given
    middle maiden sur fore name names complete nom prenom nombre der des du de del of paciente
    next kin emergency contact user nick doctor doctors physician physicians surgeon radiologist
    operator
    """
)
_NAMES = word_set("name names nom username nickname")
_DOCTORS = word_set("physician physicians hausarzt hausarztin arzt arztin zuweiser medecin")
_OF_DOCTORS = _DOCTORS | word_set(
    "referring treating attending primary care reporting name names id behandelnder zuweisender"
)
_PHRASES: dict[str, tuple[str, ...]] = {
    "a person's name": (
        "surname", "lastname", "firstname", "fullname", "forename", "patientname", "patient name",
        "patients name", "patientenname", "vorname", "nachname", "familienname", "geburtsname",
        "last name", "first name", "family name", "given name", "maiden name", "middle name",
        "nom de famille", "prenom", "apellido", "apellidos", "initials", "initialen",
    ),
    "a date of birth": (
        "dob", "birthdate", "birthday", "date of birth", "birth date", "geburtsdatum", "geburtstag",
        "geb datum", "gebdat", "date de naissance", "date naissance", "fecha de nacimiento",
        "fecha nacimiento", "patientbirthdate",
    ),
    "a phone number": (
        "phone", "telephone", "telefon", "telefono", "mobile", "handy", "handynummer", "tel",
        "phone number", "telefonnummer", "portable", "fax", "emergency contact", "next of kin",
    ),
    "an e-mail address": ("email", "e mail", "mail"),
    "an address": (
        "address", "adresse", "anschrift", "strasse", "street", "hausnummer", "direccion",
        "postcode", "postal code", "zip code", "zipcode", "zip", "plz", "postleitzahl",
        "code postal", "codigo postal", "wohnort", "city", "ville", "ciudad",
    ),
    "a hospital or insurance number": (
        "mrn", "medical record number", "medical record", "hospital number", "hospital no",
        "patientennummer", "patientennr", "fallnummer", "fallnr", "versicherungsnummer",
        "insurance number", "ssn", "social security number", "social security", "nhs number", "ahv",
        "ahv nummer", "passport", "passport number", "numero de dossier",
        "numero de securite sociale", "historia clinica",
    ),
}  # fmt: skip
_NOT_A_PERSONS = word_set("hospital site scanner model clinic device brand drug file series study")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_DICOM_NAME = re.compile(r"[^\W\d_]+\^[^\W\d_]*.*")


def looks_personal(name: str, cells: Iterable[str] = ()) -> str:
    """What of a person a column seems to hold.

    Args:
        name: Name of the column.
        cells: Its cells; e-mail addresses and names as DICOM writes them are
            known under any name of the column.

    Returns:
        For example `a person's name`; empty if nothing speaks for it.
    """
    return _by_name(name) or _by_cells(cells)


def _by_name(name: str) -> str:
    for camel in (False, True):
        words = header_words(name, camel=camel)
        if set(words) & _NAMES and set(words) <= _PERSON:
            return "a person's name"
        if words in {("nombre",), ("nombre", "paciente"), ("geb",)}:
            return "a date of birth" if words == ("geb",) else "a person's name"
        if set(words) & _DOCTORS and set(words) <= _OF_DOCTORS:
            return "a doctor's name"
        for what, phrases in _PHRASES.items():
            if any(find_phrase(phrase.split(), words) is not None for phrase in phrases):
                ours = what in {"an address", "a phone number", "an e-mail address"}
                return "" if ours and set(words) & _NOT_A_PERSONS else what
    return ""


def _by_cells(cells: Iterable[str]) -> str:
    known = list(cells)
    if not known:
        return ""
    if 2 * sum(_EMAIL.fullmatch(cell) is not None for cell in known) > len(known):
        return "an e-mail address"
    if 2 * sum(_DICOM_NAME.fullmatch(cell) is not None for cell in known) > len(known):
        return "a person's name"
    return ""
