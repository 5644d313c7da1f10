"""Ids that are nearly those of the study: a button takes them, once the import has named them."""

from __future__ import annotations

from typing import Any

import streamlit as st

_OFFERED = "near_misses_offered"
"""In the session: the uploaded file whose import named ids that match only nearly."""


def on_page(text: str) -> str:
    """A sentence about such ids for those who have no command line before them."""
    how = "(button below)" if is_offered() else "(import the table again; a button then takes them)"
    return text.replace("(on the page Cohort, or with --accept-near-misses)", how)


def offer_near_misses(file: Any) -> None:  # noqa: ANN401 (an uploaded file)
    """Show the button from now on, as long as this file is there."""
    st.session_state[_OFFERED] = file.file_id


def forget_offer() -> None:
    """No button any more."""
    st.session_state.pop(_OFFERED, None)


def is_offered() -> bool:
    """Whether the last import named ids that match only nearly."""
    return _OFFERED in st.session_state


def takes_near_misses(file: Any) -> bool:  # noqa: ANN401
    """The button; whether it was pressed."""
    if file is None or st.session_state.get(_OFFERED) != file.file_id:
        return False
    return st.button("Import again, with the ids that are nearly the same", key="take_near")
