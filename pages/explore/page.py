"""Explore: the map of the cohort; a click opens the scan with its map beside it."""

import streamlit as st

from pages.explore.address import come_back
from pages.explore.cohort_map import draw_again, show_map
from pages.explore.cohort_map_watch import watch_map
from pages.explore.open_scan import show_opened
from pages.explore.selected_scans import show_selection
from pages.shell.frame import page

with page("Explore", needs="run") as here:
    come_back(here)
    left, right = st.container(key="explore-halves").columns(2, gap="medium")
    # The keys are names for the style sheet: with an open scan, its picture takes the room.
    with left, st.container(key="explore-cohort"):
        show_map(here)
        watch_map(here, lambda: draw_again(here))
        show_selection(here)
    with right:
        show_opened(here)
