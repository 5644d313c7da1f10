"""Codes that mean missing, decimal mark and date order: how they are asked for and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from clam_core.export.formulas import neutralise

CODES = "Codes that mean missing"
CODE_WORDS = (
    "Codes that mean missing, such as -9 or 999, are declared beside their column, or below for "
    "the whole table: apart by semicolons."
)
_BETWEEN = re.compile(r";|,\s+")
_MARKS = {None: "As found out", ".": "Point: 2.5", ",": "Comma: 2,5"}
_ORDERS = {None: "As found out", "dmy": "Day first: 31/12/2024", "mdy": "Month first: 12/31/2024"}


def typed_codes(text: str) -> tuple[str, ...]:
    """`-9; 999` -> ("-9", "999"); a comma and a blank divide, too, a comma alone is decimal."""
    parts = (part.strip() for part in _BETWEEN.split(text))
    codes = (
        code[1:] if code[:1] == "'" and neutralise(code[1:]) == code else code for code in parts
    )
    return tuple(dict.fromkeys(code for code in codes if code))


def shown_codes(codes: Sequence[str]) -> str:
    """The same as a person types it; a code that could be a formula gets an apostrophe."""
    return "; ".join(neutralise(code) for code in codes)


def ask_declared(prefix: str = "") -> dict[str, Any]:
    """Ask how a table is read that is about to be imported.

    Args:
        prefix: Of the keys of the fields, where a page asks for several tables.

    Returns:
        What is declared of the table, and `forget_declared`.
    """
    with st.expander("If numbers, dates or missing values are read wrongly"):
        codes = st.text_input(
            "Codes that mean missing in every column, apart by semicolons",
            key=f"{prefix}missing_codes",
            placeholder="-9; -999",
        )
        mark = st.selectbox(
            "Decimal mark",
            list(_MARKS),
            format_func=_MARKS.__getitem__,
            key=f"{prefix}decimal_mark",
        )
        order = st.selectbox(
            "Dates", list(_ORDERS), format_func=_ORDERS.__getitem__, key=f"{prefix}date_order"
        )
        forget = st.checkbox(
            "Forget what was declared for the table and its columns before",
            key=f"{prefix}forget_declared",
        )
    return {
        "missing_values": typed_codes(codes),
        "decimal": mark,
        "date_order": order,
        "forget_declared": forget,
    }
