"""Follow-up: Kaplan-Meier curves with numbers at risk, cumulative incidence, slopes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.figures.described import Described, letters
from clam_core.figures.palette import cluster_color, cluster_symbol
from clam_core.figures.variables import faint

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def survival_curves(curves: pd.DataFrame, at_risk: pd.DataFrame, time: str) -> Described:
    """Kaplan-Meier curves with 95 % bands, and below them how many are still at risk.

    Args:
        curves: cluster, time, survival, ci_low, ci_high.
        at_risk: cluster, then one column per time.
        time: Name of the time with its unit.

    Returns:
        The figure.
    """
    from plotly.subplots import make_subplots

    ticks = [float(name) for name in at_risk.columns if name != "cluster"]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.08
    )
    ends = []
    for place, (number, part) in enumerate(curves.groupby("cluster")):
        _curve(figure, int(str(number)), part, ticks[-1], place)
        last = part.iloc[-1]
        ends.append(f"{100 * last['survival']:.0f} % in cluster {number}")
    rows = list(range(len(at_risk)))
    for row, (_, counts) in zip(rows, at_risk.iterrows(), strict=True):
        figure.add_scatter(
            x=ticks, y=[row] * len(ticks), mode="text", showlegend=False, hoverinfo="skip",
            text=[str(int(counts[name])) for name in at_risk.columns if name != "cluster"],
            row=2, col=1,
        )  # fmt: skip
    names = [f"Cluster {number}" for number in at_risk["cluster"]]
    figure.update_yaxes(title="Free of the event", range=[0, 1.02], tickformat=".0%", row=1, col=1)
    figure.update_yaxes(
        title="At risk", tickvals=rows, ticktext=names, range=[len(rows) - 0.5, -0.5],
        showgrid=False, zeroline=False, row=2, col=1,
    )  # fmt: skip
    figure.update_xaxes(tickvals=ticks)
    figure.update_xaxes(title=letters(time), row=2, col=1)
    figure.update_layout(
        height=480,
        margin={"l": 10, "r": 10, "t": 30, "b": 40},
        legend={"traceorder": "normal", "orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )
    return Described(
        figure,
        f"Kaplan-Meier curves with 95 % bands; at the end of follow-up {', '.join(ends)} were free "
        "of the event. The numbers below tell how many were still under observation.",
    )


def incidence_curves(curves: pd.DataFrame, time: str) -> Described:
    """Cumulative incidence of an event with 95 % bands.

    Args:
        curves: cluster, time, incidence, ci_low, ci_high.
        time: Name of the time with its unit.

    Returns:
        The figure.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=1)
    end, ends = float(curves["time"].max()), []
    for place, (number, part) in enumerate(curves.groupby("cluster")):
        shown = part.rename(columns={"incidence": "survival"})
        _curve(figure, int(str(number)), shown, end, place)
        ends.append(f"{100 * part['incidence'].iloc[-1]:.0f} % in cluster {number}")
    figure.update_yaxes(title="Have had the event", rangemode="tozero", tickformat=".0%")
    figure.update_xaxes(title=letters(time))
    figure.update_layout(
        height=380,
        margin={"l": 10, "r": 10, "t": 30, "b": 40},
        legend={"traceorder": "normal", "orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )
    return Described(
        figure,
        f"Cumulative incidence with 95 % bands; by the end {', '.join(ends)} have had the event.",
    )


def _curve(figure: Any, number: int, part: pd.DataFrame, end: float, place: int) -> None:  # noqa: ANN401
    """Steps of one cluster to the end of its follow-up, and its band."""
    color = cluster_color(number)
    part = part.sort_values("time")
    x = [*part["time"], end]
    y, low, high = ([*part[name].ffill(), part[name].ffill().iloc[-1]]
                    for name in ("survival", "ci_low", "ci_high"))  # fmt: skip
    step = {"shape": "hv", "color": color}
    hidden = {**step, "width": 0}
    # `tonexty` fills to the trace before, so that the lower end has to come first.
    figure.add_scatter(x=x, y=low, mode="lines", line=hidden, showlegend=False, hoverinfo="skip",
                       row=1, col=1)  # fmt: skip
    figure.add_scatter(
        x=x, y=high, mode="lines", line=hidden, fill="tonexty", showlegend=False,
        hoverinfo="skip", opacity=0.2, fillcolor=faint(color), row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=y, mode="lines", name=f"Cluster {number}",
        line={**step, "width": 2, "dash": _DASHES[place % len(_DASHES)]},
        hovertemplate="%{x:.3g}: %{y:.0%}", row=1, col=1,
    )  # fmt: skip


def slope_plot(slopes: pd.DataFrame, name: str, unit: str) -> Described:
    """Change per unit of time in each cluster, with 95 % intervals.

    Args:
        slopes: cluster, slope, ci_low, ci_high, n_subjects.
        name: Name of the value.
        unit: Unit of the time.

    Returns:
        The figure.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for row in slopes.to_dict("records"):
        number = int(row["cluster"])
        figure.add_scatter(
            x=[row["slope"]], y=[f"Cluster {number} ({row['n_subjects']} subjects)"],
            mode="markers", showlegend=False,
            marker={"color": cluster_color(number), "symbol": cluster_symbol(number), "size": 11},
            error_x={"type": "data", "symmetric": False, "color": cluster_color(number),
                     "array": [row["ci_high"] - row["slope"]],
                     "arrayminus": [row["slope"] - row["ci_low"]]},
        )  # fmt: skip
    figure.add_vline(x=0, line={"width": 1, "color": "#8C8C8C"})
    figure.update_layout(
        height=120 + 40 * len(slopes), margin={"l": 10, "r": 10, "t": 20, "b": 40},
        xaxis={"title": f"Change of {letters(name)} per {letters(unit)}"},
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
    parts = ", ".join(
        f"{row['slope']:.2g} ({row['ci_low']:.2g} to {row['ci_high']:.2g}) in cluster "
        f"{int(row['cluster'])}"
        for row in slopes.to_dict("records")
    ).replace("-", "−")
    return Described(figure, f"{name} changes per {unit} by {parts}.")
