"""The clusters of a run as a table: CSV and XLSX."""

from __future__ import annotations

import streamlit as st

from clam_core.export.formulas import csv_bytes
from clam_core.export.office import to_workbook
from clam_core.pipeline.output.export import clusters_table
from pages.shell.place import Place, download_stem

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def offer_tables(here: Place) -> None:
    """Cluster and confidence of every scan, to keep."""
    stem = f"{download_stem(here, '-')}-clusters"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Cluster of every scan:", width="content")
        st.download_button(
            "Download CSV",
            data=lambda: csv_bytes(clusters_table(here.fitted)),
            file_name=f"{stem}.csv",
            mime="text/csv",
            on_click="ignore",
        )
        st.download_button(
            "Download XLSX",
            data=lambda: to_workbook({"clusters": clusters_table(here.fitted)}),
            file_name=f"{stem}.xlsx",
            mime=_XLSX,
            on_click="ignore",
        )
