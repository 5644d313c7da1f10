"""Take the volumes of one stack apart: one picture per position, one acquisition each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from clam_core.errors import GeometryError
from clam_core.read.dicom.geometry import SAME_POSITION_MM, place_slices, slice_normal
from clam_core.read.dicom.pixel_data import pixel_digest
from clam_core.read.dicom.series import acquisition_marks as marks
from clam_core.read.dicom.series.acquisition_marks import Mark
from clam_core.read.dicom.series.slices import Slice, Stack
from clam_core.read.dicom.series.split_notes import (
    Part,
    agrees,
    ambiguous,
    no_volumes,
    noted,
    taken_together,
)

MIN_VOLUME = 3
"""Fewer slices that differ from the others are no volume of their own."""

MOST_SESSIONS = 3
"""More pauses along the axis are those of a table that moves from place to place."""


class _Counted(NamedTuple):
    """Volumes that differ in a counting mark at most.

    Attributes:
        parts: The volumes.
        told_by: What tells them apart; nothing for a single one.
        said: What was taken together, as a sentence.
        n_copies: Duplicates left out.
    """

    parts: list[Stack]
    told_by: tuple[Mark, ...] = ()
    said: str = ""
    n_copies: int = 0


def split(stack: Stack) -> tuple[list[Part], int]:
    """Leave duplicates out, and take volumes apart that lie in one series.

    Args:
        stack: Slices of one grid, all with a position.

    Returns:
        The volumes, each with a note on what tells it from the others or what was
        taken together (empty if there is nothing to say), and the number of duplicates.

    Raises:
        GeometryError: If slices differ in a mark of the acquisition but make no whole
            volumes by it, or pictures differ at one position and nothing tells why.
    """
    kept, n_same = stack, 0
    if len({_instance(one) for one in stack}) < len(stack):
        kept, n_same = _drop(stack, _places(stack), _instance)
    named = marks.differing(kept, counts=len({one.plane.position for one in kept}) > 1)
    groups = list(_by(kept, lambda one: tuple(mark.of(one) for mark in named)).values())
    try:
        counted = [_split_counted(group) for group in groups]
    except GeometryError:
        if not named:
            raise
        raise no_volumes(named) from None
    parts = [(part, found.said) for found in counted for part in found.parts]
    if named:
        _check_parts([part for part, _ in parts], kept, named)
    differ = [*named, *dict.fromkeys(mark for found in counted for mark in found.told_by)]
    if named and marks.ACQUISITION not in differ and agrees(parts, marks.ACQUISITION):
        differ.append(marks.ACQUISITION)
    return noted(parts, differ), n_same + sum(found.n_copies for found in counted)


def _split_counted(stack: Stack) -> _Counted:
    """Take apart what differs in its acquisition number or its time alone."""
    places = _places(stack)
    most = max(Counter(places).values())
    if most == 1:
        return _split_along(stack, places)
    for mark, numbered in _counts(stack, most):
        parts = _by_number(stack, numbered)
        if 2 <= len(parts) <= most and all(_unique(part) for part in parts):
            return _again(parts, mark)
    shared = {place for place, count in Counter(places).items() if count > 1}
    kept, n_copies = _drop(stack, places, _content, within=shared)
    places = _places(kept)
    if len(set(places)) == len(places):
        return _split_along(kept, places)._replace(n_copies=n_copies)
    raise GeometryError(ambiguous(places))


def _counts(stack: Stack, most: int) -> Iterable[tuple[Mark, list[int]]]:
    """Counting marks that may tell which of several pictures at a position belong together."""
    numbered = marks.numbers(stack, marks.ACQUISITION)
    if numbered is not None:
        yield marks.ACQUISITION, numbered
    for mark in (marks.ACQUIRED, marks.TRIGGER, marks.MADE):
        numbered, _ = marks.sessions(stack, mark, most)
        sizes = Counter(numbered).values()
        if min(sizes) * 2 >= max(sizes):
            yield mark, numbered


def _split_along(stack: Stack, places: Sequence[int]) -> _Counted:
    """Volumes of a stack with one picture per position, by the pattern along the axis."""
    ordered = [stack[n] for n in np.argsort(places, kind="stable")]
    said = ""
    for mark, numbered, is_new in (
        _by_acquisition(ordered),
        _by_time(ordered),
        _by_trigger(ordered),
    ):
        n_values = len(set(numbered))
        if n_values == 1:
            continue
        parts = _by_number(ordered, numbered)
        if marks.n_runs(numbered) > n_values and stack[0].header.modality != "MR":
            _check_parts(parts, ordered, [mark])
            return _again(parts, mark)
        if is_new and all(_is_whole(part) for part in parts):
            return _again(parts, mark)
        said = said or taken_together(mark)
    return _Counted([stack], said=said)


def _by_acquisition(ordered: Stack) -> tuple[Mark, list[int], bool]:
    """Acquisition numbers unless they count slices, and whether each begins a new scan.

    A table that moves from place to place gives each place a number of its own, but goes
    on counting pictures; a new scan begins to count again.
    """
    numbered = marks.numbers(ordered, marks.ACQUISITION) or [0]
    if len(set(numbered)) > len(ordered) / 2:
        numbered = [0]
    pictures = [one.header.instance_number for one in ordered]
    return marks.ACQUISITION, numbered, None not in pictures and len({*pictures}) < len(pictures)


def _by_time(ordered: Stack) -> tuple[Mark, list[int], bool]:
    """Sessions between long pauses, and whether these are too long for one scan."""
    numbered, pause = marks.sessions(ordered, marks.ACQUIRED)
    is_new = pause >= marks.NEW_SCAN_SECONDS and len(set(numbered)) <= MOST_SESSIONS
    return marks.ACQUIRED, numbered, is_new


def _by_trigger(ordered: Stack) -> tuple[Mark, list[int], bool]:
    """Times since the trigger that lie close together; they may also rise within a volume."""
    return marks.TRIGGER, marks.sessions(ordered, marks.TRIGGER)[0], False


def _again(parts: Sequence[Stack], mark: Mark) -> _Counted:
    """Each part taken apart as it will be when it is read by itself."""
    found = [_split_counted(part) for part in parts]
    deeper = dict.fromkeys(one for part in found for one in part.told_by)
    said = next((part.said for part in found if part.said), "")
    together = [stack for part in found for stack in part.parts]
    return _Counted(together, (mark, *deeper), said, sum(part.n_copies for part in found))


def _check_parts(parts: Sequence[Stack], stack: Stack, differ: Sequence[Mark]) -> None:
    """Refuse parts that are no volumes.

    Where as many pictures share a position there is no doubt that they belong to
    different volumes; each of these is then judged by itself.
    """
    most = max(Counter(_places(stack)).values())
    if len(parts) <= most or all(_is_whole(part) for part in parts):
        return
    raise no_volumes(differ)


def _is_whole(part: Stack) -> bool:
    if len(part) < MIN_VOLUME:
        return False
    plane = part[0].plane
    try:
        positions = [one.plane.position or () for one in part]
        place_slices(positions, plane.orientation or (), plane.pixel_spacing or (1.0, 1.0))
    except GeometryError:
        return False
    return True


def _places(stack: Stack) -> list[int]:
    """Number of the position along the normal at which each slice lies."""
    normal = slice_normal(stack[0].plane.orientation or ())
    depth = np.array([one.plane.position for one in stack]) @ normal
    order = np.argsort(depth, kind="stable")
    number = np.zeros(len(stack), dtype=int)
    number[order[1:]] = np.cumsum(np.diff(depth[order]) > SAME_POSITION_MM)
    result: list[int] = number.tolist()
    return result


def _drop(
    stack: Stack,
    places: list[int],
    key: Callable[[Slice], Hashable],
    within: set[int] | None = None,
) -> tuple[Stack, int]:
    """Keep the first of the slices that share position and key."""
    seen: set[Hashable] = set()
    kept = []
    for one, place in zip(stack, places, strict=True):
        if within is None or place in within:
            identity = (place, key(one))
            if identity in seen:
                continue
            seen.add(identity)
        kept.append(one)
    return kept, len(stack) - len(kept)


def _instance(one: Slice) -> Hashable:
    """Same instance UID: a copy of the file. A file without one is only itself."""
    return (one.header.instance_key or one.header.ref, one.frame)


def _content(one: Slice) -> Hashable:
    return pixel_digest(one.header.ref, one.header.pixels, one.frame)


def _by(stack: Stack, key: Callable[[Slice], tuple[Hashable, ...]]) -> dict[Hashable, Stack]:
    """Slices by a key: numbers in their order, everything else as it is met."""
    groups: dict[tuple[Hashable, ...], Stack] = defaultdict(list)
    for one in stack:
        groups[key(one)].append(one)
    order = sorted(groups, key=lambda k: [v if isinstance(v, int | float) else 0 for v in k])
    return {k: groups[k] for k in order}


def _by_number(stack: Stack, numbered: Sequence[int]) -> list[Stack]:
    groups: dict[int, Stack] = {n: [] for n in sorted(set(numbered))}
    for one, n in zip(stack, numbered, strict=True):
        groups[n].append(one)
    return list(groups.values())


def _unique(part: Stack) -> bool:
    return len(set(_places(part))) == len(part)
