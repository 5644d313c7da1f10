"""What is seen in the viewer, to and from the address of the page."""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeGuard, TypeVar

T = TypeVar("T", bound=str)
PLANES = ("all", "axial", "coronal", "sagittal")
LAYOUTS = (*PLANES, "row")
"""What the viewer can show besides: three planes of one size."""
DrawnAs = Literal["fill", "outline", "off"]
STYLES: tuple[DrawnAs, ...] = ("fill", "outline", "off")


@dataclass(frozen=True)
class View:
    """How a scan is looked at.

    Attributes:
        plane: One of `LAYOUTS`.
        window: Name of a preset, or `level/width`.
        style: One of `STYLES`: how the map is drawn.
        opacity: Of the map, 0 to 1.
        threshold: Share of the largest value below which the map is not drawn.
        mask: Whether the outline of the mask is drawn.
        voxel: Where the crosshair is; None is the peak of the map.
    """

    plane: str = "all"
    window: str = "lung"
    style: DrawnAs = "fill"
    opacity: float = 0.6
    threshold: float = 0.25
    mask: bool = False
    voxel: tuple[int, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the browser."""
        return asdict(self)


def view_from(told: dict[str, Any]) -> View:
    """The view that a browser or an address tells; whatever makes no sense keeps its default."""
    usual = View()
    window = str(told.get("window", usual.window))
    voxel = told.get("voxel")
    return View(
        plane=_one_of(LAYOUTS, told.get("plane")),
        window=window if window.isalpha() or _level_width(window) else usual.window,
        style=_one_of(STYLES, told.get("style")),
        opacity=_share(told.get("opacity"), usual.opacity),
        threshold=min(_share(told.get("threshold"), usual.threshold), 0.95),
        mask=told.get("mask") in (True, "mask"),
        voxel=tuple(voxel) if _is_voxel(voxel) else None,
    )


def read_view(query: MutableMapping[str, str]) -> View:
    """The view that the address asks for."""
    overlay = query.get("overlay", "").split("~")
    told: dict[str, Any] = dict(
        zip(("style", "opacity", "threshold", "mask"), overlay, strict=False)
    )
    if "view" in query:
        told["plane"] = query["view"]
    if "window" in query:
        told["window"] = query["window"]
    numbers = query.get("slice", "").split("-")
    if all(number.isdecimal() and len(number) < 6 for number in numbers):
        told["voxel"] = [int(number) - 1 for number in numbers]
    return view_from(told)


def write_view(query: MutableMapping[str, str], view: View) -> None:
    """Put a view into the address; what is usual is left out."""
    usual = View()
    overlay = f"{view.style}~{view.opacity:.2f}~{view.threshold:.2f}"
    is_usual = (view.style, view.opacity, view.threshold, view.mask) == (
        usual.style,
        usual.opacity,
        usual.threshold,
        usual.mask,
    )
    put(query, "view", view.plane, usual.plane)
    put(query, "window", view.window, usual.window)
    put(query, "overlay", "" if is_usual else overlay + ("~mask" if view.mask else ""), "")
    place = "" if view.voxel is None else "-".join(str(index + 1) for index in view.voxel)
    put(query, "slice", place, "")


def put(query: MutableMapping[str, str], name: str, value: str, usual: str) -> None:
    """Set a name of the address, or remove it where the value is the usual one."""
    if value == usual:
        query.pop(name, None)
    elif query.get(name) != value:
        query[name] = value


def _one_of(options: tuple[T, ...], value: Any) -> T:  # noqa: ANN401
    return value if value in options else options[0]


def _share(value: Any, usual: float) -> float:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError):
        return usual
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else usual


def _is_voxel(value: Any) -> TypeGuard[Sequence[int]]:  # noqa: ANN401
    return (
        isinstance(value, list | tuple)
        and len(value) in {2, 3}
        and all(isinstance(n, int) and n >= 0 for n in value)
    )


def _level_width(text: str) -> tuple[float, float] | None:
    """Level and width of a window that is written as two numbers."""
    try:
        level, width = (float(part) for part in text.split("/"))
    except ValueError:
        return None
    return (level, width) if abs(level) < 1e6 and 0 < width < 1e6 else None


def level_width(window: str, presets: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Level and width of a window by its name or its numbers; the first preset if it has none."""
    return presets.get(window) or _level_width(window) or next(iter(presets.values()))
