"""Tables on a page: what is copied out of them is harmless in a spreadsheet."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from clam_core.export.formulas import neutralise_frame


def table(frame: pd.DataFrame, alt: str, **how: Any) -> None:  # noqa: ANN401
    """Show a table whose download, made in the browser, holds no cell that is a formula.

    Args:
        frame: Any table.
        alt: What it holds, for those who do not see it.
        how: Further arguments of `st.dataframe`.
    """
    st.dataframe(neutralise_frame(frame), alt=alt, **how)
