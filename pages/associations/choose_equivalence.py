"""From which difference on clusters are no longer alike."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from clam_core.tables.column_info import ColumnInfo


def choose_equivalence(
    columns: list[ColumnInfo], labels: dict[str, str], known: dict[str, Any]
) -> dict[str, Any]:
    """Ask for the bounds of equivalence.

    Args:
        columns: Columns of the clinical table.
        labels: What each is called in a list.
        known: Settings of the comparison that is stored.

    Returns:
        Options of the step `associate`.
    """
    names = {labels[one.name]: one.name for one in columns if one.kind in {"continuous", "count"}}
    back = {name: label for label, name in names.items()}
    st.markdown("**Are clusters alike?** State which difference would not matter to a patient.")
    bound = st.number_input(
        "Bound for every number, in standard deviations", 0.0, 10.0, known.get("equivalence_sd"),
        step=0.1, placeholder="None",
        help="Means are then tested for differing by less than this (two one-sided tests).",
    )  # fmt: skip
    stored = {back[name]: size for name, size in (known.get("equivalence") or {}).items()
              if name in back}  # fmt: skip
    edited = st.data_editor(
        pd.DataFrame({"Variable": list(stored), "Bound": list(stored.values())}).astype(
            {"Variable": "string", "Bound": "float64"}
        ),
        num_rows="dynamic",
        hide_index=True,
        key="equivalence_bounds",
        column_config={
            "Variable": st.column_config.SelectboxColumn(options=list(names)),
            "Bound": st.column_config.NumberColumn(
                min_value=0.0, help="In the unit of the variable."
            ),
        },
    )
    whole = edited.dropna()
    chosen = {names[str(label)]: float(size) for label, size in
              zip(whole["Variable"], whole["Bound"], strict=True) if size > 0}  # fmt: skip
    return {"equivalence": chosen or None, "equivalence_sd": bound or None}
