"""The points of the map as a list, for the keyboard and for those who do not see the map."""

from __future__ import annotations

import streamlit as st

from pages.explore import address as looked
from pages.explore.cohort_map import MAP_PART, SCAN_PART
from pages.explore.cohort_map_data import Mapped
from pages.shell.place import Place

_KEY = "scan-list"


def show_list(here: Place, found: Mapped, chosen: list[str] | None) -> None:
    """Scans with cluster and confidence; a row that is chosen opens its scan."""
    table = found.table if chosen is None else found.table.loc[chosen]
    shown = table[["cluster", "confidence"]].rename_axis("Scan").reset_index()
    shown.columns = ["Scan", "Cluster", "Confidence"]
    with st.expander("The points as a list"):
        st.caption("Arrow keys move through the list; the space bar opens the scan of a row.")
        st.dataframe(
            shown,
            alt="Scans of the map with their clusters and confidences.",
            hide_index=True,
            height=280,
            key=_KEY,
            on_select=lambda: _open_row(here, shown["Scan"].tolist()),
            selection_mode="single-row",
            column_config={"Confidence": st.column_config.NumberColumn(format="%.2f")},
        )


def _open_row(here: Place, ids: list[str]) -> None:
    rows = st.session_state[_KEY]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        looked.open_scan(here, ids[rows[0]])
        looked.redraw(here)
        st.rerun([MAP_PART, SCAN_PART])
