"""Charts of where a map lies in the lungs, and in which densities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.figures.described import Described

SIDES, THIRDS = ("right", "left"), ("upper", "middle", "lower")
OUTSIDE = "outside the mask"
COLOR = "217, 95, 14"
"""The orange of the overlays, as red, green, blue."""
INK = "#111111"
"""Letters on the orange, at a contrast of 5 at least."""

RANGES = {
    "emphysema": "below −950 HU",
    "normal lung": "−950 to −700",
    "ground glass": "−700 to −500",
    "dense ground glass": "−500 to −300",
    "consolidation": "above −300",
}


def zone_drawing(shares: pd.Series[float], cluster: int, darkest: float) -> Described:
    """Two lungs in thirds, the more orange the larger the share of the map.

    Args:
        shares: Share of the map's energy by zone, such as `right upper`.
        cluster: Whose maps they are, from 1.
        darkest: Share that is drawn in full orange; the same for all clusters.

    Returns:
        The drawing as a radiologist looks at it: the patient's right on the left.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for side in SIDES:
        for number, third in enumerate(THIRDS):
            share = float(shares.get(f"{side} {third}", 0.0))
            _add_zone(figure, (side, third), share, (2 - number) / 3, share / max(darkest, 1e-9))
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        height=230,
        margin={"l": 0, "r": 0, "t": 8, "b": 8},
        showlegend=False,
        xaxis={**hidden, "range": [-1.15, 1.15]},
        yaxis={**hidden, "range": [-0.03, 1.1], "scaleanchor": "x", "scaleratio": 1.5},
    )
    for x, letter in ((-1.05, "R"), (1.05, "L")):
        figure.add_annotation(x=x, y=1.03, text=letter, showarrow=False)
    return Described(figure, _sentence(shares, cluster, "zone"))


def density_bars(shares: pd.Series[float], cluster: int, longest: float) -> Described:
    """Bars of the densities in which the map lies.

    Args:
        shares: Share of the map's energy by density.
        cluster: Whose maps they are, from 1.
        longest: Largest share of any cluster; all charts reach as far.

    Returns:
        The chart.
    """
    import plotly.graph_objects as go

    inside = shares.drop(OUTSIDE, errors="ignore")
    names = [f"{name}<br>{RANGES[name]}" if name in RANGES else name for name in inside.index]
    figure = go.Figure(
        go.Bar(
            x=inside.to_numpy(),
            y=names,
            orientation="h",
            marker={"color": f"rgb({COLOR})"},
            text=[_percent(share) for share in inside],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_layout(
        height=250,
        margin={"l": 0, "r": 30, "t": 8, "b": 0},
        xaxis={"range": [0, longest * 1.15], "visible": False, "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "automargin": True},
    )
    return Described(figure, _sentence(inside, cluster, "density"))


def has_sides(shares: pd.DataFrame) -> bool:
    """Whether the masks have a left and a right lung."""
    return all(f"{side} {third}" in shares.index for side in SIDES for third in THIRDS)


def _add_zone(
    figure: Any,  # noqa: ANN401
    where: tuple[str, str],
    share: float,
    low: float,
    strength: float,
) -> None:
    x, y = _outline(where[0], low)
    figure.add_scatter(
        x=x,
        y=y,
        fill="toself",
        mode="lines",
        fillcolor=_orange(strength),
        line={"color": "#808080", "width": 1.5},
        hoverinfo="text",
        text=f"{' '.join(where)}: {share:.1%}",
    )
    figure.add_annotation(
        x=float(np.mean([x.min(), x.max()])),
        y=low + 1 / 6,
        text=_percent(share),
        showarrow=False,
        font={"color": INK},
    )


def _orange(strength: float) -> str:
    """From white to orange; opaque, so that letters in `INK` are read on any page."""
    share = float(np.clip(strength, 0.04, 1))
    mixed = (round(255 - share * (255 - int(part))) for part in COLOR.split(","))
    return f"rgb({', '.join(map(str, mixed))})"


def _outline(side: str, low: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the third of a lung that begins at a height between 0 and 1."""
    heights = np.linspace(low, low + 1 / 3, 25)
    wide = np.sqrt(np.clip(1 - np.clip((heights - 0.3) / 0.7, 0, 1) ** 2, 0.03, 1))
    lateral = 0.14 + 0.76 * wide - 0.06 * np.clip(0.15 - heights, 0, 1) / 0.15
    medial = 0.14 + 0.16 * np.clip(0.35 - heights, 0, 1)  # the dome of the diaphragm
    x = np.concatenate([lateral, medial[::-1], lateral[:1]])
    y = np.concatenate([heights, heights[::-1], heights[:1]])
    return (-x if side == "right" else x), y


def _sentence(shares: pd.Series[float], cluster: int, what: str) -> str:
    inside = shares.drop(OUTSIDE, errors="ignore")
    if inside.empty or not inside.max() > 0:
        return f"Maps of cluster {cluster}: nothing inside the mask."
    named = ", ".join(f"{name} {_percent(share)}" for name, share in inside.items())
    most = str(inside.idxmax())
    return f"Maps of cluster {cluster} by {what}: most in {most} ({named})."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
