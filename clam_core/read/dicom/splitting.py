"""Sort the pictures of one series into stacks: one grid each, one picture per position."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from clam_core.errors import GeometryError
from clam_core.read.dicom.geometry import SAME_POSITION_MM, slice_normal
from clam_core.read.dicom.headers import DicomHeader, Plane
from clam_core.read.dicom.pixel_data import pixel_digest

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


def one_per_position(stack: Stack) -> tuple[list[tuple[Stack, str]], int]:
    """Leave duplicates out, and take scans apart that share their positions.

    Args:
        stack: Slices of one grid, all with a position.

    Returns:
        The scans, each with a note on what tells it from the others (empty if
        there is one), and the number of duplicates.

    Raises:
        GeometryError: If pictures differ at one position and nothing tells why.
    """
    places = _places(stack)
    stack, places, n_same = _drop(stack, places, _instance)
    most = max(Counter(places).values())
    if most == 1:
        return [(stack, "")], n_same
    for name, mark in _MARKS:
        parts = _parts(stack, places, mark)
        if 2 <= len(parts) <= most and all(_unique(part) for part in parts.values()):
            return [
                ([one for one, _ in parts[key]], _part_note(name, key, n, len(parts)))
                for n, key in enumerate(_sorted(parts), start=1)
            ], n_same
    shared = {place for place, count in Counter(places).items() if count > 1}
    stack, places, n_copies = _drop(stack, places, _content, within=shared)
    if len(set(places)) == len(places):
        return [(stack, "")], n_same + n_copies
    raise GeometryError(_ambiguous(places))


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
) -> tuple[Stack, list[int], int]:
    """Keep the first of the slices that share position and key."""
    seen: set[Hashable] = set()
    kept = []
    for one, place in zip(stack, places, strict=True):
        if within is None or place in within:
            place_and_key = (place, key(one))
            if place_and_key in seen:
                continue
            seen.add(place_and_key)
        kept.append((one, place))
    return [one for one, _ in kept], [place for _, place in kept], len(stack) - len(kept)


def _instance(one: Slice) -> Hashable:
    """Same instance UID: a copy of the file. A file without one is only itself."""
    return (one.header.instance_key or one.header.ref, one.frame)


def _content(one: Slice) -> Hashable:
    return pixel_digest(one.header.ref, one.header.pixels, one.frame)


_MARKS: tuple[tuple[str, Callable[[Plane], Hashable]], ...] = (
    ("acquisition number", lambda plane: plane.acquisition),
    ("time point", lambda plane: plane.temporal),
    ("echo time", lambda plane: plane.echo_ms),
    ("image type", lambda plane: plane.image_type),
    (
        "mark",
        lambda plane: (plane.acquisition, plane.temporal, plane.echo_ms, plane.image_type),
    ),
)


def _parts(
    stack: Stack, places: list[int], mark: Callable[[Plane], Hashable]
) -> dict[Hashable, list[tuple[Slice, int]]]:
    parts: dict[Hashable, list[tuple[Slice, int]]] = defaultdict(list)
    for one, place in zip(stack, places, strict=True):
        parts[mark(one.plane)].append((one, place))
    return parts


def _sorted(keys: Iterable[Hashable]) -> list[Hashable]:
    """Numbers by size; anything else stays in the order in which it was met."""
    numbers = [key for key in keys if isinstance(key, int | float)]
    others = [key for key in keys if not isinstance(key, int | float)]
    return [*sorted(numbers), *others]


def _unique(part: list[tuple[Slice, int]]) -> bool:
    return len({place for _, place in part}) == len(part)


def _part_note(name: str, key: Hashable, n: int, n_parts: int) -> str:
    value = f" {key:g}" if isinstance(key, int | float) else ""
    return (
        f"Its series holds {n_parts} scans at the same positions, told apart by their {name}; "
        f"this one is number {n}{f' ({name}{value})' if value else ''}."
    )


def _ambiguous(places: list[int]) -> str:
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
