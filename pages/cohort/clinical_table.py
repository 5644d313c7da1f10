"""The clinical table: import, what matched in words, and what each column is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO

import pandas as pd
import streamlit as st

from clam_core.files.file_names import known_ending
from clam_core.settings import TableLimits
from clam_core.study.uploads import UPLOADS
from clam_core.tables.columns import KINDS, ColumnInfo
from clam_core.tables.import_table import ClinicalOptions
from pages.shell.place import Place, studies_root
from pages.shell.text import plain, sentences

_TYPES = ["csv", "tsv", "txt", "xlsx", "parquet"]
_SAID = "clinical_said"
_EDITED = {"Name to show": "label", "Kind": "kind", "Unit": "unit", "Family": "family"}
_LEVELS = "Levels, lowest first"
_BETWEEN = " < "
_KIND_WORDS = (
    "continuous: a measured amount. count: whole numbers of things. ordinal: grades in an order. "
    "nominal: groups without an order. binary: two answers. Dates, ids and free text are kept, "
    "but not compared between clusters. Columns of one family are corrected together."
)


def show_clinical(here: Place) -> None:
    """The report of the join, the columns, and another table."""
    stored = here.study.clinical()
    for said in st.session_state.pop(_SAID, ()):
        st.success(plain(said))
    if stored is None:
        st.markdown(
            "No clinical table yet. A table has one row per scan or per subject, with a column "
            "that holds their ids; all else is found out. Columns that look like names or birth "
            "dates are left out."
        )
        _show_import(here)
        return
    _, description = stored
    st.metric(
        "Scans with a clinical row", f"{description['n_matched']} of {description['n_scans']}"
    )
    for sentence in description.get("notices", []):
        st.markdown(f"- {plain(sentence)}")
    _show_columns(here, [ColumnInfo.from_json(one) for one in description["columns"]])
    with st.expander("Import another table in its place"):
        _show_import(here)


def _show_import(here: Place) -> None:
    limit = TableLimits().max_bytes >> 20
    file = st.file_uploader(
        "Clinical table (CSV, XLSX or Parquet)", _TYPES, max_upload_size=limit, key="clinical_file"
    )
    with st.expander("If the ids do not match"):
        column = st.text_input("Column with the ids (empty: it is found)", key="id_column")
        sheet = st.text_input("Sheet of the workbook (empty: it is found)", key="sheet")
        near = st.checkbox(
            "Match ids that are nearly the same, such as 1 and 001", key="near_misses"
        )
        first = st.checkbox(
            "Where one id has rows that contradict each other, take the first", key="first_row"
        )
    if st.button("Import the table", type="primary", disabled=file is None) and file is not None:
        options = ClinicalOptions(
            id_column=column.strip() or None,
            sheet=sheet.strip() or None,
            apply_near_misses=near,
            duplicates="first" if first else "refuse",
        )
        with sentences(), st.spinner("Reading the table and matching its ids"):
            _import(here, file.name, file, options)
            st.rerun()


def _import(here: Place, name: str, content: IO[bytes], options: ClinicalOptions) -> None:
    """Read the table from a file that is deleted afterwards: it may hold names of people."""
    from clam_core.pipeline.clinical.import_clinical import import_table

    folder = studies_root() / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="table-") as place:
        path = Path(place) / f"table.{known_ending(name, _TYPES)}"
        with path.open("wb") as target:
            shutil.copyfileobj(content, target)
        done = import_table(here.study, path, options)
    st.session_state[_SAID] = (done.sentences[-1],)


def _show_columns(here: Place, infos: list[ColumnInfo]) -> None:
    """What each column is, to be corrected in place."""
    st.subheader("What each column is", anchor=False)
    st.caption(f"Correct what is wrong, then save. {_KIND_WORDS}")
    shown = _as_table(infos)
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=[str(name) for name in shown if name not in {*_EDITED, _LEVELS}],
        column_config={
            "Kind": st.column_config.SelectboxColumn(options=list(KINDS), required=True)
        },
        key=f"columns_{here.study.name}",
        alt="Columns of the clinical table: kind, unit, family and levels can be changed.",
    )
    warned = [(info.label, text) for info in infos for text in info.warnings]
    if warned:
        with st.expander(f"{len(warned)} remarks on the columns"):
            for label, text in warned:
                st.markdown(f"- **{plain(label)}**: {plain(text)}")
    if st.button("Save the changes", disabled=edited.equals(shown)):
        with sentences():
            _save(here, infos, shown, edited)
            st.rerun()


def _as_table(infos: list[ColumnInfo]) -> pd.DataFrame:
    from clam_core.export.formulas import neutralise_frame

    rows = [
        {
            "Column": info.name,
            **{title: getattr(info, name) for title, name in _EDITED.items()},
            _LEVELS: _BETWEEN.join(info.levels) if info.kind == "ordinal" else "",
            "Values": info.n,
            "Missing": info.n_missing,
            "Example": info.example,
            "Why": info.reason,
        }
        for info in infos
    ]
    return neutralise_frame(pd.DataFrame(rows))


def _save(here: Place, infos: list[ColumnInfo], shown: pd.DataFrame, edited: pd.DataFrame) -> None:
    from clam_core.pipeline.clinical.edit_columns import edit_columns
    from clam_core.tables.kinds import ColumnOverride

    overrides = {}
    for row, info in enumerate(infos):
        values = {
            name: edited[title].iloc[row] or ("" if name == "unit" else None)
            for title, name in _EDITED.items()
            if edited[title].iloc[row] != shown[title].iloc[row]
        }
        levels = str(edited[_LEVELS].iloc[row] or "")
        if levels != str(shown[_LEVELS].iloc[row]) and levels.strip():
            values["levels"] = tuple(part.strip() for part in levels.split(_BETWEEN.strip()))
        if values:
            overrides[info.name] = ColumnOverride.model_validate(values)
    st.session_state[_SAID] = edit_columns(here.study, overrides).sentences
