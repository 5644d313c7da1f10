"""Where a new scan falls among the scans of a run, and how sure its cluster is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.figures.palette import CLUSTER_COLORS, CLUSTER_SYMBOLS


def placed_figure(scans: pd.DataFrame, x: float, y: float) -> Any:  # noqa: ANN401
    """The plane of a run with a new scan on it.

    Args:
        scans: One row per scan of the run: cluster (from 1), x, y.
        x: Where the new scan falls.
        y: Where the new scan falls.

    Returns:
        A plotly figure: one trace per cluster, with its symbol, and the new scan.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for cluster, rows in scans.groupby("cluster"):
        number = int(str(cluster)) - 1
        figure.add_scatter(
            x=rows["x"],
            y=rows["y"],
            mode="markers",
            name=f"Cluster {cluster} ({len(rows)})",
            text=rows.index.astype(str),
            hovertemplate="%{text}<extra></extra>",
            marker={
                "color": CLUSTER_COLORS[number % len(CLUSTER_COLORS)],
                "symbol": CLUSTER_SYMBOLS[number % len(CLUSTER_SYMBOLS)],
                "size": 8,
                "opacity": 0.7,
            },
        )
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name="This scan",
        hovertemplate="This scan<extra></extra>",
        marker={"symbol": "star", "size": 20, "color": "#fff", "line": {"width": 2.5}},
    )
    for axis in (figure.update_xaxes, figure.update_yaxes):
        axis(visible=False)
    figure.update_yaxes(scaleanchor="x")
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=360)
    return figure


def sureness_figure(probabilities: list[float], names: list[str]) -> Any:  # noqa: ANN401
    """A bar for the probability of each cluster.

    Args:
        probabilities: Of each cluster, adding up to 1.
        names: Of each cluster.

    Returns:
        A plotly figure, the first cluster on top.
    """
    import plotly.graph_objects as go

    colors = [CLUSTER_COLORS[n % len(CLUSTER_COLORS)] for n in range(len(names))]
    bars = go.Bar(
        x=probabilities,
        y=names,
        orientation="h",
        marker={"color": colors},
        text=[f"{share:.0%}" for share in probabilities],
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="Probability")
    figure.update_yaxes(autorange="reversed")
    height = 90 + 34 * len(names)
    figure.update_layout(margin={"l": 0, "r": 10, "t": 0, "b": 0}, height=height)
    return figure
