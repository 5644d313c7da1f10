"""Training: find clusters, watch it, choose their number, compare runs."""

import streamlit as st

from pages._shared import guard, page
from pages._training_numbers import show_numbers
from pages._training_runs import show_runs
from pages._training_start import show_start
from pages._training_watch import show_curves

guard()
with page("Training", needs="volumes") as here:
    st.markdown(
        "A network learns what the scans of this study look like; then scans that look alike are "
        "grouped into **clusters**. Nobody tells it what to look for: no diagnosis, no clinical "
        "value."
    )
    show_start(here)
    show_curves(here)
    if here.run is not None:
        show_numbers(here)
        show_runs(here)
