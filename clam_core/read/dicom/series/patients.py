"""Whether the files of a series show one patient, by everything that their headers say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from clam_core.files.name_spelling import fold
from clam_core.read.dicom.header import DicomHeader

_WORD = re.compile(r"[^\W_]+")
_MOST = 50


def several_patients(headers: Sequence[DicomHeader]) -> str:
    """Why a series cannot be of one patient; empty if it can.

    Args:
        headers: Files of one series.

    Returns:
        A sentence that names nobody.
    """
    ids = {header.patient_id for header in headers if header.patient_id}
    if len(ids) > 1:
        return f"The series mixes {len(ids)} patients; export each of them apart."
    differ = differences([header.person for header in headers])
    if not differ:
        return ""
    return (
        f"The series mixes patients: their {' and '.join(differ)} differ, although their "
        "PatientID does not; export each of them apart."
    )


def differences(people: Sequence[tuple[str, str, str]]) -> list[str]:
    """In what people differ beyond doubt: names, birth dates, sexes.

    Args:
        people: Name, birth date and sex of each, as headers have them.
    """
    persons = list(dict.fromkeys(people))[:_MOST]
    return [
        what
        for what, is_other in (
            ("names", _other_name),
            ("birth dates", _other_birth),
            ("sexes", _other_sex),
        )
        if any(is_other(one, another) for one, another in combinations(persons, 2))
    ]


def _other_name(one: tuple[str, str, str], another: tuple[str, str, str]) -> bool:
    """Whether two names differ by more than words left out, in a script that both have."""
    first, second = _words(one[0]), _words(another[0])
    return any(
        bool(a and b) and not (a <= b or b <= a) and sorted("".join(a)) != sorted("".join(b))
        for a, b in (
            (_latin(first), _latin(second)),
            (first - _latin(first), second - _latin(second)),
        )
    )


def _latin(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word.isascii())


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(name)))


def _other_birth(one: tuple[str, str, str], another: tuple[str, str, str]) -> bool:
    first, second = (re.sub(r"\D", "", person[1]) for person in (one, another))
    return len(first) == len(second) == 8 and first != second


def _other_sex(one: tuple[str, str, str], another: tuple[str, str, str]) -> bool:
    return {one[2].upper(), another[2].upper()} == {"M", "F"}
