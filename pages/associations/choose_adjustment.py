"""What the comparison is adjusted by, and how."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core.statistics import usual_covariates
from clam_core.tables.column_info import ColumnInfo

_ADJUST_BY = {
    "regression": "regression: covariates enter a model of each variable",
    "weights": "weights: rows count by the inverse probability of their cluster",
}


def choose_adjustment(
    columns: list[ColumnInfo], usable: dict[str, str], known: dict[str, Any]
) -> dict[str, Any]:
    """Ask for the covariates and how results are adjusted by them.

    Args:
        columns: Columns of the clinical table.
        usable: Those that can be covariates, and what they are called.
        known: Settings of the comparison that is stored.

    Returns:
        Options of the step `associate`.
    """
    default = known.get("adjust", usual_covariates(columns))
    adjust = st.multiselect(
        "Adjust for", list(usable), [name for name in default if name in usable],
        format_func=usable.__getitem__, help="Crude results stay beside the adjusted ones.",
    )  # fmt: skip
    by = st.selectbox(
        "Adjusted by", list(_ADJUST_BY),
        list(_ADJUST_BY).index(known.get("adjust_by", "regression")),
        format_func=_ADJUST_BY.__getitem__,
        help="Weights make the clusters alike in the covariates without a model of the variable; "
        "levels without an order are then not adjusted.",
    )  # fmt: skip
    return {"adjust": adjust, "adjust_by": by}
