"""Curves of a training, and indices of numbers of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clam_core.settings.verdicts import speaks

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_PHASES = {"pretrain": "learning to give back the scans", "refine": "sharpening the clusters"}
_CURVES = {"reconstruction": ("#0072B2", "solid"), "clustering": ("#D55E00", "dash")}
_INDICES = {
    "silhouette": "silhouette (separation)",
    "jaccard": "stability (Jaccard index)",
    "methods_ari": "agreement of methods",
    "valley": "density between clusters (low is good)",
}
_COLORS = ("#0072B2", "#009E73", "#CC79A7", "#D55E00")
_LINE = "#8C8C8C"
"""Seen on white and on black."""
_SYMBOLS = ("circle", "square", "diamond", "x")


def training_curves(history: Sequence[dict[str, Any]]) -> Figure:
    """Loss by epoch, one line per part of the loss and phase.

    Args:
        history: Rows of the training log: phase, epoch, reconstruction, clustering.

    Returns:
        A figure; epochs of the second phase follow those of the first.
    """
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    begin = 0
    for phase, words in _PHASES.items():
        rows = [row for row in history if row.get("phase") == phase]
        for name, (color, dash) in _CURVES.items():
            points = [
                (begin + row["epoch"], row[name]) for row in rows if row.get(name) is not None
            ]
            if points:
                x, y = zip(*points, strict=True)
                line = {"color": color, "dash": dash if phase == "pretrain" else "dot"}
                figure.add_trace(
                    Scatter(x=x, y=y, name=f"{name}: {words}", line=line, mode="lines")
                )
        begin += max((int(row["epoch"]) for row in rows), default=0)
    return _arrange(figure, "epoch (pass over all scans)", "loss (lower is better)")


def number_indices(
    rows: Sequence[dict[str, Any]], recommended: int | None, method: str | None = None
) -> Figure:
    """What speaks for each number of clusters.

    Args:
        rows: Of the comparison; see `selection.NumberRow`.
        recommended: The number that is recommended, or None.
        method: The clusterer that was judged.

    Returns:
        A figure with one line per index, all between 0 and 1 or nearly so.
    """
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    numbers = [row["n_clusters"] for row in rows]
    for (name, words), color, symbol in zip(_INDICES.items(), _COLORS, _SYMBOLS, strict=True):
        if not speaks(name, method):
            continue
        values = [row.get(name) for row in rows]
        figure.add_trace(
            Scatter(
                x=numbers,
                y=values,
                name=words,
                mode="lines+markers",
                line={"color": color},
                marker={"symbol": symbol, "size": 9},
            )
        )
    if recommended is not None:
        figure.add_vline(
            x=recommended, line={"dash": "dot", "color": _LINE}, annotation_text="recommended"
        )
    figure.update_xaxes(dtick=1)
    return _arrange(figure, "number of clusters", "index")


def _arrange(figure: Figure, x: str, y: str) -> Figure:
    figure.update_layout(
        xaxis_title=x,
        yaxis_title=y,
        height=340,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": -0.3},
    )
    return figure
