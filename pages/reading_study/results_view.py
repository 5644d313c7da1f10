"""What came out of a reading study that all readers have locked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from clam_core.pipeline.reading.reading_files import reading_files
from clam_core.reading_study.agreement.agreement_words import headline_rows, number_words
from clam_core.study.readings.reading import Reading
from clam_core.study.readings.results import ReadingResults, reading_results
from pages.shared.rated_maps import show_rating
from pages.shared.tables import table
from pages.shell.page_list import page_link
from pages.shell.text import plain

_MEANING = (
    "Kappa and ICC: 1 is perfect agreement, 0 no more than chance. Quadratic weights count a "
    "near miss almost as agreement. ICC(2,1) is lower where one reader always says more; ICC(3,1) "
    "is not. In brackets: 95 % interval."
)


def show_results(reading: Reading) -> None:
    """Agreement, rating of maps, files."""
    found = _results(reading)
    st.markdown("**How far the readers agree**")
    if len(found.agreement):
        table(_main(found), "Agreement on every question.", hide_index=True, width="content")
        st.caption(_MEANING)
        for note in dict.fromkeys(found.agreement["note"][found.agreement["note"] != ""]):
            st.caption(plain(str(note)))
        with st.expander("All measures, and agreement of each reader with himself or herself"):
            table(_all(found.agreement), "All measures between readers.", hide_index=True)
            if len(found.with_oneself):
                st.caption("Cases that were shown twice:")
                table(_all(found.with_oneself), "Measures within readers.", hide_index=True)
    if found.rating is not None:
        st.markdown("**Do the maps point at disease?**")
        show_rating(found.answer, found.rating)
    for note in found.notes:
        st.caption(plain(note))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Scores and agreement (XLSX)",
            data=lambda: reading_files(reading)[f"{reading.name}_all.xlsx"],
            file_name=f"{reading.study.name}_{reading.name}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
            key=f"files-{reading.name}",
        )
        page_link("associations", "Compare the scores between the clusters")


def _results(reading: Reading) -> ReadingResults:
    stamp = max(path.stat().st_mtime_ns for path in reading.folder.glob("*.json*"))
    return _computed(str(reading.folder), stamp, reading)


@st.cache_data(max_entries=16, show_spinner="Comparing the readers")
def _computed(folder: str, stamp: int, _reading: Reading) -> ReadingResults:  # noqa: ARG001
    return reading_results(_reading)


def _main(found: ReadingResults) -> pd.DataFrame:
    """A row per question: the main measure, and how often the same value was given."""
    rows = headline_rows(found.agreement)
    same = found.agreement[found.agreement["measure"] == "same value"].set_index("question")
    shares = same["value"].reindex(rows["question"])
    return pd.DataFrame(
        {
            "Question": rows["label"].to_numpy(),
            "Same value": ["–" if np.isnan(one) else f"{100 * one:.0f} %" for one in shares],
            "Measure": rows["measure"].to_numpy(),
            "Agreement": [number_words(row) for row in rows.to_dict("records")],
            "Scans": rows["n"].to_numpy(),
        }
    )


def _all(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Question": rows["label"],
            "Readers": rows["readers"],
            "Measure": rows["measure"],
            "Value": [number_words(row) for row in rows.to_dict("records")],
            "Scans": rows["n"],
        }
    )
