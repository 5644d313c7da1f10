"""Whether a cluster is found again, said where its confidence might be taken for that."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from clam_core.settings.verdicts import DOUBTFUL, STABLE
from clam_core.study import Run, Study
from clam_core.study.associations import known_stability
from clam_core.study.stamp import results_stamp
from pages.shell.place import Place


def show_stability(here: Place, number: int) -> None:
    """Say so where a cluster (from 1) is not, or hardly, found again in resampled cohorts."""
    run = here.fitted
    known = _known(str(run.study.folder), run.name, results_stamp(run))
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


@st.cache_data(max_entries=8, show_spinner=False)
def _known(folder: str, name: str, stamped: str) -> list[float | None]:  # noqa: ARG001
    return known_stability(Run(Study(Path(folder)), name))
