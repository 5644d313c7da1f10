"""The list of pages, their addresses, and links from one to another."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_FIRST, _HOME = "cohort", "home"
_PAGES = (
    ("cohort", "Cohort"),
    ("training", "Training"),
    ("explore", "Explore"),
    ("clusters", "Clusters"),
    ("associations", "Associations"),
    ("assign", "New scan"),
    ("reading", "Reading study"),
    ("report", "Report"),
)
_ROOMS = {"assign": "new_scan", "reading": "reading_study"}
"""Folders of pages whose address is another word."""


def navigation() -> StreamlitPage:
    """Tell the browser which pages there are; the one that its address names."""
    files = [(_script(name), name, title) for name, title in _PAGES]
    pages = [
        st.Page(
            file, title=title, url_path=_HOME if name == _FIRST else name, default=name == _FIRST
        )
        for file, name, title in files
    ]
    # The first page has the address of the app; people type its own all the same.
    pages.append(st.Page(files[0][0], title="Cohort", url_path=_FIRST, visibility="hidden"))
    return st.navigation(pages, position="top")


def page_link(name: str, label: str, **query: str) -> None:
    """Link to another page by its name, keeping study and run."""
    kept = {key: st.query_params[key] for key in ("study", "run") if key in st.query_params}
    st.page_link(_script(name), label=label, query_params={**kept, **query})


def _script(name: str) -> Path:
    """The script of a page, by the word of its address."""
    return Path(__file__).parents[1] / _ROOMS.get(name, name) / "page.py"
