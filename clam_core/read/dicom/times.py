"""Dates and times of a header as seconds, for telling when one scan ends and another begins."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from clam_core.read.dicom.fields import Fields

_TIME = re.compile(r"(\d\d):?(\d\d)?:?(\d\d(?:\.\d*)?)?")
_DATE = re.compile(r"(\d{4})[.-]?(\d\d)[.-]?(\d\d)")


def acquired(fields: Fields) -> float | None:
    """When a picture was acquired, in seconds; None if the header does not say.

    Where it names the day alone, this is its first second.
    """
    for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime"):
        text = fields.text(keyword)
        if len(text) > 8:
            return seconds(text[:8], text[8:])
    day = fields.text("AcquisitionDate")
    found = seconds(day, fields.text("AcquisitionTime"))
    return found if found is not None or not _day(day) else _day(day) * 86_400.0


def made(fields: Fields) -> float | None:
    """When the values of a picture were made (reconstructed), in seconds."""
    return seconds(fields.text("ContentDate"), fields.text("ContentTime"))


def seconds(day: str, time: str) -> float | None:
    """Seconds since the first day of the calendar; None where no time is named.

    Args:
        day: As DICOM writes a date; anything else counts as the first day.
        time: As DICOM writes a time, with or without its last parts.
    """
    found = _TIME.match(time)
    if found is None:
        return None
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return _day(day) * 86_400.0 + hours * 3600 + minutes * 60 + rest


@lru_cache(maxsize=4096)
def _day(text: str) -> int:
    found = _DATE.match(text)
    try:
        return date(*map(int, found.groups())).toordinal() if found else 0
    except ValueError:
        return 0
