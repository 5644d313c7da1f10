"""Choose what scans are grouped by: themselves, or a table of numbers that is brought along."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core.files.file_names import known_ending
from clam_core.settings import TableLimits
from clam_core.study.uploads import Upload, store_table
from pages.shell.place import studies_root

SCANS, NUMBERS = "scans", "numbers"
_TYPES = ["csv", "tsv", "txt", "xlsx", "parquet", "npz"]
_WORDS = {
    SCANS: ("The scans themselves", "The software learns what they look like; maps show where."),
    NUMBERS: (
        "Numbers that I bring",
        "A table with a row per scan, such as radiomics or the output of a foundation model. There "
        "are no maps then: nothing tells where in a scan a number comes from.",
    ),
}


def choose_source() -> str:
    """Ask whether scans or numbers are grouped."""
    return str(
        st.radio(
            "What should the scans be grouped by?",
            list(_WORDS),
            format_func=lambda name: _WORDS[name][0],
            captions=[words for _, words in _WORDS.values()],
            horizontal=True,
            key="source",
        )
    )


def choose_table() -> tuple[Any, dict[str, Any]]:
    """The uploaded table (None before there is one), and how its rows find their scans."""
    limit = TableLimits().max_bytes >> 20
    file = st.file_uploader(
        "Table of numbers (CSV, XLSX, Parquet or NPZ)",
        _TYPES,
        max_upload_size=limit,
        key="numbers_file",
        help="One column with the ids of the scans; every other column is a number. Columns of "
        "text, of one value only, or with many gaps are left out, and said so.",
    )
    with st.expander("If the ids do not match"):
        column = st.text_input("Column with the ids (empty: it is found)", key="numbers_id")
        near = st.checkbox(
            "Match ids that are nearly the same, such as 1 and 001", key="numbers_near"
        )
        first = st.checkbox(
            "Where one id has rows that contradict each other, take the first", key="numbers_first"
        )
    ways: dict[str, Any] = {"near_misses": near, "duplicates": "first" if first else "refuse"}
    return file, ways | ({"id_column": column.strip()} if column.strip() else {})


def stored_table(file: Any) -> str:  # noqa: ANN401 (an uploaded file)
    """Where the uploaded table lies until it has been read."""
    upload = Upload(file.name, file.size, file)
    return str(store_table(studies_root(), upload, known_ending(file.name, _TYPES)))
