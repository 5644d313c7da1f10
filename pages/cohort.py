"""Cohort: open or make a study, what is in it, what failed and why, and its clinical table."""

import streamlit as st

from pages._cohort_clinical import show_clinical
from pages._cohort_delete import show_delete
from pages._cohort_scans import show_scans
from pages._cohort_start import show_doors
from pages._shared import end, guard, page, sentences, study_names

guard()
if not study_names():
    st.title("Cohort")
    with sentences():
        show_doors()
    end()
with page("Cohort") as here:
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
