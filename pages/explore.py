"""Explore: the map of the cohort; a click opens the scan with its map beside it."""

import streamlit as st

from pages._explore_scan import show_opened
from pages._map import show_map
from pages._map_watch import watch_map
from pages._selection import show_selection
from pages._shared import guard, page

guard()
with page("Explore", needs="run") as here:
    left, right = st.columns(2, gap="medium")
    with left:
        show_map(here)
        watch_map(here)
        show_selection(here)
    with right:
        show_opened(here)
