"""Training: find clusters, watch it, choose their number, compare runs."""

import streamlit as st

from pages.shell.frame import page
from pages.training.curves import show_curves
from pages.training.harmonisation import show_harmonisation
from pages.training.how_many import show_numbers
from pages.training.plain_look import show_plain_look
from pages.training.runs import show_runs
from pages.training.start_run import show_start

with page("Training", needs="volumes") as here:
    st.markdown(
        "The software learns what the scans of this study look like, and groups those that look "
        "alike into **clusters**. Nobody tells it what to look for: no diagnosis, no clinical "
        "value."
    )
    show_start(here)
    show_curves(here)
    if here.run is not None:
        show_harmonisation(here)
        show_plain_look(here)
        show_numbers(here)
        show_runs(here)
