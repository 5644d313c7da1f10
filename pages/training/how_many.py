"""How many clusters? Indices and stability, the recommendation, and what it means."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from clam_core.errors import MissingStepError
from clam_core.figures.training import number_indices
from clam_core.how_many.selection import ROW_WORDS
from clam_core.settings.verdicts import STABLE, speaks
from pages.shell.place import Place
from pages.shell.start_job import is_running, start
from pages.shell.text import plain, sentences

_OF_GAPS = (
    " Density between clusters: near 0 there is a gap between them, near 1 they divide a continuum."
)
_ALT = "Indices for each number of clusters; the table below has the values."


def show_numbers(here: Place) -> None:
    """The comparison that is stored with the run, or the button that makes it."""
    st.header("How many clusters?", anchor=False)
    try:
        found = here.fitted.selection()
    except MissingStepError:
        st.write("2 to 8 clusters have not been compared for this run.")
        is_blocked = bool(here.stale) or is_running(here.study.name)
        if st.button("Compare numbers of clusters", disabled=is_blocked):
            with sentences():
                start(here.study.name, "select", {"run": here.fitted.name})
        return
    _say(found, here.fitted.info().n_clusters)
    method = found.get("method")
    drawn = number_indices(found["rows"], found["recommended"], method)
    st.plotly_chart(drawn, alt=_ALT, key="indices")
    st.caption(
        "Silhouette: how much nearer scans are to their own cluster than to the next. Stability: "
        f"whether the clusters are found again when scans are drawn anew ({STABLE:g} and more is "
        "stable)." + (_OF_GAPS if speaks("valley", method) else "")
    )
    with st.expander("All values"):
        table = pd.DataFrame(found["rows"]).set_index("n_clusters")
        kept = [name for name in ROW_WORDS if name in table and speaks(name, method)]
        st.dataframe(table[kept].rename(columns=ROW_WORDS))


def _say(found: dict[str, Any], present: int) -> None:
    """The recommendation first, then its reason and the notes."""
    number = found["recommended"]
    if number is None:
        st.info("**No clear groups.** " + plain(found["reason"]), icon=":material/info:")
        st.write(
            "That is an answer: whatever number is chosen divides a continuum. Clusters may still "
            "be useful as a summary, but do not speak of subtypes."
        )
    else:
        st.success(f"**{number} clusters are recommended.** " + plain(found["reason"]))
        if number != present:
            st.write(
                f"This run has {present}. To look at {number}, set the number above and find "
                "clusters again."
            )
    for note in found["notes"]:
        st.caption(plain(note))
