"""Drawings as files of their own: SVG, and PDF with the letters that it needs inside.

The PDF is drawn from the SVG, so that both show the same; the elements of `svg` are known here
and no others. Pixels count 1/96 inch: a drawing 340 wide is 90 mm, one column of a journal.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from threading import Lock
from typing import Any

from clam_core.files.file_names import file_name
from clam_core.report.html import Html

_POINTS, _INCH = 0.75, 96.0
_FAMILY = "Helvetica, Arial, DejaVu Sans, sans-serif"
_LETTERS = 0.93
"""DejaVu Sans, which comes with matplotlib, is wider than the letters that room was left for."""

_FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP",
    "Noto Sans KR", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei",
    "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei", "Arial Unicode MS", "Noto Sans Arabic",
    "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
)  # fmt: skip
"""Families with letters that DejaVu Sans lacks; those that are installed are used."""

_SIDES = {"start": "left", "middle": "center", "end": "right"}
_SVG = "{http://www.w3.org/2000/svg}"

_ONE_AT_A_TIME = Lock()
"""The styles of matplotlib belong to the whole process; people may save figures at once."""

Given = dict[str, str]


def file_stem(name: str) -> str:
    """A name of a variable as the name of a file: letters, digits and underscores."""
    return file_name(re.sub(r"[^\w-]+", "_", name).strip("_")[:80] or "figure")


def to_svg(picture: Html) -> bytes:
    """A drawing as an SVG file; texts stay texts, so that they can be edited.

    Args:
        picture: An `svg` element as `drawing` makes it.
    """
    text = str(picture).replace("<svg ", f'<svg font-family="{_FAMILY}" ', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def to_pdf(picture: Html, title: str) -> bytes:
    """A drawing as a PDF of its own size, its letters embedded as TrueType.

    Args:
        picture: An `svg` element as `drawing` makes it.
        title: What is seen; a property of the file.

    Returns:
        The file; the same drawing gives the same bytes. Letters that no installed font has
        are boxes in it; the SVG keeps them.
    """
    from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    root = fromstring(str(picture))
    width, height = (float(root.get(name)) for name in ("width", "height"))
    style: Any = {"pdf.fonttype": 42, "font.family": _families(), "text.parse_math": False}
    with _ONE_AT_A_TIME, rc_context(style):
        figure = Figure(figsize=(width / _INCH, height / _INCH))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        for place, element in enumerate(root):
            draw = _DRAW[element.tag.removeprefix(_SVG)]
            size = float(element.get("font-size", root.get("font-size", "12")))
            draw(axes, {**element.attrib, "font-size": str(size)}, element.text or "", place)
        file = BytesIO()
        about = {"Title": title, "Creator": None, "Producer": None, "CreationDate": None}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            figure.savefig(file, format="pdf", metadata=about)
    return file.getvalue()


@lru_cache(maxsize=1)
def _families() -> list[str]:
    """DejaVu Sans, and what is installed for letters that it lacks."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in installed)]


def _line(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401, ARG001
    ends = [float(given[name]) for name in ("x1", "x2", "y1", "y2")]
    axes.plot(ends[:2], ends[2:], **_stroke(given), zorder=order)


def _polyline(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401, ARG001
    corners = [tuple(map(float, pair.split(","))) for pair in given["points"].split()]
    x, y = zip(*corners, strict=True)
    axes.plot(x, y, **_stroke(given), zorder=order, solid_joinstyle="miter")


def _stroke(given: Given) -> dict[str, Any]:
    width = float(given.get("stroke-width", 1)) * _POINTS
    dashes = [float(one) * _POINTS / width for one in given.get("stroke-dasharray", "").split()]
    style = (0, dashes) if dashes else "solid"
    return {"color": given["stroke"], "linewidth": width, "linestyle": style,
            "solid_capstyle": "butt"}  # fmt: skip


def _rect(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401, ARG001
    from matplotlib.patches import Rectangle

    place = float(given["x"]), float(given["y"])
    size = float(given["width"]), float(given["height"])
    axes.add_patch(Rectangle(place, *size, **_area(given), zorder=order))


def _circle(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401, ARG001
    from matplotlib.patches import Circle

    place = float(given["cx"]), float(given["cy"])
    axes.add_patch(Circle(place, float(given["r"]), **_area(given), zorder=order))


def _path(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401, ARG001
    from matplotlib.patches import Polygon

    pairs = given["d"].removeprefix("M").removesuffix("Z").split("L")
    corners = [tuple(map(float, pair.split())) for pair in pairs]
    axes.add_patch(Polygon(corners, closed=True, **_area(given), zorder=order))


def _area(given: Given) -> dict[str, Any]:
    return {
        "facecolor": given.get("fill", "black"),
        "edgecolor": given.get("stroke", "none"),
        "linewidth": float(given.get("stroke-width", 1)) * _POINTS if "stroke" in given else 0.0,
        "alpha": float(given["fill-opacity"]) if "fill-opacity" in given else None,
    }


def _text(axes: Any, given: Given, text: str, order: int) -> None:  # noqa: ANN401
    x, y = float(given["x"]), float(given["y"])
    is_turned = given.get("transform") == "rotate(-90)"
    axes.text(
        *((y, -x) if is_turned else (x, y)),
        text,
        rotation=90 if is_turned else 0,
        rotation_mode="anchor",
        color=given["fill"],
        fontsize=float(given["font-size"]) * _POINTS * _LETTERS,
        fontweight="bold" if "font-weight" in given else "normal",
        ha=_SIDES[given.get("text-anchor", "start")],
        va="baseline",
        zorder=order,
    )


_DRAW: dict[str, Callable[[Any, Given, str, int], None]] = {
    "line": _line,
    "polyline": _polyline,
    "rect": _rect,
    "circle": _circle,
    "path": _path,
    "text": _text,
}
