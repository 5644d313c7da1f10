"""Whether a cluster is found again, said where its confidence might be taken for that."""

from __future__ import annotations

import streamlit as st

from clam_core.settings.verdicts import DOUBTFUL, STABLE
from clam_core.study.associations import known_stability
from pages.shell.place import Place


def show_stability(here: Place, number: int) -> None:
    """Say so where a cluster (from 1) is not, or hardly, found again in resampled cohorts."""
    known = known_stability(here.fitted)
    value = known[number - 1] if known else None
    if value is None or value >= STABLE:
        return
    if value >= DOUBTFUL:
        st.caption(f"In resampled cohorts this cluster is only partly found again ({value:.2f}).")
        return
    st.warning(
        f"Cluster {number} is hardly found again in resampled cohorts (Jaccard {value:.2f} of 1): "
        "do not interpret it. Confidence tells how clearly a scan lies in this cluster and not in "
        "another, not whether the cluster is there."
    )
