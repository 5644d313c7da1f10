"""Whether a step works on a study, and the start of one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core import jobs
from pages.shell.place import await_run, look_at, studies_root

_MAKE_RUNS = frozenset({"fit", "groups"})


def is_running(name: str) -> bool:
    """Whether a step works on a study of this name."""
    state = jobs.state(studies_root(), name)
    return state is not None and state.status == "running"


def start(name: str, step: str, arguments: dict[str, Any]) -> None:
    """Start a step in a process of its own; look at its study now, and at its run when it ends.

    Raises:
        BusyError: If a step is working on that study.
    """
    jobs.start(studies_root(), name, step, arguments)
    if step in _MAKE_RUNS:
        await_run(name, str(arguments.get("run", "default")))
    look_at(name)
    st.rerun()
