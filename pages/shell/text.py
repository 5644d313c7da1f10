"""Texts on a page: shown letter by letter, and as a sentence instead of a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from clam_core.errors import ClamError


@contextmanager
def sentences() -> Iterator[None]:
    """Show what a user can act on as a sentence instead of a traceback."""
    try:
        yield
    except ClamError as error:
        st.error(plain(str(error)))


def plain(text: str) -> str:
    """A text from a file or a table, shown letter by letter: no markdown, no links."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)
