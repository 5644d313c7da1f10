"""All variables in one picture: forest plot of effects, volcano of effect against p."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.described import Described, letters

DIFFERENT, NOT_DIFFERENT = "#0072B2", "#8C8C8C"
"""Blue and grey: told apart by everybody, also in print; filled and open besides."""

LEVEL = 0.05
STRENGTH = "Strength of the association (0 none, 1 strongest)"
_ROW, _MARGIN, _MOST_ROWS = 22, 100, 40
_FROM_EACH_OTHER = (0.12, 0.05)
_LEGEND = {True: "differs after correction", False: "not shown to differ"}


def forest_plot(effects: pd.DataFrame, *, signed: bool) -> Described:
    """Effects with their intervals, a row per variable, families below each other.

    Args:
        effects: variable, label, family, strength, low, high, p_adjusted.
        signed: Whether there are two clusters, so that an effect has a direction.

    Returns:
        The figure; points carry the name of their variable in `customdata`.
    """
    import plotly.graph_objects as go

    table = _by_family(_strongest(effects))
    figure = go.Figure()
    names = [str(one) for one in table["label"]]
    places = list(range(len(table)))
    different_from = table["p_adjusted"] < LEVEL
    for different in (True, False):
        part = table.assign(place=places)[different_from == different]
        _add_effects(figure, part, different=different)
    _family_lines(figure, table)
    figure.add_vline(x=0, line={"width": 1, "color": NOT_DIFFERENT})
    title = f"{STRENGTH}; right: more in cluster {{}}" if signed else STRENGTH
    figure.update_layout(
        height=_MARGIN + _ROW * max(4, len(table)),
        margin={"l": 10, "r": 150, "t": 30, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"title": title.format("1, left: in the other"),
               "range": [-1.02, 1.02] if signed else [-0.02, 1.02]},
        yaxis={"tickvals": places, "ticktext": [letters(one) for one in names],
               "range": [len(table) - 0.3, -0.7], "zeroline": False},
    )  # fmt: skip
    return Described(figure, _forest_words(table, len(effects)))


def _add_effects(figure: Any, part: pd.DataFrame, *, different: bool) -> None:  # noqa: ANN401
    """Points with their intervals, filled where the variable differs after correction."""
    color = DIFFERENT if different else NOT_DIFFERENT
    figure.add_scatter(
        x=part["strength"],
        y=part["place"],
        mode="markers",
        name=_LEGEND[different],
        customdata=part[["variable", "family", "low", "high", "p_adjusted"]],
        hovertemplate="%{text}<br>%{x:.2f} (%{customdata[2]:.2f} to %{customdata[3]:.2f})"
        "<br>corrected p %{customdata[4]:.3g}<extra>%{customdata[1]}</extra>",
        text=[letters(one) for one in part["label"]],
        marker={"color": color, "size": 9, "symbol": "circle" if different else "circle-open"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": part["high"] - part["strength"],
            "arrayminus": part["strength"] - part["low"],
            "color": color,
            "thickness": 1.5,
            "width": 3,
        },
    )


def _strongest(effects: pd.DataFrame) -> pd.DataFrame:
    """All that differ, and of the others the strongest, as far as a page can hold them."""
    order = effects.assign(
        different=effects["p_adjusted"] < LEVEL, size=effects["strength"].abs()
    ).sort_values(["different", "size"], ascending=False, kind="stable")
    n_shown = max(_MOST_ROWS, int(order["different"].sum()))
    return effects.loc[order.index[:n_shown]]


def _by_family(effects: pd.DataFrame) -> pd.DataFrame:
    """Families with the strongest effect first, in each the strongest variable first."""
    size = effects["strength"].abs()
    table = effects.assign(size=size, top=size.groupby(effects["family"]).transform("max"))
    order = ["top", "family", "size"]
    return table.sort_values(order, ascending=[False, True, False], ignore_index=True)


def _family_lines(figure: Any, table: pd.DataFrame) -> None:  # noqa: ANN401
    """A line above every family but the first, its name at the right."""
    for family, part in table.groupby("family", sort=False):
        first = int(part.index[0])
        if first:
            figure.add_hline(y=first - 0.5, line={"width": 1, "color": "#BBBBBB", "dash": "dot"})
        figure.add_annotation(
            x=1.0, xref="paper", xanchor="left", y=first, text=letters(str(family)),
            showarrow=False, font={"size": 11},
        )  # fmt: skip


def _forest_words(table: pd.DataFrame, n_all: int) -> str:
    if table.empty:
        return "No variable could be tested, so there is no effect to show."
    best = table.loc[int(np.argmax(table["size"]))]
    n, left = int((table["p_adjusted"] < LEVEL).sum()), n_all - len(table)
    more = f" The {left} weakest of those not shown to differ are left out here." if left else ""
    return (
        f"Effect sizes of {len(table)} variables with their intervals; {n} differ between clusters "
        f"after correction (filled). The strongest is {best['label']} ({best['strength']:.2f}, "
        f"interval {best['low']:.2f} to {best['high']:.2f}).{more}"
    )


def volcano(effects: pd.DataFrame) -> Described:
    """Effect of every variable against its corrected p-value.

    Args:
        effects: variable, label, family, strength, low, high, p_adjusted.

    Returns:
        The figure; points carry the name of their variable in `customdata`.
    """
    import plotly.graph_objects as go

    table = effects.assign(
        strength=effects["strength"].abs(),
        height=-np.log10(effects["p_adjusted"].clip(lower=1e-16)),
    )
    named = _apart(table)
    figure = go.Figure()
    for different in (True, False):
        part = table[(table["p_adjusted"] < LEVEL) == different]
        shown = part["variable"].isin(named) & different
        figure.add_scatter(
            x=part["strength"],
            y=part["height"],
            mode="markers+text",
            name=_LEGEND[different],
            text=[letters(n) if s else "" for n, s in zip(part["label"], shown, strict=True)],
            textposition="top center",
            customdata=part[["variable", "label"]].map(lambda text: letters(str(text))),
            hovertemplate="%{customdata[1]}<br>%{x:.2f}<extra></extra>",
            marker={
                "color": DIFFERENT if different else NOT_DIFFERENT,
                "symbol": "circle" if different else "circle-open",
                "size": 9,
            },
        )
    figure.add_hline(y=-np.log10(LEVEL), line={"dash": "dash", "width": 1, "color": NOT_DIFFERENT})
    figure.update_layout(
        height=420,
        margin={"l": 10, "r": 10, "t": 30, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"title": STRENGTH},
        yaxis={"title": "Evidence (−log10 of corrected p)", "rangemode": "tozero"},
    )
    n = int((table["p_adjusted"] < LEVEL).sum())
    return Described(
        figure,
        f"Each point is a variable: further right is a stronger association, higher is more "
        f"evidence. {n} of {len(table)} lie above the dashed line (corrected p below 0.05).",
    )


def _apart(table: pd.DataFrame) -> set[str]:
    """Variables whose names do not cover each other, the highest points first.

    Args:
        table: variable, strength, height.
    """
    reach = max(float(table["height"].max()), 1.0)
    kept: list[tuple[float, float]] = []
    named: set[str] = set()
    for row in table.sort_values("height", ascending=False).to_dict("records"):
        place = (float(row["strength"]), float(row["height"]) / reach)
        near = (
            abs(place[0] - x) < _FROM_EACH_OTHER[0] and abs(place[1] - y) < _FROM_EACH_OTHER[1]
            for x, y in kept
        )
        if not any(near):
            kept.append(place)
            named.add(str(row["variable"]))
    return named
