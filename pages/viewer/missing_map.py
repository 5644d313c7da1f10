"""A scan without a stored map: what that means, and the step that makes it."""

from __future__ import annotations

import streamlit as st

from clam_core.settings.given_numbers import NO_MAPS
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import plain


def offer_maps(here: Place, scan_id: str) -> None:
    """Say that no map is stored for this scan and offer the step that makes all of them."""
    if _has_map(here, scan_id):
        return
    if here.fitted.info().given is not None:
        st.caption(plain(f"This run {NO_MAPS}."))
        return
    st.info(
        "No map is stored for this scan, so the scan is shown alone. Choose a cluster above to "
        "make one map now, or make the maps of all scans."
    )
    if st.button("Make the maps of all scans", disabled=bool(here.stale)):
        start(here.study.name, "localize", {"run": here.fitted.name})


def _has_map(here: Place, scan_id: str) -> bool:
    if here.fitted.info().localized is None:
        return False
    table = here.fitted.maps()
    return bool(scan_id in table.index and table.loc[scan_id, "done"])
