"""Readers who have not locked yet: with a login they see nothing of the study but their cases."""

from __future__ import annotations

import streamlit as st

from clam_core.errors import ClamError
from clam_core.reading_study.blind_order import PARTS
from clam_core.study import Study
from clam_core.study.readings.reading import Reading, readings_of
from pages.shell.access import way_in
from pages.shell.page_list import page_link
from pages.shell.text import plain

READING_PAGE = "Reading study"


def reader_name() -> str | None:
    """The name by which the visitor has logged in, or the proxy knows him; None without a login."""
    way = way_in()
    if way == "login":
        return str(st.user.get("email") or st.user.get("name") or "") or None
    if way == "proxy":
        names = st.get_option("server.trustedUserHeaders").values()
        told = [str(st.user.get(name) or "").strip() for name in names]
        return next((name for name in told if name), None)
    return None


def is_reader(reading: Reading, name: str) -> bool:
    """Whether somebody of this name is one of the readers."""
    return name.casefold() in {one.casefold() for one in reading.protocol().readers}


def is_blind(reading: Reading, name: str) -> bool:
    """Whether a reader still has a part to read."""
    protocol = reading.protocol()
    if not is_reader(reading, name):
        return False
    parts = [part for part in PARTS if part == "scores" or protocol.maps is not None]
    return any(reading.locked(name, part) is None for part in parts)


def refuse_blind_reader(study: Study, title: str) -> None:
    """Stop a page that would tell a reader what he must not know yet."""
    name = reader_name()
    if name is None or title == READING_PAGE:
        return
    for reading in readings_of(study):
        try:
            blind = is_blind(reading, name)
        except ClamError:  # a damaged one blinds nobody
            continue
        if blind:
            st.info(
                plain(
                    f"You are a reader of the reading study {reading.name!r}. Clusters, maps and "
                    "clinical values of this study are shown to you once you have locked your part."
                )
            )
            page_link("reading", "Go to the reading study")
            st.stop()
