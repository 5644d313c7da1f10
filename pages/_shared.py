"""What every page needs: the study that is looked at, and errors as sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from clam_core import __version__
from clam_core.errors import ClamError
from clam_core.study import Study


def studies_root() -> Path:
    """The one folder below which studies are opened."""
    return Path(os.environ.get("CLAM_STUDIES", "studies"))


def choose_study() -> Study | None:
    """Let the user choose a study; its name is in the URL."""
    names = sorted(path.parent.name for path in studies_root().glob("*/study.json"))
    if not names:
        return None
    wanted = st.query_params.get("study", names[0])
    start = names.index(wanted) if wanted in names else 0
    name = st.selectbox("Study", names, index=start)
    st.query_params["study"] = name
    return Study(studies_root() / name)


@contextmanager
def sentences() -> Iterator[None]:
    """Show what a user can act on as a sentence instead of a traceback."""
    try:
        yield
    except ClamError as error:
        st.error(str(error))


def plain(text: str) -> str:
    """A text from a file or a table, shown letter by letter: no markdown, no links."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)


def footer() -> None:
    """The same last line on every page."""
    st.caption(f"Research use only: not a medical device. CLAM Explorer {__version__}")
