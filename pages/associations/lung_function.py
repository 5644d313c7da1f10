"""Reference values of lung function and visits over time, added to the clinical table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from clam_core.files.file_names import known_ending
from clam_core.pipeline.clinical.lung_function import (
    add_reference_values,
    find_sources,
    proposals_of,
)
from clam_core.spirometry import ETHNIC_GROUPS, ROLES, LungFunctionSettings, known_group
from clam_core.tables.column_info import ColumnInfo
from pages.shared.declared_codes import ask_declared
from pages.shell.place import Place
from pages.shell.text import plain, sentences

_EQUATIONS = {
    "GLI-2022": "GLI-2022 global (no ethnic groups)",
    "GLI-2012": "GLI-2012 (by ethnic group)",
}
_TYPES = ("csv", "tsv", "xlsx", "parquet")
_PEOPLE = ("Sex", "Age", "Height")


def show_reference_values(here: Place, columns: list[ColumnInfo]) -> None:
    """Offer predicted values, z-scores, limits of normal, pattern and GAP."""
    sources = find_sources(columns)
    measures = [role for role in sources if role not in {*_PEOPLE, "Ethnicity"}]
    done = sorted({info.version for info in columns if info.equation and info.version})
    if not measures:
        return
    with st.expander("Reference values of lung function", expanded=not done):
        missing = [role.lower() for role in _PEOPLE if role not in sources]
        if missing:
            st.info(
                f"{', '.join(measures)} are in the table. For z-scores and % predicted it also "
                f"needs {', '.join(missing)}."
            )
            return
        if done:
            st.caption(plain(f"Reference values are in the table ({', '.join(done)})."))
        with sentences():
            _form(here, columns, done=bool(done))


def _form(here: Place, columns: list[ColumnInfo], *, done: bool) -> None:
    sources = find_sources(columns)
    with st.form("lung_function", border=False):
        values: dict[str, Any] = {"units": {}, "sex_codes": {}, "ethnic_groups": {}}
        proposals = proposals_of(here.study)
        st.markdown("\n".join(f"- {plain(one.reason)}" for one in proposals))
        for one in proposals:
            if one.must_confirm:
                units = list(ROLES[one.role].units)
                place = units.index(one.unit) if one.unit in units else None
                chosen = st.selectbox(f"Unit of {plain(one.column)}", units, place)
                values["units"] |= {one.role: chosen} if chosen else {}
        by_name = {info.name: info for info in columns}
        for code in _codes(by_name[sources["Sex"].column]):
            sex = st.selectbox(f"Sex {plain(code)} means", ["female", "male"], None)
            values["sex_codes"] |= {code: sex} if sex else {}
        equation = st.selectbox(
            "Equations of FEV1 and FVC", list(_EQUATIONS), format_func=_EQUATIONS.__getitem__
        )
        ethnicity = by_name[sources["Ethnicity"].column] if "Ethnicity" in sources else None
        group = None
        if ethnicity is None:
            group = st.selectbox(
                "Ethnic group of all subjects (for GLI-2012 only)", list(ETHNIC_GROUPS), None
            )
        else:
            values["ethnic_groups"] = _choose_groups(ethnicity)
        name = "Calculate again" if done else "Add reference values"
        if st.form_submit_button(name):
            settings = LungFunctionSettings.model_validate(
                {**values, "spirometry": equation, "ethnic_group_for_all": group}
            )
            _say(add_reference_values(here.study, settings).sentences)
    _show_said("lung")


def _choose_groups(ethnicity: ColumnInfo) -> dict[str, str]:
    """What each value of the ethnicity column means for GLI-2012; known words are filled in."""
    chosen: dict[str, str] = {}
    for level in ethnicity.levels:
        known = known_group(level)
        group = st.selectbox(
            f"{plain(ethnicity.label)} {plain(level)} means (for GLI-2012 only)",
            list(ETHNIC_GROUPS),
            ETHNIC_GROUPS.index(known) if known else None,
            key=f"ethnic_group_{level}",
        )
        chosen |= {level: group} if group else {}
    return chosen


def _codes(sex: ColumnInfo) -> list[str]:
    """Codes of the sex column that do not say what they mean."""
    return [level for level in sex.levels if level.replace(".", "", 1).isdigit()]


def _say(said: tuple[str, ...], key: str = "lung") -> None:
    """Keep sentences over the rerun that shows the new columns."""
    st.session_state[f"_said_{key}"] = said
    st.rerun()


def _show_said(key: str) -> None:
    said = st.session_state.pop(f"_said_{key}", ())
    if said:
        st.success(plain(said[0]) + " Compare again to test the new columns.")
        for sentence in said[1:]:
            st.caption(plain(sentence))


def show_visits(here: Place) -> None:
    """Take a table with one row per visit."""
    from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
    from clam_core.tables.declared import Declared

    with st.expander("Visits over time"):
        st.caption(
            "A table with one row per visit: an id, a time (a number or a date) and values such as "
            "FVC. Their change over time is then compared between the clusters."
        )
        given = st.file_uploader("Table of visits (CSV, XLSX)", _TYPES)
        time = st.text_input("Column of the time", placeholder="found by its name")
        said = ask_declared("visits_")
        forget = bool(said.pop("forget_declared"))
        if given is not None and st.button("Add visits"):
            options = VisitOptions(
                time_column=time or None, declared=Declared(**said), forget_declared=forget
            )
            with sentences(), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"visits.{known_ending(given.name, _TYPES)}"
                path.write_bytes(given.getvalue())
                done = import_visits(here.study, path, options)
                _say(done.sentences, "visits")
        _show_said("visits")
