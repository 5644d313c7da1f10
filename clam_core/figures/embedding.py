"""The map of a cohort: a point per scan, coloured by cluster, by levels or by numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.figures.density import add_density
from clam_core.figures.described import Described, letters
from clam_core.figures.map_points import Marks, Sheet, add_points, add_ring
from clam_core.figures.palette import CLUSTER_COLORS, UNSELECTED, cluster_color, cluster_symbol

MOST_POINTS = 100_000
MOST_WITHOUT_WEBGL = 2_000
"""So many points browsers can draw as shapes of the page."""
MOST_LEVELS = len(CLUSTER_COLORS)
NO_VALUE, OTHER = "no value", "other"
_SEED = 0


@dataclass(frozen=True, eq=False)
class ColorBy:
    """What the colours mean.

    Attributes:
        title: Name with its unit, from a table or ours.
        values: One per scan of the map; None colours by cluster.
        labels: What clusters are called, by number.
    """

    title: str = "cluster"
    values: pd.Series[Any] | None = None
    labels: Mapping[int, str] = field(default_factory=dict)

    def of_cluster(self, number: int) -> str:
        """What a cluster is called."""
        return self.labels.get(number, f"Cluster {number}")


def draw_map(
    points: pd.DataFrame,
    color: ColorBy,
    marks: Marks | None = None,
    *,
    with_density: bool = False,
    has_webgl: bool = True,
) -> Described:
    """Draw the map.

    Args:
        points: Indexed by scan_id: x, y, cluster (from 1) and card, the text beside the
            pointer as `cards` makes it.
        color: What the colours mean.
        marks: What is open and what is selected.
        with_density: Whether lines show where many scans lie, of all and not of a sample.
        has_webgl: Whether the browser can draw with WebGL, as far as is known.

    Returns:
        The figure; every point carries its scan_id in `customdata`. Above `most_points`
        scans it shows a sample, stratified by cluster, and the sentence says so.
    """
    import plotly.graph_objects as go

    marks = marks or Marks()
    n_scans = len(points)
    n_most = most_points(has_webgl=has_webgl)
    shown = points.iloc[sample_rows(points["cluster"].to_numpy(), n_most)]
    kept = {*(marks.selection or ()), *filter(None, [marks.scan])}
    if n_scans > n_most:
        wanted = shown.index.union(points.index.intersection(list(kept)), sort=False)
        shown = points.loc[wanted]
    figure = go.Figure()
    # With WebGL a click means the nearest point; without, the first of those that it touches.
    sheet = Sheet(figure, marks, len(shown), "scattergl" if has_webgl else "scatter")
    if with_density:
        add_density(figure, points)
    if color.values is None:
        counts = _by_cluster(sheet, shown, color)
    elif pd.api.types.is_numeric_dtype(color.values):
        counts = _by_number(sheet, shown, color)
    else:
        counts = _by_level(sheet, shown, color)
    if marks.scan in shown.index and marks.selection is not None:
        add_ring(sheet, shown.loc[[marks.scan]])
    _lay_out(figure)
    return Described(figure, _sentence(n_scans, len(shown), color.title, counts))


def most_points(*, has_webgl: bool) -> int:
    """How many points are drawn at most; of more scans a sample is shown."""
    return MOST_POINTS if has_webgl else MOST_WITHOUT_WEBGL


def sample_rows(clusters: NDArray[np.integer], n_most: int, seed: int = _SEED) -> NDArray[np.intp]:
    """Rows of a sample that has clusters in their shares, in order; all rows if they are few.

    Args:
        clusters: Cluster of each scan.
        n_most: Rows at most; each cluster keeps one at least.
        seed: The sample follows from it.
    """
    if len(clusters) <= n_most:
        return np.arange(len(clusters))
    random = np.random.default_rng(seed)
    kept = []
    for number in np.unique(clusters):
        own = np.flatnonzero(clusters == number)
        n_kept = max(1, int(len(own) * n_most / len(clusters)))
        kept.append(random.choice(own, n_kept, replace=False))
    return np.sort(np.concatenate(kept))


def cards(values: Mapping[str, pd.Series[Any]]) -> list[str]:
    """Text beside the pointer for every scan, letter by letter as in the tables.

    Args:
        values: Texts by their name, all indexed by scan_id in the same order; an empty
            text is left out.
    """
    columns = [
        (f"{letters(name)} " if name else "", series.tolist()) for name, series in values.items()
    ]
    ids = next(iter(values.values())).index.tolist()
    lines = [f"<b>{letters(str(scan_id))}</b>" for scan_id in ids]
    for name, texts in columns:
        lines = [
            f"{card}<br>{name}{letters(text)}" if text else card
            for card, text in zip(lines, texts, strict=True)
        ]
    return lines


def _by_cluster(sheet: Sheet, shown: pd.DataFrame, color: ColorBy) -> dict[str, int]:
    counts = {}
    for number, part in _clusters(shown):
        name = color.of_cluster(number)
        counts[name] = len(part)
        style = {"color": cluster_color(number), "symbol": cluster_symbol(number)}
        add_points(sheet, part, f"{name} ({len(part)})", style)
    return counts


def _clusters(shown: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Number and scans of every cluster that has any."""
    clusters = shown["cluster"].to_numpy()
    for number in np.unique(clusters).tolist():
        yield int(number), shown[clusters == number]


