"""Cohort: open or make a study, what is in it, what failed and why, and its clinical table."""

import streamlit as st

from pages.cohort.clinical_table import show_clinical
from pages.cohort.mask_labels import show_mask_labels
from pages.cohort.prepare import show_give_up
from pages.cohort.scans import show_scans
from pages.shell.delete_study import show_delete
from pages.shell.frame import end, page
from pages.shell.place import study_names
from pages.shell.text import sentences
from pages.shell.two_doors import show_doors

if not study_names():
    st.title("Cohort")
    with sentences():
        show_doors()
    end()
with page("Cohort") as here:
    show_give_up(here)
    show_mask_labels(here)
    scans, clinical, other = st.tabs(
        ["Scans", "Clinical table", "New study, delete"],
        key="part",
        on_change="rerun",
        bind="query-params",
    )
    with scans:
        show_scans(here)
    with clinical, sentences():
        show_clinical(here)
    with other, sentences():
        show_doors()
        st.divider()
        show_delete(here)
