"""The clinical table: import, what matched in words, and what each column is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

import pandas as pd
import streamlit as st

from clam_core.errors import NearMissError
from clam_core.files.file_names import known_ending
from clam_core.pipeline.clinical.import_clinical import declared_of
from clam_core.report.phrases import DOUBTED
from clam_core.settings import TableLimits
from clam_core.study.uploads import UPLOADS
from clam_core.tables.column_info import KINDS, ColumnInfo, doubt_words
from clam_core.tables.declared import Declared
from clam_core.tables.import_table import ClinicalOptions
from pages.cohort.near_misses import (
    forget_offer,
    is_offered,
    offer_near_misses,
    on_page,
    takes_near_misses,
)
from pages.shared.declared_codes import CODE_WORDS, CODES, ask_declared, shown_codes, typed_codes
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
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    doubts = doubt_words(infos)
    if doubts:
        listed = "\n".join(f"- {plain(one)}" for one in doubts)
        st.warning(f"{DOUBTED}\n{listed}")
    st.metric(
        "Scans with a clinical row", f"{description['n_matched']} of {description['n_scans']}"
    )
    for sentence in description.get("notices", []):
        st.markdown(f"- {plain(on_page(sentence))}")
    _show_columns(here, infos)
    with st.expander("Import another table in its place", expanded=is_offered()):
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
    declared = ask_declared()
    options = ClinicalOptions(
        id_column=column.strip() or None,
        sheet=sheet.strip() or None,
        apply_near_misses=near,
        duplicates="first" if first else "refuse",
        **declared,
    )
    if st.button("Import the table", type="primary", disabled=file is None) and file is not None:
        _import_and_show(here, file, options)
    if takes_near_misses(file) and file is not None:
        _import_and_show(here, file, options.model_copy(update={"apply_near_misses": True}))


def _import_and_show(here: Place, file: Any, options: ClinicalOptions) -> None:  # noqa: ANN401
    """Import what was uploaded; ids that match only nearly are offered by a button."""
    with sentences(), st.spinner("Reading the table and matching its ids"):
        try:
            n_near = _import(here, file.name, file, options)
        except NearMissError as error:
            offer_near_misses(file)
            raise NearMissError(on_page(str(error))) from None
        if n_near:
            offer_near_misses(file)
        else:
            forget_offer()
        st.rerun()


def _import(here: Place, name: str, content: IO[bytes], options: ClinicalOptions) -> int:
    """Read the table from a file that is deleted afterwards: it may hold names of people.

    Returns:
        How many ids match only nearly, and were not matched.
    """
    from clam_core.pipeline.clinical.import_clinical import import_table

    folder = studies_root() / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="table-") as place:
        path = Path(place) / f"table.{known_ending(name, _TYPES)}"
        with path.open("wb") as target:
            shutil.copyfileobj(content, target)
        done = import_table(here.study, path, options)
    st.session_state[_SAID] = (done.sentences[-1],)
    return int(done.values["n_near_misses"])


def _show_columns(here: Place, infos: list[ColumnInfo]) -> None:
    """What each column is, to be corrected in place."""
    st.header("What each column is", anchor=False)
    st.caption(f"Correct what is wrong, then save. {_KIND_WORDS} {CODE_WORDS}")
    declared = declared_of(here.study)
    if words := declared.words():
        st.caption(plain(f"Declared: {words}."))
    shown = _as_table(infos, declared)
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=[str(name) for name in shown if name not in {*_EDITED, _LEVELS, CODES}],
        column_config={
            "Kind": st.column_config.SelectboxColumn(options=list(KINDS), required=True),
            "Doubts": st.column_config.TextColumn(width="large"),
        },
        # Another key after each change: old edits must not fall on rows of a new table.
        key=f"columns_{here.study.name}_{pd.util.hash_pandas_object(shown.astype(str)).sum()}",
        alt="Columns of the clinical table: kind, unit, family, levels and missing codes can be "
        "changed.",
    )
    warned = [(info.label, text) for info in infos for text in info.warnings]
    if warned:
        with st.expander(f"{len(warned)} remarks on the columns"):
            for label, text in warned:
                st.markdown(f"- **{plain(label)}**: {plain(text)}")
    before = shown_codes(declared.missing_values)
    whole = st.text_input(
        "Codes that mean missing in the whole table", before,
        key=f"codes_{here.study.name}_{before}", placeholder="-9; -999",
    )  # fmt: skip
    if st.button("Save the changes", disabled=edited.equals(shown) and whole == before):
        with sentences():
            _save(here, infos, shown, edited, None if whole == before else typed_codes(whole))
            st.rerun()


def _as_table(infos: list[ColumnInfo], declared: Declared | None = None) -> pd.DataFrame:
    from clam_core.export.formulas import neutralise_frame

    own = declared.columns if declared is not None else {}
    rows = [
        {
            "Column": info.name,
            **{title: getattr(info, name) for title, name in _EDITED.items()},
            _LEVELS: _BETWEEN.join(info.levels) if info.kind == "ordinal" else "",
            CODES: shown_codes(own[info.name].missing_values) if info.name in own else "",
            "Values": info.n,
            "Missing": info.n_missing,
            "Doubts": " ".join(info.doubts),
            "Example": info.example,
            "Why": info.reason,
        }
        for info in infos
    ]
    table = pd.DataFrame(rows)
    if not any(info.doubts for info in infos):
        table = table.drop(columns="Doubts", errors="ignore")
    # The codes are made harmless one by one: of `-9; -99` none is a formula.
    return neutralise_frame(table).assign(**{CODES: table[CODES]}) if rows else table


def _save(
    here: Place,
    infos: list[ColumnInfo],
    shown: pd.DataFrame,
    edited: pd.DataFrame,
    whole: tuple[str, ...] | None = None,
) -> None:
    from clam_core.pipeline.clinical.edit_columns import edit_columns
    from clam_core.tables.describe_columns import ColumnOverride

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
        codes = str(edited[CODES].iloc[row] or "")
        if codes != str(shown[CODES].iloc[row]):
            values["missing_values"] = typed_codes(codes)
        if values:
            overrides[info.name] = ColumnOverride.model_validate(values)
    st.session_state[_SAID] = edit_columns(here.study, overrides, whole).sentences
