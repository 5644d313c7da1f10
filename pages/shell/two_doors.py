"""Two doors for a newcomer: the demo study, and one's own scans."""

from __future__ import annotations

import streamlit as st

from pages.shell.open_scans import show_open
from pages.shell.place import studies_root, study_being_made, study_names
from pages.shell.start_job import is_running, start
from pages.shell.status import show_job
from pages.shell.text import sentences

_OPENING = "opening_scans"


def show_doors() -> None:
    """Try the demo, or open scans; what is needed stands beside each."""
    coming = study_being_made()
    if coming is not None:
        show_job(studies_root(), coming)
    if not study_names():
        st.markdown(
            "CLAM Explorer finds groups of scans that look alike, shows where in each scan its "
            "group is recognised, and tests whether the groups matter clinically."
        )
    left, right = st.columns(2, border=True)
    with left:
        st.header("Try the demo study", anchor=False)
        st.markdown(
            "48 synthetic chest CTs with a clinical table and three known groups. Needs nothing: "
            "it is made on this machine in a few minutes, and goes through every step."
        )
        is_made = coming is not None and is_running(coming)
        if st.button(
            "Try the demo study", type="primary", icon=":material/play_arrow:", disabled=is_made
        ):
            with sentences():
                start(_free_name("demo"), "demo", {})
    with right:
        st.header("Open my scans", anchor=False)
        st.markdown(
            "DICOM series, NIfTI, NRRD, MetaImage, or pictures (PNG, JPEG, TIFF), in a folder of "
            "this server or as an upload. A clinical table can follow later. No scan leaves the "
            "machine, and no name of a patient is stored."
        )
        if st.button("Open my scans", icon=":material/folder_open:"):
            st.session_state[_OPENING] = not st.session_state.get(_OPENING, False)
    if st.session_state.get(_OPENING):
        show_open()


def _free_name(wanted: str) -> str:
    """The name, or with the first number that makes it a new one."""
    root = studies_root()
    taken = {path.name for path in root.iterdir()} if root.is_dir() else set()
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not {name, f"{name}-scans"} & taken)
