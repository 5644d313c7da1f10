"""Patterns along the axis that no known mark explains: two scans may lie in one series.

Makers mark what belongs together in elements of their own, or in texts that usually say
nothing of the acquisition. Whatever has two to four values in turn along the axis, or is
a text that changes once, is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from clam_core.read.dicom.series import acquisition_marks as marks
from clam_core.read.dicom.series.slices import Stack
from clam_core.read.dicom.unread import unpacked

MOST_VALUES = 4
_FEWEST = 3
_MOST_NAMED = 4
_LOOK = "look at its picture, and export each scan apart if so."
_WHEN = frozenset({0x00080020, 0x00080021, 0x00080030, 0x00080031})
"""Date and time of study and series: the same in all slices of a volume, as texts are."""
_AGREE = 0.9

Column = tuple[str, Sequence[Hashable], bool]
"""Name, value of each slice, and whether it is a text."""


def unexplained(ordered: Stack) -> list[str]:
    """What differs in a pattern within a volume, in sentences.

    Args:
        ordered: Slices of one volume along the axis, each in a file of its own.
    """
    in_turn, once = [], []
    if len(ordered) < 2 * _FEWEST:
        return []
    for name, values, is_text in _columns(ordered):
        counts = Counter(values)
        if not 2 <= len(counts) <= MOST_VALUES or min(counts.values()) < _FEWEST:
            continue
        if _is_periodic(values, len(counts)):
            in_turn.append(name)
        elif is_text and len(counts) == 2 and marks.n_runs(values) == 2:
            once.append(name)
    told = []
    if in_turn:
        told.append(
            f"Neighbouring slices differ in turn in {_listed(in_turn)}, so that several scans may "
            f"lie interleaved in the series; {_LOOK}"
        )
    if once:
        told.append(
            f"Along the axis {_listed(once)} changes once, so that two scans may lie one behind "
            f"the other in the series; {_LOOK}"
        )
    times = _times_counted(ordered)
    if times > 1:
        told.append(
            f"Its pictures are counted {times} times over (InstanceNumber), so that {times} scans "
            f"may lie in the series; {_LOOK}"
        )
    return told


def _times_counted(ordered: Stack) -> int:
    """How often each instance number occurs, where all occur as often; else 1."""
    counts = Counter(one.header.instance_number for one in ordered)
    often = set(counts.values())
    return often.pop() if len(often) == 1 and len(counts) >= _FEWEST and None not in counts else 1


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _is_periodic(values: Sequence[Hashable], period: int) -> bool:
    n = len(values) - period
    alike = sum(values[i] == values[i + period] for i in range(n))
    changes = marks.n_runs(values) - 1
    return alike >= _AGREE * n and changes >= _AGREE * (len(values) - 1)


def _columns(ordered: Stack) -> Iterator[Column]:
    for mark in marks.NAMING:
        # Values that differ have been told apart: here some slices are silent.
        yield mark.keyword, [mark.of(one) or "" for one in ordered], True
    given = ["yes" if one.header.contrast else "" for one in ordered]
    yield "ContrastBolusAgent", given, True
    yield marks.MADE.keyword, [one.header.made for one in ordered], False
    scales = [(one.plane.slope, one.plane.intercept) for one in ordered]
    yield "RescaleSlope and RescaleIntercept", scales, False
    rests = [unpacked(one.header.rest) for one in ordered]
    for tag in sorted(set().union(*rests)):
        values = [rest.get(tag, 0) for rest in rests]
        yield _name(tag), values, tag in _WHEN or any(value & 1 for value in values)


def _name(tag: int) -> str:
    from pydicom.datadict import keyword_for_tag

    known = keyword_for_tag(tag)
    place = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    return known or f"the {'private ' if tag >> 16 & 1 else ''}element {place}"
