"""Points of the map of a cohort: one trace for those that look alike, and a ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.described import letters
from clam_core.figures.palette import UNSELECTED, greyed

_RING = "#E6007E"


@dataclass(frozen=True)
class Marks:
    """What is marked on the map.

    Attributes:
        scan: The scan that is open: ringed beside a selection, else marked as if selected.
        selection: Scans that are selected; the others turn grey. None where nothing is.
    """

    scan: str | None = None
    selection: frozenset[str] | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """What points are drawn on, and how.

    Attributes:
        figure: A figure of plotly.
        marks: What is open and what is selected.
        n_shown: Points of all traces.
        kind: Type of the traces: `scatter`, or `scattergl`, which needs WebGL.
    """

    figure: Any
    marks: Marks
    n_shown: int
    kind: str

    @property
    def size(self) -> int:
        """Of a point, in pixels."""
        n = self.n_shown
        return 11 if n <= 300 else 7 if n <= 3000 else 5 if n <= 20_000 else 3


def add_points(sheet: Sheet, part: pd.DataFrame, name: str, style: dict[str, Any]) -> None:
    """One trace of points that look alike.

    Args:
        sheet: What they are drawn on.
        part: x, y and card of each, indexed by scan_id.
        name: In the legend.
        style: Colour and symbol, as plotly has them.
    """
    size, marks = sheet.size, sheet.marks
    plain_color = style["color"] if isinstance(style["color"], str) else UNSELECTED
    chosen, marked = None, marks.selection
    if marked is None and marks.scan is not None:
        marked = frozenset({marks.scan})  # as the browser marks a point that was clicked
    if marked is not None:
        chosen = np.flatnonzero(part.index.isin(list(marked))).tolist()
    trace = {
        "type": sheet.kind,
        "x": part["x"].to_numpy(dtype=np.float32),
        "y": part["y"].to_numpy(dtype=np.float32),
        "mode": "markers",
        "name": letters(name),
        "customdata": part.index.tolist(),
        "text": part["card"].tolist(),
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {**style, "size": size, "line": {"width": 0}},
        "selected": {"marker": {"opacity": 1.0, "size": size + 3}},
        "unselected": {"marker": {"opacity": 0.5, "color": greyed(plain_color)}},
        "selectedpoints": chosen,
    }
    sheet.figure.add_trace(trace)


def add_ring(sheet: Sheet, point: pd.DataFrame) -> None:
    """A ring around the scan that is open.

    Args:
        sheet: What it is drawn on.
        point: Its row: x and y.
    """
    line = {"symbol": "circle-open", "size": sheet.size + 10, "color": _RING, "line": {"width": 3}}
    trace = {
        "type": sheet.kind,
        "x": point["x"],
        "y": point["y"],
        "mode": "markers",
        "hoverinfo": "skip",
        "name": "open scan",
        "marker": line,
        "unselected": {"marker": {"opacity": 1.0}},
    }
    sheet.figure.add_trace(trace)
