"""The curves of the run that is being trained, or of the chosen one."""

from __future__ import annotations

import streamlit as st

from clam_core import jobs
from clam_core.figures.training import training_curves
from clam_core.settings.views import ZONAL
from clam_core.study import Run
from pages.shell.place import Place, studies_root

_NO_PART = (
    "No network has a part in these groups: they were made from the values inside the masks "
    "themselves."
)
_COMPARED = " The one below was trained for the focal view, which was compared with them."
_ALT = "Loss by epoch; it should fall and become level."


def show_curves(here: Place) -> None:
    """Live while a fit is running, otherwise folded away."""
    job = jobs.state(studies_root(), here.study.name)
    if job is not None and job.status == "running" and job.step in {"fit", "groups"}:
        st.header("Training now", anchor=False)
        _live(here, str(job.arguments.get("run", "default")))
    elif here.run is not None and not (here.run.info().given or here.run.info().encoder):
        with st.expander(f"How the training of run '{here.run.name}' went"):
            _draw(here.run)


@st.fragment(run_every=2.0)
def _live(here: Place, name: str) -> None:
    _draw(Run(here.study, name))


def _draw(run: Run) -> None:
    history = run.history()
    if run.is_fitted and run.info().method in ZONAL:
        st.caption(_NO_PART + (_COMPARED if history else ""))
        if not history:
            return
    if not history:
        st.caption("The curve appears after the first pass over the scans.")
        return
    st.plotly_chart(training_curves(history), key=f"curves_{run.name}", alt=_ALT)
    st.caption(
        "How far what the network gives back is from the scans, after each pass over all of them. "
        "The curve should fall and become level; if it still falls at the end, more passes help."
    )
