"""A step that is making or preparing a study: how far it is, how long it takes, cancel."""

from __future__ import annotations

import streamlit as st

from clam_core import jobs
from pages._shared import plain, studies_root


def is_running(name: str) -> bool:
    """Whether a step works on a study of this name."""
    state = jobs.state(studies_root(), name)
    return state is not None and state.status == "running"


def start(name: str, step: str, arguments: dict) -> None:
    """Start a step in a process of its own, and look at its study from now on.

    Raises:
        BusyError: If a step is working on that study.
    """
    jobs.start(studies_root(), name, step, arguments)
    st.query_params["study"] = name
    st.rerun()


@st.fragment(run_every=1.0)
def show_new(name: str) -> None:
    """Progress of a study that is being made; once it is there, the page opens it."""
    state = jobs.state(studies_root(), name)
    if (studies_root() / name / "study.json").is_file():
        st.rerun(scope="app")
    if state is None:
        return
    if state.status == "running":
        said = f"{plain(name)}: {plain(state.stage or 'Starting')}{_left(state.remaining_seconds)}"
        st.progress(min(max(state.fraction, 0.0), 1.0), said)
        if st.button("Cancel", key="cancel_new"):
            jobs.cancel(studies_root(), name)
            st.rerun(scope="app")
        return
    words = {"cancelled": "was cancelled", "interrupted": "was interrupted"}
    what = words.get(state.status, "did not work")
    st.error(f"Making the study {plain(name)} {what}. {plain(state.error or '')}")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return f", about {max(5, round(seconds / 5) * 5):.0f} seconds left"
    return f", about {seconds / 60:.0f} minutes left"
