"""Who reads what: in the address by the reader's number, so that no name is in it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from clam_core.reading_study.blind_order import PARTS, Part
from clam_core.study import Study
from clam_core.study.readings.reading import Reading
from pages.shell.blind_readers import reader_name

_READING, _READER, _PART = "reading", "reader", "part"


@dataclass(frozen=True)
class Seat:
    """Where somebody reads.

    Attributes:
        reading: Name of the reading study.
        number: Number of the reader, from 1.
        part: Scores, or rating of maps.
    """

    reading: str
    number: int
    part: Part


def wanted_seat() -> Seat | None:
    """What the address asks for; None shows the overview."""
    reading, number = st.query_params.get(_READING, ""), st.query_params.get(_READER, "")
    part = next((one for one in PARTS if one == st.query_params.get(_PART)), None)
    if not reading or part is None or not number.isdecimal() or not 1 <= int(number) < 100:
        return None
    return Seat(reading, int(number), part)


def sit_down(reading: Reading, reader: str, part: Part) -> None:
    """Read from now on; runs before the page is drawn again."""
    number = reading.protocol().number_of(reader)
    st.query_params.update(
        {
            "study": reading.study.name,
            _READING: reading.name,
            _READER: str(number),
            _PART: part,
        }
    )


def get_up() -> None:
    """Back to the overview."""
    for name in (_READING, _READER, _PART, "slice"):
        st.query_params.pop(name, None)


def reader_at(study: Study, seat: Seat) -> tuple[Reading, str] | None:
    """The reading study and the reader; None where the visitor may not sit there."""
    reading = Reading(study, seat.reading)
    readers = reading.protocol().readers
    if seat.number > len(readers):
        return None
    reader = readers[seat.number - 1]
    who = reader_name()
    if who is not None and who.casefold() != reader.casefold():
        return None
    return reading, reader
