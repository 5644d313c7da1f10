"""Clusters: what each one looks like, where its maps lie, and how two of them differ."""

import streamlit as st

from pages.clusters import columns as clusters
from pages.clusters.compare import show_comparison
from pages.clusters.download import offer_tables
from pages.clusters.side_by_side import show_side_by_side
from pages.shell.frame import page
from pages.shell.status import stale_badge

with page("Clusters", needs="maps") as here:
    st.markdown(
        "A cluster is a group of scans that look alike to the software. Each column is one "
        "cluster, the largest first. The means are taken over all its scans."
    )
    stale_badge(here)
    clusters.show_means(here)
    offer_tables(here)
    st.header("Typical and borderline scans", anchor=False)
    show_side_by_side(here)
    clusters.show_scans(here)
    if here.fitted.info().given is None:
        st.header("Where the maps lie", anchor=False)
        clusters.show_shares(here)
    st.header("Largest clinical differences", anchor=False)
    clusters.show_differences(here)
    st.divider()
    show_comparison(here)
