"""Keep the scans at their own resolution in the study, where their files will go away."""

from __future__ import annotations

import shutil

import streamlit as st

from clam_core.pipeline.own_resolution.keep_own import most_bytes, to_keep
from clam_core.study.own_voxels.kept_scans import KeptScans
from clam_core.wording import plural, size_words
from pages.cohort.prepare import last_settings
from pages.shell.place import Place
from pages.shell.start_job import is_running, start
from pages.shell.text import sentences


def show_keep_own(here: Place) -> None:
    """What is kept, and an offer to keep the others, with the room that it takes at most."""
    if here.study.info.prepared is None:
        return
    kept, waiting = KeptScans(here.study.folder), to_keep(here.study)
    with st.expander("Scans at their own resolution"):
        n_kept = len(kept.whole())
        if n_kept:
            size = size_words(kept.n_bytes)
            st.markdown(f"{plural(n_kept, 'scan')} kept in the study, which takes {size}.")
        if not waiting:
            return
        st.markdown(
            "Slices are read from the scans' own files. Where those files will go away (a drive "
            "that is returned, an archive that is closed), the study can keep its scans as they "
            "are; they are deleted with it."
        )
        needed, free = most_bytes(here.study), shutil.disk_usage(here.study.folder).free
        wanted = st.checkbox(
            f"Keep {plural(len(waiting), 'scan')}: up to {size_words(needed)}; "
            f"{size_words(free)} are free",
            disabled=needed > free,
            key="keep_own",
        )
        is_busy = is_running(here.study.name)
        if st.button("Keep them", disabled=not wanted or is_busy):
            with sentences():
                start(here.study.name, "preprocess", {**last_settings(here), "keep_own": True})
