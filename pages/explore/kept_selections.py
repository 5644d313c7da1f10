"""Named selections of the run: kept, opened again, exported, used as a variable."""

from __future__ import annotations

import streamlit as st

from clam_core.export.formulas import csv_bytes
from clam_core.study.remarks.selections import (
    forget_selection,
    keep_selection,
    read_selections,
    selections_table,
)
from pages.explore import address as looked
from pages.shell.place import Place, download_stem
from pages.shell.text import sentences


def offer_keeping(here: Place, name: str, chosen: list[str]) -> None:
    """A button that keeps what is selected under its name."""
    about = "Kept with the run, under its name; the map can be coloured by it."
    if st.button("Keep", disabled=not name.strip(), help=about):
        with sentences():
            keep_selection(here.fitted, name, chosen)
        looked.redraw(here)
        st.rerun(scope="app")


def _forget(here: Place, name: str) -> None:
    with sentences():
        forget_selection(here.fitted, name)


def choose_kept(here: Place) -> tuple[str, list[str]] | None:
    """A kept selection that is to be opened now; None while none is chosen."""
    kept = read_selections(here.fitted)
    if not kept:
        return None
    with st.expander(f"Kept selections ({len(kept)})"):
        name = st.selectbox(
            "Selection",
            list(kept),
            format_func=lambda one: f"{one} ({len(kept[one])})",
            key="kept-selection",
        )
        with st.container(horizontal=True):
            is_open = st.button("Select it", key="kept-open")
            st.button(
                "Remove it",
                key="kept-remove",
                type="tertiary",
                on_click=_forget,
                args=(here, name),
            )
            st.download_button(
                "As variables (CSV)",
                data=lambda: csv_bytes(selections_table(here.fitted)),
                file_name=f"{download_stem(here, '-')}-selections.csv",
                mime="text/csv",
                on_click="ignore",
                type="tertiary",
                help="One row per scan, a column of yes and no for each selection: added to the "
                "clinical table, every selection is tested as a variable.",
            )
        index = set(here.fitted.scans().index)
        return (name, [one for one in kept[name] if one in index]) if is_open else None
