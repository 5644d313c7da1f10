"""Whether a step works on a study, and the start of those that make or prepare one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core import jobs
from pages.shell.frame import studies_root


def is_running(name: str) -> bool:
    """Whether a step works on a study of this name."""
    state = jobs.state(studies_root(), name)
    return state is not None and state.status == "running"


def start(name: str, step: str, arguments: dict[str, Any]) -> None:
    """Start a step in a process of its own, and look at its study from now on.

    Raises:
        BusyError: If a step is working on that study.
    """
    jobs.start(studies_root(), name, step, arguments)
    st.query_params["study"] = name
    st.rerun()
