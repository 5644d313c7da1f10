"""What the map shows: places, colours, the text beside the pointer; kept while nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import streamlit as st

from clam_core.embedding import pca_plane, trust
from clam_core.figures.described import Described
from clam_core.figures.embedding import ColorBy, cards, draw_map
from clam_core.figures.map_points import Marks
from clam_core.study import Run, Study, cluster_label, read_names
from clam_core.study.remarks.selections import read_selections
from clam_core.study.stamp import results_stamp
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.rows_of_scans import align_to_scans, has_row
from clam_core.wording import number_text
from pages.explore.cohort_map_watch import Part
from pages.shared.leading_columns import leading, useful_first
from pages.shell.place import Place

RELIABLE = 0.5
"""A place is reliable where at least this share of a scan's nearest scans are near it."""

_SHOWN_KINDS = ("continuous", "count", "binary", "ordinal", "nominal")
_MOST_FOR_TRUST = 5_000
_MOST_FOR_VALUES = 5_000
_N_VALUES = 4
_SELECTION = "selection-"
_OURS = {"cluster": "Cluster", "confidence": "Confidence", "trust": "Reliability of the place"}


@dataclass(frozen=True, eq=False)
class Mapped:
    """A run's scans with everything that the map can show of them.

    Attributes:
        table: Indexed by scan_id: subject_id, cluster, confidence, margin, x, y, trust.
        clinical: Typed values of the same scans, missing where a scan has no row.
        columns: What the clinical columns are; only those that can be shown.
        labels: What clusters are called, by number.
        planes: Names of the planes that there are; the stored one first.
        kept: Scans of every kept selection, by its name.
    """

    table: pd.DataFrame
    clinical: pd.DataFrame
    columns: tuple[ColumnInfo, ...]
    labels: dict[int, str]
    planes: tuple[str, ...]
    kept: dict[str, frozenset[str]]

    def colors(self) -> dict[str, str]:
        """What the map can be coloured by: name in the address, and label."""
        found = dict(_OURS)
        for info in self.columns:
            found[_address_name(info.name)] = titled(info)
        return found | {f"{_SELECTION}{name}": f"Selection: {name}" for name in self.kept}


def mapped(here: Place) -> Mapped:
    """The scans of the run with their clinical values."""
    found = _mapped(str(here.study.folder), here.fitted.name, results_stamp(here.fitted))
    return replace(found, kept=_kept(here.fitted))


def _kept(run: Run) -> dict[str, frozenset[str]]:
    """Selections change while the results stay: they are read each time."""
    return {name: frozenset(ids) for name, ids in read_selections(run).items()}


@st.cache_resource(max_entries=8, show_spinner=False)
def _mapped(folder: str, name: str, stamped: str) -> Mapped:  # noqa: ARG001
    # `stamped` is only in the key: anything stored since makes another entry.
    run = Run(Study(Path(folder)), name)
    info, table = run.info(), run.scans()
    everything = run.study.scans().reindex(table.index)
    table = table.assign(subject_id=everything["subject_id"])
    clinical, columns = _clinical(run.study, table)
    names = read_names(run)
    labels = {number: cluster_label(number, names) for number in range(1, info.n_clusters + 1)}
    planes = ("pca",) if info.plane == "pca" else (info.plane, "pca")
    return Mapped(table, clinical, columns, labels, planes, {})


def _clinical(study: Study, table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[ColumnInfo, ...]]:
    """Clinical values aligned to the scans, and the columns that can be shown."""
    stored = study.clinical()
    if stored is None:
        return pd.DataFrame(index=table.index), ()
    values, description = stored
    if not has_row(values, table).any():
        return pd.DataFrame(index=table.index), ()
    aligned = align_to_scans(values, table)
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    shown = [i for i in infos if i.kind in _SHOWN_KINDS and i.name in aligned and not i.personal]
    return aligned, useful_first(shown)


def place_on(here: Place, plane: str) -> pd.DataFrame:
    """Positions and their trust on a plane: x, y, trust, indexed by scan_id."""
    return _place_on(str(here.study.folder), here.fitted.name, results_stamp(here.fitted), plane)


@st.cache_resource(max_entries=16, show_spinner=False)
def _place_on(folder: str, name: str, stamped: str, plane: str) -> pd.DataFrame:
    found = _mapped(folder, name, stamped)
    stored: pd.DataFrame = found.table[["x", "y", "trust"]]
    if plane == found.planes[0]:
        return stored
    features = Run(Study(Path(folder)), name).array("features").astype(np.float64)
    positions = pca_plane(features.reshape(len(features), -1))
    few = len(features) <= _MOST_FOR_TRUST
    reliable = trust(features, positions) if few else np.full(len(features), np.nan)
    columns = {"x": positions[:, 0], "y": positions[:, 1], "trust": reliable}
    return pd.DataFrame(columns, index=stored.index)


