"""Take out differences between scanners, and what became of the clusters then."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core.pipeline.method.acquisition_columns import harmonise_choices
from clam_core.settings.harmonise import harmonised_sentences
from pages.shell.place import Place
from pages.shell.text import plain


def choose_harmonisation(here: Place) -> dict[str, Any]:
    """Which column is taken out, and which stay; nothing where no column is about scanners."""
    taken, kept = harmonise_choices(here.study, here.study.ready())
    if not taken:
        return {}
    labels = {one.name: one.label for one in (*taken, *kept)}
    column = st.selectbox(
        "Take out differences between",
        [one.name for one in taken],
        index=None,
        format_func=labels.__getitem__,
        placeholder="nothing",
        key="harmonise",
        help="Scans by two scanners or kernels make groups of scanners, not of disease.",
    )
    if column is None:
        return {}
    stay = st.multiselect(
        "Keep differences in",
        [one.name for one in kept],
        format_func=labels.__getitem__,
        key="harmonise_keep",
        help="A diagnosis that one scanner saw more often would be taken out along with it.",
    )
    return {"harmonise": column, "harmonise_keep": stay}


def show_harmonisation(here: Place) -> None:
    """What was taken out of a run, and how far its clusters followed it before and after."""
    found = here.fitted.info().harmonised
    if found is None:
        return
    st.header(f"Differences between levels of {plain(found.column)}", anchor=False)
    for sentence in harmonised_sentences(found):
        st.write(plain(sentence))