def _by_level(sheet: Sheet, shown: pd.DataFrame, color: ColorBy) -> dict[str, int]:
    assert color.values is not None  # noqa: S101
    levels = _few_levels(color.values.reindex(shown.index))
    counts = {}
    for place, name in enumerate(levels.cat.categories, start=1):
        part = shown[(levels == name).to_numpy()]
        if part.empty:
            continue
        counts[str(name)] = len(part)
        style = {"color": cluster_color(place), "symbol": cluster_symbol(place)}
        if name in {NO_VALUE, OTHER}:
            style = {"color": UNSELECTED, "symbol": "circle-open"}
        add_points(sheet, part, f"{name} ({len(part)})", style)
    return counts


def _few_levels(values: pd.Series[Any]) -> pd.Series[Any]:
    """Levels in their order, rare ones beyond the palette as `other`, missing as `no value`."""
    known = values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category")
    names = [str(one) for one in known.cat.categories]
    codes = known.cat.codes.to_numpy()
    if len(names) > MOST_LEVELS:
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        common = set(np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1].tolist())
    else:
        common = set(range(len(names)))
    texts = [NO_VALUE if code < 0 else names[code] if code in common else OTHER for code in codes]
    order = [names[code] for code in sorted(common)]
    order += [name for name in (OTHER, NO_VALUE) if name not in order]
    return pd.Series(pd.Categorical(texts, order), index=values.index)


def _by_number(sheet: Sheet, shown: pd.DataFrame, color: ColorBy) -> dict[str, int]:
    assert color.values is not None  # noqa: S101
    values = color.values.reindex(shown.index).astype(float)
    values = values.where(np.isfinite(values))
    counts = {}
    missing = values.isna().to_numpy()
    if missing.any():
        counts[NO_VALUE] = int(missing.sum())
        style = {"color": UNSELECTED, "symbol": "circle-open"}
        add_points(sheet, shown[missing], f"{NO_VALUE} ({counts[NO_VALUE]})", style)
    for number, part in _clusters(shown[~missing]):
        name = color.of_cluster(number)
        counts[name] = len(part)
        numbers: dict[str, Any] = {
            "color": values[part.index].to_numpy(),
            "symbol": cluster_symbol(number),
            "coloraxis": "coloraxis",
        }
        add_points(sheet, part, f"{name} ({len(part)})", numbers)
    sheet.figure.update_layout(
        coloraxis={
            "colorscale": "Viridis",
            "colorbar": {"title": {"text": letters(color.title)}, "thickness": 14},
        }
    )
    return counts


def _lay_out(figure: Any) -> None:  # noqa: ANN401
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "title": None}
    figure.update_layout(
        height=560,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        dragmode="pan",
        hovermode="closest",
        # One name for all drawings: the browser keeps zoom and place when colours change.
        uirevision="map",
        showlegend=True,
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        xaxis=bare,
        yaxis=bare,
    )


def _sentence(n_scans: int, n_shown: int, title: str, counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    said = f"Map of {n_scans:,} scans coloured by {title}: {listed}."
    if n_shown < n_scans:
        said += (
            f" It shows {n_shown:,} of {n_scans:,} scans, drawn at random so that every cluster "
            "keeps its share."
        )
    return said
