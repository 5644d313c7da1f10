"""Which scans have a value: by clinical or quality values; what fits is selected in the map."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.explore.cohort_map_data import Mapped, mapped, titled
from pages.shell.place import Place

_QUALITY = {
    "mask_quality": "Quality of the mask",
    "lung_litres": "Volume of the lungs (litres)",
    "slice_thickness_mm": "Slice thickness (mm)",
    "hu_p50": "Median value",
    "warnings": "Warnings",
    "site": "Site",
    "manufacturer": "Manufacturer",
    "kernel": "Kernel",
}
_MOST_VALUES = 50


def ask_filter(here: Place) -> list[str] | None:
    """Ask for a variable and its values; the scans that fit once they are to be selected."""
    found = mapped(here)
    columns = _columns(here, found)
    with st.expander("Choose scans by a value"):
        name = st.selectbox("Variable", list(columns), key="filter-by", index=None)
        if name is None:
            return None
        values = columns[name]
        fits = _fitting(values, name)
        ids = [str(one) for one in values.index[fits]]
        st.caption(f"{len(ids)} of {len(values)} scans; {int(values.isna().sum())} have no value.")
        return ids if st.button("Select them", disabled=not ids, key="filter-go") else None


def _columns(here: Place, found: Mapped) -> dict[str, pd.Series[Any]]:
    """What can be asked for, by its label; only what has two values at least."""
    scans = here.study.scans().reindex(found.table.index)
    columns = {titled(info): found.clinical[info.name] for info in found.columns}
    columns |= {label: scans[name] for name, label in _QUALITY.items() if name in scans}
    columns["Confidence"] = found.table["confidence"]
    return {
        label: values
        for label, values in columns.items()
        if values.dropna().astype(str).nunique() > 1
    }


def _fitting(values: pd.Series[Any], name: str) -> pd.Series[bool]:
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    if numbers.notna().sum() == values.notna().sum() and numbers.nunique() > 5:
        low, high = float(numbers.min()), float(numbers.max())
        chosen = st.slider("From, to", low, high, (low, high), key=f"filter-range-{name}")
        return numbers.between(*chosen)
    texts = values.dropna().astype(str)
    options = sorted(texts.unique())[:_MOST_VALUES]
    picked = st.multiselect("Values", options, key=f"filter-values-{name}")
    return values.astype(str).isin(picked) & values.notna()
