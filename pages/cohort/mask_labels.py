"""Masks with several labels: which of them is meant, and the scans prepared with that."""

from __future__ import annotations

import streamlit as st

from clam_core.preprocess.mask_values import asked_labels
from pages.shell.place import Place
from pages.shell.start_job import is_running, start
from pages.shell.text import sentences


def show_mask_labels(here: Place) -> None:
    """Ask for labels where scans failed because their masks hold several, or others."""
    prepared, scans = here.study.info.prepared, here.study.scans()
    failed = scans.loc[scans["status"] == "failed", "reason"].astype(str)
    labels = asked_labels(failed)
    if not labels or prepared is None or is_running(here.study.name):
        return
    with st.container(border=True):
        st.markdown(
            "**The masks hold several labels**, such as one for each lung or lobe. Which of them "
            "are to be looked at? The program that drew the masks lists what its labels mean."
        )
        before = [label for label in prepared.settings.mask_label if label in labels]
        chosen = st.multiselect("Labels that are inside", labels, before, key="mask_labels")
        if st.button("Prepare with these labels", disabled=not chosen):
            settings = prepared.settings.model_dump(mode="json")
            with sentences():
                start(here.study.name, "preprocess", {**settings, "mask_label": sorted(chosen)})
