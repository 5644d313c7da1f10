"""Replication: the clusters of this run in a second cohort."""

from __future__ import annotations

import streamlit as st

from clam_core.report.tables.replication_table import replication_table, replication_words
from clam_core.study.associations import Associations, inputs_digest, read_replication
from pages.shared.tables import table
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import plain, sentences


def show_replication(here: Place, found: Associations) -> None:  # noqa: ARG001
    """What was repeated in a second cohort, and the way to do it."""
    stored = read_replication(here.fitted)
    if stored is None:
        st.info(
            "Nothing was repeated in a second cohort yet. It tells whether other patients have "
            "the same clusters, and whether these differ in the same way."
        )
    else:
        if stored.about["inputs"] != inputs_digest(here.fitted):
            st.warning("The clinical table has changed since; repeat it.")
        for line in [*replication_words(stored), *stored.about["notes"]]:
            st.markdown(plain(line))
        shown = replication_table(stored)
        if shown is not None:
            table(shown.frame, f"{shown.heading}.", hide_index=True)
            st.caption(plain(shown.caption))
    st.caption(
        "Another study is named on the command line: clam replicate STUDY --run "
        f"{here.fitted.name} --in OTHER."
    )
    if st.button("Hold out half of the subjects", disabled=bool(here.stale)):
        with sentences():
            start(here.study.name, "replicate", {"run": here.fitted.name, "split": True})
