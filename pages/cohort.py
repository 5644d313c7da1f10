"""Cohort: what is in the study, what failed and why, and a picture of every scan."""

import pandas as pd
import streamlit as st

from clam_core.study import Study
from pages._shared import choose_study, footer, plain, sentences

PER_PAGE = 24
FILTERS = {
    "All scans": lambda t: t,
    "Ready": lambda t: t[t["status"] == "ready"],
    "With a warning": lambda t: t[t.get("warnings", pd.Series("", t.index)).fillna("") != ""],
    "Failed": lambda t: t[t["status"] == "failed"],
}
COLUMNS = ["subject_id", "status", "reason", "warnings", "notes", "original_shape"]
COLUMNS += ["original_spacing_mm", "lung_litres", "mask_quality", "manufacturer", "kernel"]


def show_scans(study: Study, table: pd.DataFrame) -> None:
    """Contact sheet: one picture per scan, or why there is none."""
    n_pages = max(1, -(-len(table) // PER_PAGE))
    page = st.number_input("Page", 1, n_pages) if n_pages > 1 else 1
    columns = st.columns(6)
    for n, (scan_id, row) in enumerate(table.iloc[(page - 1) * PER_PAGE :][:PER_PAGE].iterrows()):
        with columns[n % 6]:
            if row["status"] == "ready":
                st.image(study.picture(scan_id), caption=plain(scan_id))
            else:
                st.markdown(f"**{plain(scan_id)}**")
                st.caption(plain(row["reason"] or "Not preprocessed yet."))


st.title("Cohort")
with sentences():
    study = choose_study()
    if study is None:
        st.info("There is no study yet. Run `make app` for a demo, or the step `create`.")
        st.stop()
    scans = study.scans()
    counts = scans["status"].value_counts()
    names = {"ready": "Ready", "failed": "Failed", "found": "Not preprocessed yet"}
    for column, (status, name) in zip(st.columns(3), names.items(), strict=True):
        column.metric(name, int(counts.get(status, 0)))
    choice = st.segmented_control("Show", list(FILTERS), default="All scans") or "All scans"
    table = FILTERS[choice](scans)
    st.caption(
        "Each picture shows three planes through the scan (patient's right on the left) and, "
        "at the bottom right, what the software works with. Orange: the outline of the lungs or of "
        "the mask that was given. Blue: the part of the scan that is used."
    )
    show_scans(study, table)
    st.subheader("All values")
    st.dataframe(table[[c for c in COLUMNS if c in table]])
    skipped = study.skipped()
    st.subheader(f"Files that are no scan ({int(skipped['n_files'].sum()):,})")
    st.dataframe(skipped, hide_index=True)
footer()
