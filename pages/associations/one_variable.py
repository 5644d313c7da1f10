"""One variable: its plot, the people behind it, crude beside adjusted, every pair."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from clam_core.figures.chart_text import row_words
from clam_core.figures.variables import plot_levels, plot_numbers
from clam_core.report.drawings import draw_variable
from clam_core.study.associations import Associations
from pages.associations.main_table import PLAIN, labels_of, title_of
from pages.associations.save_figure import save_buttons
from pages.associations.sentences import (
    Row,
    adjusted_words,
    honest_words,
    pair_table,
    within_words,
)
from pages.shared.tables import table
from pages.shared.thumbnails import show_png, thumbnail
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.text import plain

_MOST_IN_ADDRESS = 200


def show_variable(here: Place, found: Associations, variable: str) -> None:
    """Everything about one variable, the scans one click away."""
    rows = found.rows.set_index("variable", drop=False)
    row: Row = rows.to_dict("index")[variable]
    st.header(plain(title_of(row)), anchor=False)
    named = {str(name): value for name, value in row.items()}
    if row.get("doubts"):
        st.warning(plain(str(row["doubts"])))
    left, right = st.columns([3, 2])
    with left:
        _show_plot(here, found, row)
        _show_examples(here, found, row)
    with right:
        st.markdown(plain(f"{row_words(named, found.about['clusters'])} {row['why']}".strip()))
        settings = found.about["settings"]
        sentences = [
            *adjusted_words(row, [found.label(one) for one in settings["adjust"]]),
            *within_words(variable, found.table("within")),
            *honest_words(row, settings["power"]),
        ]
        for sentence in sentences:
            st.markdown(plain(sentence))
        _show_people(here, found, variable)
    pairs = pair_table(found.table("pairs"), labels_of(found), variable)
    if len(pairs):
        st.markdown("**Every pair of clusters**")
        table(pairs, "Differences between every pair of clusters.", hide_index=True)


def _show_plot(here: Place, found: Associations, row: Row) -> None:
    values, clusters = found.table("values")[row["variable"]], found.table("members")["cluster"]
    if not values.notna().any() or row["kind"] in {"id", "free_text", "date"}:
        st.info("There is nothing to plot: see the reason beside.")
        return
    draw = (
        plot_numbers
        if row["kind"] in {"continuous", "count"}
        else partial(plot_levels, ordered=row["kind"] == "ordinal")
    )
    if row["kind"] == "constant" and isinstance(values.dtype, pd.CategoricalDtype):
        draw = plot_levels
    plot = draw(values, clusters, title_of(row))
    event = st.plotly_chart(
        plot.figure,
        config=PLAIN,
        alt=plot.sentence,
        key=f"plot_{row['variable']}",
        on_select="rerun",
        selection_mode="points",
    )
    st.caption(plain(plot.sentence))
    variable = str(row["variable"])
    save_buttons(here, variable, lambda: draw_variable(found, variable))
    _show_clicked(event["selection"]["points"], set(values.index))


def _show_clicked(points: list[dict[str, Any]], known: set[str]) -> None:
    """A link to the scan of the point that was clicked."""
    for point in points[:1]:
        found = point.get("customdata")
        scan_id = str(found[0] if isinstance(found, list) else found)
        if scan_id in known:
            page_link("explore", f"Open {plain(scan_id)} with its overlay", scan=scan_id)


def _show_examples(here: Place, found: Associations, row: Row) -> None:
    """A scan of each cluster with the value that is usual there, with its map."""
    clusters, values = found.table("members")["cluster"], found.table("values")[row["variable"]]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.codes.where(values.notna())
    if not pd.api.types.is_numeric_dtype(values):
        return
    st.markdown("**A scan with a usual value from each cluster**")
    numbers = found.about["clusters"]
    for column, number in zip(st.columns(max(len(numbers), 3)), numbers, strict=False):
        own = values[clusters == number].dropna().astype(float)
        if own.empty:
            continue
        usual = own.mode().iloc[0] if row["kind"] in {"nominal", "binary"} else own.median()
        scan_id = str((own - usual).abs().sort_index().idxmin())
        shown = f"{scan_id}, cluster {number}"
        with column:
            show_png(thumbnail(here, scan_id), f"Slice of {shown} with its map")
            page_link("explore", plain(shown), scan=scan_id)


def _show_people(here: Place, found: Associations, variable: str) -> None:
    """Back to the scans: each cluster on the map, and single scans at its middle and ends."""
    st.markdown("**The scans behind it**")
    members, values = found.table("members"), found.table("values")[variable]
    for number in found.about["clusters"]:
        ids = [str(one) for one in members.index[members["cluster"] == number]]
        selection = {"selection": ",".join(ids)} if len(ids) <= _MOST_IN_ADDRESS else {}
        page_link("explore", f"Show cluster {number} on the map ({len(ids)} scans)", **selection)
    people = pd.DataFrame({"scan": values.index, "cluster": members["cluster"], "value": values})
    people = people[people["value"].notna()].sort_values(["cluster", "value"], kind="stable")
    chosen = st.selectbox(
        "Open a scan",
        people["scan"].tolist(),
        format_func=lambda one: (
            f"{one}: cluster {people.loc[one, 'cluster']}, {people.loc[one, 'value']}"
        ),
        index=None,
        key=f"scan_of_{variable}",
        placeholder="Sorted by cluster and value",
    )
    if chosen:
        page_link("explore", f"Open {plain(str(chosen))} with its overlay", scan=str(chosen))
    st.caption(f"{here.study.name}: {len(people)} scans have a value.")
