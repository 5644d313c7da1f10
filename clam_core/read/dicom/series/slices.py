"""Pictures of a series as slices, sorted into stacks of one grid and one file of frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from clam_core.read.dicom.header import DicomHeader, Plane

ORIENTATION_TOLERANCE = 0.01
SPACING_TOLERANCE = 0.01


@dataclass(frozen=True)
class Slice:
    """One frame of one file."""

    header: DicomHeader
    frame: int

    @property
    def plane(self) -> Plane:
        """Where it lies."""
        return self.header.planes[self.frame]


Stack = list[Slice]


def slices_of(headers: Sequence[DicomHeader]) -> Stack:
    """Every frame of every file."""
    return [Slice(header, n) for header in headers for n in range(len(header.planes))]


def by_file_of_frames(headers: Sequence[DicomHeader]) -> list[list[DicomHeader]]:
    """Files that may share a volume: all with one picture, and each of several pictures alone.

    A file whose frames lie at several positions is a volume by itself, whatever else
    its series holds, unless the header says that it is one part of a concatenation.
    """
    groups: dict[Hashable, list[DicomHeader]] = defaultdict(list)
    for header in headers:
        own = header.concatenation or header.instance_key or header.ref
        groups[own if _is_volume(header) else ""].append(header)
    return list(groups.values())


def _is_volume(header: DicomHeader) -> bool:
    return len({plane.position for plane in header.planes}) > 1


def by_grid(slices: Sequence[Slice]) -> list[Stack]:
    """Slices that have the same size, pixel spacing and orientation, largest group first."""
    groups: list[tuple[Slice, Stack]] = []
    known: dict[Hashable, Stack] = {}
    for one in slices:
        pixels, plane = one.header.pixels, one.plane
        exact = (pixels.rows, pixels.columns, plane.orientation, plane.pixel_spacing)
        stack = known.get(exact)
        if stack is None:
            stack = next((s for first, s in groups if _same_grid(first, one)), None)
            if stack is None:
                stack = []
                groups.append((one, stack))
            known[exact] = stack
        stack.append(one)
    return sorted((stack for _, stack in groups), key=len, reverse=True)


def _same_grid(a: Slice, b: Slice) -> bool:
    if (a.header.pixels.rows, a.header.pixels.columns) != (
        b.header.pixels.rows,
        b.header.pixels.columns,
    ):
        return False
    pairs = [
        (a.plane.orientation, b.plane.orientation, ORIENTATION_TOLERANCE),
        (a.plane.pixel_spacing, b.plane.pixel_spacing, SPACING_TOLERANCE * _pixel(a)),
    ]
    return all(_near(one, other, tolerance) for one, other, tolerance in pairs)


def _pixel(one: Slice) -> float:
    return abs(one.plane.pixel_spacing[0]) if one.plane.pixel_spacing else 0.0


def _near(one: tuple[float, ...] | None, other: tuple[float, ...] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance
