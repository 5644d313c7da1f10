"""New scan: its cluster, how sure, where it falls, its map and what it resembles."""

import streamlit as st

from clam_core.settings.given_numbers import NO_NEW_SCANS
from pages.new_scan.assigned_scan import assign_upload, show_assigned, upload
from pages.shell.frame import end, page

with page("New scan", needs="run") as here:
    st.markdown(
        "Give one scan to see which cluster it resembles. It is read, compared with the run and "
        "forgotten: nothing of it is stored in the study."
    )
    if here.fitted.info().given is not None:
        st.info(f"This run {NO_NEW_SCANS}.")
        end()
    if here.stale:
        st.info("So new scans cannot be compared with it.")
        end()
    given = upload(here)
    if given is not None and st.button("Find its cluster", type="primary"):
        assign_upload(here, given)
    show_assigned(here)
