"""What the comparison is adjusted by, and how."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core.settings.results import FEWEST_TABLES
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
    left, right = st.columns(2)
    impute = left.number_input(
        "Missing covariates: imputed tables", 0, 200, known.get("impute", 0), step=5,
        help="0 leaves subjects with a missing covariate out of adjusted results; 20 is usual.",
    )  # fmt: skip
    draws = right.number_input(
        "Unsure clusters: draws from their probabilities", 0, 200, known.get("label_draws", 0),
        step=5, help="0 makes none; 20 is usual. Their pooled test stands beside the usual one.",
    )  # fmt: skip
    few = f"Fewer than {FEWEST_TABLES} tables or draws do not tell how far they differ: none made."
    if 0 < impute < FEWEST_TABLES or 0 < draws < FEWEST_TABLES:
        st.caption(few)
    impute, draws = (one if one >= FEWEST_TABLES else 0 for one in (impute, draws))
    return {"adjust": adjust, "adjust_by": by, "impute": impute, "label_draws": draws}
