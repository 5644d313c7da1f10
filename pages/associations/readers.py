"""What readers say: whether maps point at disease, and which variables are their scores."""

from __future__ import annotations

import streamlit as st

from clam_core.errors import ClamError
from clam_core.reading_study.consensus import FAMILY
from clam_core.study.associations import Associations
from clam_core.study.readings.reading import Reading, readings_of
from clam_core.study.readings.results import reading_results
from pages.shared.rated_maps import show_rating
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.text import plain


def show_readers(here: Place, found: Associations) -> None:
    """The rating of maps of every reading study, and where the scores stand."""
    readings = readings_of(here.study)
    if not readings:
        st.info(
            "No reader has scored these scans yet. In a reading study readers score scans blind; "
            "their scores are then compared between the clusters as well."
        )
        page_link("reading", "Go to the reading study")
        return
    scores = found.rows.loc[found.rows["family"] == FAMILY, "label"]
    if len(scores):
        named = ", ".join(str(label) for label in scores)
        st.markdown(f"Scores of readers in the table below: {plain(named)}.")
    elif any(map(_is_locked, readings)):
        st.info("Scores were locked after this comparison. Compare again at the end of this page.")
    for reading in readings:
        st.markdown(f"**{plain(reading.name)}: do the maps point at disease?**")
        try:
            told = reading_results(reading)
        except ClamError as error:
            st.caption(plain(str(error)))
            continue
        if told.rating is None:
            st.caption("No maps were rated in this reading study, or not all readers are done.")
        else:
            maps = reading.protocol().maps
            if maps is not None and maps.run != here.fitted.name:
                st.caption(plain(f"The maps that were rated are those of the run {maps.run!r}."))
            show_rating(told.answer, told.rating)


def _is_locked(reading: Reading) -> bool:
    try:
        return reading.is_locked()
    except ClamError:
        return False
