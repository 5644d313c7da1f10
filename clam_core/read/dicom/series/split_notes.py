"""Sentences on the volumes of one series: what tells them apart, and why they cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from clam_core.errors import GeometryError
from clam_core.read.dicom.geometry import SAME_POSITION_MM, slice_normal
from clam_core.read.dicom.privacy import forbidden_words, storable
from clam_core.read.dicom.series import acquisition_marks as marks
from clam_core.read.dicom.series.acquisition_marks import Mark
from clam_core.read.dicom.series.slices import Stack

Part = tuple[Stack, str]
"""A volume and the note that goes with it."""


def noted(parts: Sequence[Part], differ: Sequence[Mark]) -> list[Part]:
    """Volumes with the note that says what tells each from the others."""
    if not differ:
        return list(parts)
    depths = [_depths(part) for part, _ in parts]
    where = " at the same positions" if set.intersection(*depths) else ""
    head = f"Its series holds {len(parts)} scans{where}, told apart by their {_words(differ)}; "
    return [
        (part, f"{head}this one is number {n}{_value(part, differ)}. {said}".strip())
        for n, (part, said) in enumerate(parts, start=1)
    ]


def agrees(parts: Sequence[Part], mark: Mark) -> bool:
    """Whether each part has a value of its own."""
    values = [{mark.of(one) for one in part} for part, _ in parts]
    return all(len(own) == 1 for own in values) and len(set.union(*values)) == len(parts)


def no_volumes(differ: Sequence[Mark]) -> GeometryError:
    """The refusal of slices that differ in some marks without making volumes by them."""
    return GeometryError(
        f"Its slices differ in their {_words(differ)} ({_listed([m.keyword for m in differ])}), "
        "and those that agree make no whole volume; export each scan as a series of its own."
    )


def taken_together(mark: Mark) -> str:
    """The note on a mark that differs as it may within a volume."""
    return (
        f"Its slices differ in their {mark.words} ({mark.keyword}), in a way that occurs within "
        "one volume; they were taken as one."
    )


def ambiguous(places: list[int]) -> str:
    """Why pictures that share their positions (numbered) cannot be told apart."""
    counts = Counter(places)
    most = max(counts.values())
    number = {2: "Two", 3: "Three"}.get(most, str(most))
    if min(counts.values()) > 1:
        where = "at each position"
    else:
        where = f"at the position of slice {min(p for p, c in counts.items() if c > 1) + 1}"
    return (
        f"{number} different images {where}, and nothing in the headers tells which belong "
        "together; export one scan per series."
    )


def _depths(part: Stack) -> set[float]:
    normal = slice_normal(part[0].plane.orientation or ())
    depth = np.array([one.plane.position for one in part]) @ normal
    return set(np.round(depth / SAME_POSITION_MM).tolist())


def _value(part: Stack, differ: Sequence[Mark]) -> str:
    """What the first mark says of a volume, if it is a number or a kernel."""
    mark, one = differ[0], part[0]
    value = mark.of(one)
    if mark.keyword == "ConvolutionKernel":
        header = one.header
        forbidden = forbidden_words(header.private_words, header.patient_id, header.institution)
        value = storable(header.kernel, forbidden)
    elif mark in {marks.ACQUIRED, marks.MADE} or not isinstance(value, int | float):
        return ""
    else:
        value = f"{value:g}"
    return f" ({mark.words} {value})" if value else ""


def _words(differ: Sequence[Mark]) -> str:
    return _listed([mark.words for mark in differ])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
