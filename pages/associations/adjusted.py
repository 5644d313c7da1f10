"""Crude beside adjusted: every variable, the means of the clusters, every pair of them."""

from __future__ import annotations

import streamlit as st

from clam_core.report.tables.adjusted_tables import adjusted_tables
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations
from pages.associations.sentences import adjusted_table
from pages.shared.tables import table
from pages.shell.place import Place
from pages.shell.text import plain


def show_adjusted(here: Place, found: Associations) -> None:  # noqa: ARG001
    """Crude beside adjusted, on the same rows."""
    names = [uncapitalized(found.label(one)) for one in found.about["settings"]["adjust"]]
    if not names:
        st.info("Nothing was adjusted. Choose covariates at the end of this page.")
        return
    st.caption(
        plain(f"Crude, and adjusted for {', '.join(names)}: the same model and the same subjects.")
    )
    table(adjusted_table(found.rows), "Crude and adjusted effects per variable.", hide_index=True)
    for shown in adjusted_tables(found):
        st.markdown(f"**{plain(shown.heading)}**")
        table(shown.frame, f"{shown.heading}.", hide_index=True)
        st.caption(plain(shown.caption))
