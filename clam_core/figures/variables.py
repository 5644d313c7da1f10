"""One variable by cluster: points with a box or a violin, or stacked bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.described import Described, letters
from clam_core.figures.palette import channels, cluster_color, cluster_symbol

LEVEL_COLORS = (
    "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#F0E442", "#999999",
)  # fmt: skip
"""Okabe & Ito (2008), told apart by people with any colour vision."""

_ORDERED_LOW, _ORDERED_HIGH = (253, 231, 188), (94, 17, 92)
_ENOUGH_FOR_VIOLIN = 15
_SEED = 0


def plot_numbers(values: pd.Series[Any], clusters: pd.Series[Any], title: str) -> Described:
    """Every value as a point, with a violin where a cluster has enough of them, else a box.

    Args:
        values: Numbers, indexed by scan_id.
        clusters: Cluster of each, from 1, same index.
        title: Name of the variable with its unit.

    Returns:
        The figure; points carry their scan_id in `customdata`.
    """
    import plotly.graph_objects as go

    random = np.random.default_rng(_SEED)
    figure = go.Figure()
    medians = []
    for place, number in enumerate(sorted(clusters.unique())):
        part = values[clusters == number].dropna()
        if part.empty:
            continue
        color, name = cluster_color(number), f"Cluster {number} (n = {len(part)})"
        common: dict[str, Any] = {
            "y": part, "x0": place, "name": name, "line": {"color": color}, "hoverinfo": "skip",
            "showlegend": False, "fillcolor": faint(color),
        }  # fmt: skip
        if len(part) >= _ENOUGH_FOR_VIOLIN:
            figure.add_violin(**common, box_visible=True, points=False, width=0.8, spanmode="hard")
        else:
            figure.add_box(**common, boxpoints=False, width=0.5)
        figure.add_scatter(
            x=place + random.uniform(-0.12, 0.12, len(part)),
            y=part,
            mode="markers",
            name=name,
            customdata=part.index,
            hovertemplate="%{customdata}: %{y}<extra></extra>",
            marker={
                "color": color,
                "symbol": cluster_symbol(number),
                "size": 8,
                "line": {"width": 0.8, "color": "#FFFFFF"},
            },
        )
        medians.append(f"{part.median():.3g} in cluster {number}")
    _axes(figure, sorted(clusters.unique()), values, clusters)
    figure.update_yaxes(title=letters(title))
    return Described(figure, f"{title} by cluster; median {', '.join(medians)}.")


def plot_levels(
    values: pd.Series[Any], clusters: pd.Series[Any], title: str, *, ordered: bool = False
) -> Described:
    """Share of each level in each cluster as stacked bars.

    Args:
        values: Categories, ordered or not, indexed by scan_id.
        clusters: Cluster of each, from 1, same index.
        title: Name of the variable.
        ordered: Whether the levels have an order, also where their categories do not say so.

    Returns:
        The figure.
    """
    import plotly.graph_objects as go

    known = values.dropna()
    if pd.api.types.is_float_dtype(known) and (known == known.round()).all():
        # Gaps made whole numbers floats; a level is called 1, not 1.0.
        known = known.astype(np.int64)
    known = known.astype("category").cat.remove_unused_categories()
    counts = pd.crosstab(clusters[known.index], known)
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)
    colors = _level_colors(len(counts.columns), ordered=ordered or bool(known.cat.ordered))
    figure = go.Figure()
    for level, color in zip(counts.columns, colors, strict=True):
        figure.add_bar(
            x=[f"Cluster {number} (n = {counts.loc[number].sum()})" for number in counts.index],
            y=shares[level],
            name=letters(str(level)),
            marker={"color": color, "line": {"width": 0.5, "color": "#FFFFFF"}},
            text=[f"{n}" if n else "" for n in counts[level]],
            customdata=counts[level],
            hovertemplate="%{fullData.name}: %{customdata} (%{y:.0f} %)<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=380,
        margin={"l": 10, "r": 10, "t": 30, "b": 30},
        yaxis={"title": f"{letters(title)}: share of known values (%)", "range": [0, 100]},
        legend={"traceorder": "reversed"},
    )
    most = ", ".join(
        f"{counts.columns[int(np.argmax(row))]} in cluster {number}"
        for number, row in zip(counts.index, counts.to_numpy(), strict=True)
    )
    return Described(figure, f"{title} by cluster; the most frequent level is {most}.")


def faint(color: str) -> str:
    """The same color, mostly transparent."""
    red, green, blue = channels(color)
    return f"rgba({red},{green},{blue},0.18)"


def _axes(
    figure: Any,  # noqa: ANN401
    numbers: Sequence[int],
    values: pd.Series[Any],
    clusters: pd.Series[Any],
) -> None:
    sizes = values.notna().groupby(clusters).sum()
    names = [f"Cluster {number} (n = {int(sizes[number])})" for number in numbers]
    figure.update_layout(
        height=380,
        margin={"l": 10, "r": 10, "t": 30, "b": 30},
        showlegend=False,
        xaxis={"tickvals": list(range(len(numbers))), "ticktext": names, "zeroline": False},
    )


def _level_colors(n: int, *, ordered: bool) -> list[str]:
    if not ordered:
        return [LEVEL_COLORS[i % len(LEVEL_COLORS)] for i in range(n)]
    steps = np.linspace(0, 1, n)[:, None]
    mixed = np.array(_ORDERED_LOW) * (1 - steps) + np.array(_ORDERED_HIGH) * steps
    return [f"rgb({r},{g},{b})" for r, g, b in mixed.round().astype(int)]
