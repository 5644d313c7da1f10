"""What is drawn around the body of every page: selectors, status, what is missing, last line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clam_core import __version__
from clam_core.errors import ClamError, StudyError
from clam_core.files.system_errors import as_sentence
from clam_core.study import Study
from pages.shell.access import visitor
from pages.shell.blind_readers import refuse_blind_reader
from pages.shell.delete_study import show_damaged
from pages.shell.page_list import page_link
from pages.shell.place import (
    Place,
    choose_study,
    open_place,
    studies_root,
    study_names,
    study_not_there,
)
from pages.shell.start_job import start
from pages.shell.status import show_caution, show_job, show_stale, status_line
from pages.shell.text import plain
from pages.shell.two_doors import show_doors

Needs = Literal["study", "volumes", "run", "maps"]

_ASSETS = Path(__file__).parents[2] / "assets"
_ONE_ENTRY = st.components.v2.component(
    "clam_one_entry",
    html="<span></span>",
    js=(_ASSETS / "one_entry.js").read_text(encoding="utf-8"),
)


@contextmanager
def page(title: str, needs: Needs = "study") -> Iterator[Place]:
    """Draw what all pages share around the body of a page.

    Args:
        title: Heading.
        needs: What must be there; where it is not, the page says which step is missing,
            offers it, and ends.

    Yields:
        The study and the run.
    """
    st.html(_ASSETS / "style.css")
    with st.container(key="one-entry"):
        _ONE_ENTRY(key="one-entry-script")
    heading, *selectors = st.columns([4, 2, 2], vertical_alignment="bottom")
    heading.title(title, anchor=False)
    try:
        place = _open(selectors, title)
        if place is None:
            end()
        refuse_blind_reader(place.study, title)
        show_job(studies_root(), place.study.name, title.lower())
        _require(place, needs)
        if place.run is not None and needs != "study":
            show_caution(place.run)
        yield place
    except ClamError as error:
        st.error(plain(str(error)))
        end()  # also where there is nothing to draw the page on
    except Exception as error:
        known = as_sentence(error)
        if known is not None:
            st.error(plain(str(known)))
            end()
        footer()
        raise
    footer()


@contextmanager
def bare_page(title: str) -> Iterator[Study]:
    """A page with nothing around its body: no menu, no selectors, no status.

    Args:
        title: For those who do not see the page.

    Yields:
        The study that the address names.
    """
    st.html(_ASSETS / "style.css")
    st.html(_ASSETS / "bare_page.css")
    st.html(f"<h1 class='only-heard'>{title}</h1>")
    try:
        name = str(st.query_params.get("study", ""))
        if name not in study_names():
            st.info("This study is not there any more.")
            st.stop()
        yield Study(studies_root() / name)
    except ClamError as error:
        st.error(plain(str(error)))
    except Exception as error:
        known = as_sentence(error)
        if known is None:
            raise
        st.error(plain(str(known)))


def _open(selectors: list[DeltaGenerator], title: str) -> Place | None:
    """The chosen study with its line of status; None, and what to do, where none can be opened."""
    lost = study_not_there()
    name = choose_study(selectors[0])
    if name is None:
        st.info("There is no study yet: try the demo study, or open your own scans.")
        show_doors()
        return None
    if lost:
        st.warning(f"There is no study {plain(lost)} here (any more); this is {plain(name)}.")
    if name not in study_names():
        st.caption(f"The study {plain(name)} is not there yet.")
        show_job(studies_root(), name)
        return None
    try:
        place = open_place(name, selectors[1])
        st.caption(plain(status_line(place.study, place.run)))
    except StudyError as error:
        st.error(plain(str(error)))
        show_damaged(name)
        return None
    show_stale(place, title.lower())
    return place


def _require(place: Place, needs: Needs) -> None:
    """Say which step is missing, offer it, and stop the page."""
    missing = _missing(place, needs)
    if missing is None:
        return
    sentence, target, label = missing
    st.info(sentence)
    if target != "maps":
        page_link(target, label)
    elif not place.stale and st.button(label, type="primary"):
        start(place.study.name, "localize", {"run": place.fitted.name})
    end()


def _missing(place: Place, needs: Needs) -> tuple[str, str, str] | None:
    """A sentence, where it can be put right (a page, or `maps`), and the words for it."""
    if needs == "study":
        return None
    if place.study.info.prepared is None:
        said = "The scans have been found but not prepared yet: that is the next step."
        return said, "cohort", "Go to Cohort to prepare them"
    if needs in {"run", "maps"} and place.run is None:
        said = "No clusters have been found in this study yet: that is the next step."
        return said, "training", "Go to Training to find clusters"
    info = None if place.run is None else place.run.info()
    # A run of a table of numbers can have no maps: its page shows what there is without.
    if needs == "maps" and info is not None and info.localized is None and info.given is None:
        said = "This run has no maps yet. They show where in each scan its cluster is recognised."
        return said, "maps", "Make the maps"
    return None


def end() -> NoReturn:
    """End the page here with its last line; nothing can be drawn after `st.stop`."""
    footer()
    st.stop()


def footer() -> None:
    """The same last line on every page."""
    who = visitor()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Research use only: not a medical device. CLAM Explorer {__version__}")
        if who is not None:
            st.caption(f"Logged in as {plain(who)}", width="content")
            st.button("Log out", on_click=st.logout, type="tertiary")