@dataclass(frozen=True)
class Shown:
    """One way to draw the map.

    Attributes:
        name: Which map it is, for the browser to tell back.
        plane: Name of the plane.
        color: What it is coloured by, as in the address.
        marks: What is open and what is selected.
        part: The part that is seen at first.
        chosen: The scans of the kept selection that the map is coloured by.
        with_density: Whether lines show where many scans lie.
        has_webgl: Whether the browser can draw very many points.
    """

    name: str
    plane: str
    color: str
    marks: Marks
    part: Part
    chosen: tuple[str, ...] | None = None
    with_density: bool = False
    has_webgl: bool = True


def kept_under(here: Place, color: str) -> tuple[str, ...] | None:
    """Scans of the kept selection that a colour means; None where it means something else."""
    if not color.startswith(_SELECTION):
        return None
    ids = _kept(here.fitted).get(color.removeprefix(_SELECTION))
    return None if ids is None else tuple(sorted(ids))


def map_figure(here: Place, shown: Shown) -> Described:
    """The map as a figure; the same one as long as nothing has changed."""
    return _map_figure(str(here.study.folder), here.fitted.name, results_stamp(here.fitted), shown)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Shown: repr})
def _map_figure(folder: str, name: str, stamped: str, shown: Shown) -> Described:
    found = _mapped(folder, name, stamped)
    places = _place_on(folder, name, stamped, shown.plane)
    points = places.assign(cluster=found.table["cluster"])
    points["card"] = cards(_texts(found, places["trust"]))
    color = _color_by(found, shown.color, places["trust"])
    if shown.chosen is not None:
        inside = np.where(points.index.isin(shown.chosen), "selected", "others")
        values = pd.Series(pd.Categorical(inside, ["selected", "others"]), points.index)
        color = ColorBy(shown.color.removeprefix(_SELECTION), values, found.labels)
    drawn = draw_map(
        points,
        color,
        shown.marks,
        with_density=shown.with_density,
        has_webgl=shown.has_webgl,
    )
    drawn.figure.update_layout(meta=shown.name, dragmode=shown.part.tool)
    if shown.part.x and shown.part.y:
        drawn.figure.update_layout(xaxis_range=shown.part.x, yaxis_range=shown.part.y)
    return drawn


def _color_by(found: Mapped, color: str, reliable: pd.Series[Any]) -> ColorBy:
    if color == "confidence":
        return ColorBy("confidence", found.table["confidence"], found.labels)
    if color == "trust":
        return ColorBy("reliability of the place", reliable, found.labels)
    for info in found.columns:
        if _address_name(info.name) == color:
            values = found.clinical[info.name]
            if info.kind in {"continuous", "count"}:
                values = pd.to_numeric(values, errors="coerce").astype(float)
            elif not isinstance(values.dtype, pd.CategoricalDtype):
                values = values.map(str, na_action="ignore").astype("category")
            return ColorBy(titled(info), values, found.labels)
    return ColorBy("cluster", None, found.labels)


def _texts(found: Mapped, reliable: pd.Series[Any]) -> dict[str, pd.Series[Any]]:
    """What is written beside the pointer; of many scans only the least."""
    table = found.table
    texts = {
        "": table["cluster"].map(lambda number: found.labels.get(number, f"Cluster {number}")),
        "confidence": table["confidence"].map("{:.2f}".format),
    }
    if len(table) > _MOST_FOR_VALUES:
        return texts
    for info in leading(found.columns)[:_N_VALUES]:
        texts[info.label] = found.clinical[info.name].map(lambda v, i=info: value_text(v, i))
    texts["place reliable:"] = reliable.map(lambda share: "" if pd.isna(share) else f"{share:.0%}")
    return texts


def value_text(value: object, info: ColumnInfo) -> str:
    """A value with its unit; nothing where it is missing."""
    if pd.isna(cast("float", value)):  # or a text, or a date
        return ""
    if info.kind in {"continuous", "count"} and isinstance(value, int | float | np.number):
        return f"{number_text(float(value))} {info.unit}".strip()
    return str(value)


def doubts_of(here: Place, color: str) -> tuple[str, ...]:
    """Why the values that the map is coloured by may be wrong."""
    infos = [info for info in mapped(here).columns if _address_name(info.name) == color]
    return infos[0].doubts if infos else ()


def titled(info: ColumnInfo) -> str:
    """Label of a column with its unit."""
    return f"{info.label} ({info.unit})" if info.unit else info.label


def _address_name(name: str) -> str:
    return f"column-{name}" if name in _OURS else name
