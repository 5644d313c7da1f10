"""What a header says of the acquisition of a picture, by which volumes are told apart.

Two kinds of mark. One that names the volume (kernel, tube voltage, description, ...)
is the same in all its slices, so that any difference means several volumes. One that
counts (acquisition number, time) may also rise within a volume: with each slice, with
each position of the table, or from the odd to the even slices. Only its pattern along
the axis tells.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clam_core.read.dicom.series.slices import Slice, Stack

PAUSE_SECONDS = 20.0
"""A shorter pause lies between the odd and the even slices of one volume, too."""

NEW_SCAN_SECONDS = 60.0
"""A longer pause at one place of the axis, and what follows is another scan."""

_OUTSTANDING = 5.0


@dataclass(frozen=True)
class Mark:
    """One thing that a header says.

    Attributes:
        words: What it is, in a sentence.
        keyword: Name of the header element.
        of: Its value for a slice; None or an empty text where the header is silent.
    """

    words: str
    keyword: str
    of: Callable[[Slice], Hashable]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


NAMING = (
    Mark("series number", "SeriesNumber", lambda one: one.header.series_number),
    Mark("series description", "SeriesDescription", lambda one: one.header.description),
    Mark("frame of reference", "FrameOfReferenceUID", lambda one: one.header.frame_of_reference),
    Mark("position of the patient", "PatientPosition", lambda one: one.header.patient_position),
    Mark("kernel", "ConvolutionKernel", lambda one: one.plane.kernel),
    Mark("tube voltage", "KVP", lambda one: _rounded(one.plane.kvp, 1)),
    Mark(
        "slice thickness",
        "SliceThickness",
        lambda one: _rounded(one.header.slice_thickness_mm, 1),
    ),
    Mark("stack", "StackID", lambda one: one.plane.stack),
    Mark("time point", "TemporalPositionIdentifier", lambda one: one.plane.temporal),
    Mark(
        "phase of heart or breath",
        "NominalPercentageOfCardiacPhase",
        lambda one: _rounded(one.plane.phase, 1),
    ),
    Mark("filter", "FilterType", lambda one: one.plane.filter),
    Mark("echo time", "EchoTime", lambda one: _rounded(one.plane.echo_ms, 3)),
    Mark("b-value", "DiffusionBValue", lambda one: _rounded(one.plane.b_value, 1)),
    Mark("image type", "ImageType", lambda one: one.plane.image_type),
)
"""Marks that are the same in all slices of a volume."""

ACQUISITION = Mark("acquisition number", "AcquisitionNumber", lambda one: one.plane.acquisition)
ACQUIRED = Mark("acquisition time", "AcquisitionTime", lambda one: one.plane.acquired)
TRIGGER = Mark("time since the trigger", "TriggerTime", lambda one: one.plane.trigger_ms)
MADE = Mark("content time", "ContentTime", lambda one: one.header.made)


def differing(stack: Stack, *, counts: bool) -> list[Mark]:
    """Naming marks of which a stack has several values.

    Args:
        stack: Any slices.
        counts: Whether to pass over a mark that has a value of its own for every slice:
            it tells no groups. (Some programs that remove names give every file a
            new frame of reference.)
    """
    found = []
    for mark in NAMING:
        values = {mark.of(one) for one in stack} - {None, ""}
        each = counts and len(values) == len(stack) > 2
        if len(values) > 1 and not each:
            found.append(mark)
    return found


def numbers(stack: Stack, mark: Mark) -> list[int] | None:
    """Number of the value of a counting mark for each slice, from the lowest; None if unknown."""
    values = [mark.of(one) for one in stack]
    if any(value is None for value in values):
        return None
    rank = {value: n for n, value in enumerate(sorted(set(values)))}  # type: ignore[type-var]
    return [rank[value] for value in values]


def sessions(stack: Stack, mark: Mark, n_sessions: int | None = None) -> tuple[list[int], float]:
    """Cut times where the scanner paused.

    Args:
        stack: Slices of which the header tells the time, or not.
        mark: `ACQUIRED`, `MADE` or `TRIGGER` (of which a millisecond counts as a second).
        n_sessions: How many there must be; None cuts at every outstanding pause.

    Returns:
        Number of the session of each slice, and the shortest pause between two of
        them in seconds (0 where there is one session only).
    """
    known = [mark.of(one) for one in stack]
    if any(value is None for value in known):
        return [0] * len(stack), 0.0
    values = np.array(known, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order])
    if n_sessions is None:
        is_cut = steps >= max(PAUSE_SECONDS, _OUTSTANDING * float(np.median(steps)))
    else:
        is_cut = np.zeros(len(steps), dtype=bool)
        is_cut[np.argsort(-steps, kind="stable")[: n_sessions - 1]] = True
        is_cut &= steps > 0
    numbered = np.zeros(len(stack), dtype=int)
    numbered[order[1:]] = np.cumsum(is_cut)
    pause = float(steps[is_cut].min()) if is_cut.any() else 0.0
    result: list[int] = numbered.tolist()
    return result, pause


def n_runs(values: Sequence[Hashable]) -> int:
    """How often the value changes along the axis, and one more."""
    return 1 + sum(one != other for one, other in pairwise(values))
