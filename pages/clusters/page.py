"""Clusters: what each one looks like, where its maps lie, and how two of them differ."""

import streamlit as st

from pages.clusters import columns as parts
from pages.clusters.compare import show_comparison
from pages.shell.frame import page

with page("Clusters", needs="maps") as here:
    st.markdown(
        "A cluster is a group of scans that look alike to the software. Each column is one "
        "cluster, the largest first. The means are taken over all its scans."
    )
    parts.show_means(here)
    st.subheader("Typical and borderline scans", anchor=False)
    parts.show_scans(here)
    st.subheader("Where the maps lie", anchor=False)
    parts.show_shares(here)
    st.subheader("Largest clinical differences", anchor=False)
    parts.show_differences(here)
    st.divider()
    show_comparison(here)
