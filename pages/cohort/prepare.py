"""Prepare the scans of a study, for the first time or again."""

from __future__ import annotations

import streamlit as st

from pages.shell.open_scans import prepare_choice
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import sentences


def show_prepare(here: Place) -> None:
    """Offer to prepare scans that have been found and not yet read."""
    st.info(
        "The scans have been found, but not yet read. Preparing brings each onto one grid, finds "
        "the lungs, and draws a picture of each for you to check."
    )
    with st.expander("How they are prepared"):
        settings = prepare_choice("again")
    if st.button("Prepare the scans", type="primary"):
        with sentences():
            start(here.study.name, "preprocess", settings)
