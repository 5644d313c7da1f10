"""Parts of the page Report: sections with what is missing, the file, a look at it."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import streamlit as st

from clam_core.report import OutlineRow, ReportSettings, build_report, outline
from clam_core.study import Run, Study
from clam_core.study.stamp import results_stamp
from pages.shell.page_list import page_link
from pages.shell.place import Place, download_stem
from pages.shell.text import plain, sentences

_WHERE = {
    "number": ("training", "Compare numbers of clusters"),
    "clusters": ("clusters", "Make the maps"),
    "maps": ("clusters", "Make the maps"),
    "table_one": ("associations", "Compare with the clinical table"),
    "associations": ("associations", "Compare with the clinical table"),
}
"""Page on which a missing step is started, and what its link says."""


def choose_sections(here: Place) -> ReportSettings | None:
    """A box per section with what it holds; None where none is chosen."""
    st.header("What is in it", anchor=False)
    rows = outline(here.fitted)
    half = -(-len(rows) // 2)
    chosen = []
    for column, part in zip(st.columns(2), (rows[:half], rows[half:]), strict=True):
        with column:
            chosen += [row.name for row in part if _section(row)]
    gaps = {row.missing: _WHERE.get(row.name) for row in rows if row.missing}
    if gaps:
        st.markdown("Sections with a mark will only say what is missing. You can first:")
    for place in dict.fromkeys(place for place in gaps.values() if place):
        page_link(place[0], place[1])
    count = st.slider(
        "Typical and borderline scans shown per cluster", 1, 12, 3, key="report_examples"
    )
    return ReportSettings(sections=tuple(chosen), n_examples=count) if chosen else None


def _section(row: OutlineRow) -> bool:
    """One section: whether it is wanted, and what is missing for it."""
    is_wanted = st.checkbox(row.title, value=True, key=f"report_{row.name}")
    st.caption(f":material/warning: {plain(row.missing)}" if row.missing else row.about)
    return is_wanted


def file_name(here: Place) -> str:
    """Name under which the report is saved."""
    return f"{download_stem(here, '-')}-report.html"


def written(here: Place, settings: ReportSettings) -> bytes:
    """The report; written once for the same results and settings."""
    folder, run = str(here.study.folder), here.fitted.name
    return _written(folder, run, settings.model_dump_json(), results_stamp(here.fitted))


@st.cache_data(max_entries=4, show_spinner=False)
def _written(folder: str, run: str, settings: str, stamp: str) -> bytes:  # noqa: ARG001
    chosen = ReportSettings.model_validate_json(settings)
    return build_report(Run(Study(Path(folder)), run), chosen)


def show_here(here: Place, settings: ReportSettings) -> None:
    """The report on this page, in a frame that cannot reach the app."""
    if not st.toggle("Show the report here", key="report_shown"):
        return
    with sentences(), st.spinner("Writing the report"):
        content = b64encode(written(here, settings)).decode()
        st.iframe(f"data:text/html;base64,{content}", height=900, alt="The report")
