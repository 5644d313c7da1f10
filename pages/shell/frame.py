"""The shell of every page: study and run, what is missing, jobs, errors, footer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from clam_core import __version__, jobs
from clam_core.errors import ClamError, StudyError
from clam_core.files.file_names import file_name
from clam_core.study import Run, Study, run_names
from pages.shell.access import check_access, visitor
from pages.shell.log import scrub_log
from pages.shell.status import show_job, status_line

Needs = Literal["study", "volumes", "run", "maps"]

_STYLE = Path(__file__).parents[2] / "assets" / "style.css"
_FIRST, _HOME = "cohort", "home"
_PAGES = (
    ("cohort", "Cohort"),
    ("training", "Training"),
    ("explore", "Explore"),
    ("clusters", "Clusters"),
    ("associations", "Associations"),
    ("assign", "New scan"),
    ("report", "Report"),
)
_ROOMS = {"assign": "new_scan"}
"""Folders of pages whose address is another word."""


@dataclass(frozen=True)
class Place:
    """What is looked at.

    Attributes:
        study: The study that is open.
        run: Its run, or None where nothing has been fitted.
    """

    study: Study
    run: Run | None

    @property
    def fitted(self) -> Run:
        """The run, on pages that need one (the shell stops them where there is none)."""
        if self.run is None:
            raise RuntimeError("A page that uses the run must say needs='run'.")
        return self.run


def main() -> None:
    """Run the chosen page; called by app.py."""
    scrub_log()
    chosen = _navigation()
    check_access()
    chosen.run()


def _navigation() -> StreamlitPage:
    files = [(_script(name), name, title) for name, title in _PAGES]
    pages = [
        st.Page(
            file, title=title, url_path=_HOME if name == _FIRST else name, default=name == _FIRST
        )
        for file, name, title in files
        if file.is_file()
    ]
    # The first page has the address of the app; people type its own all the same.
    pages.append(st.Page(files[0][0], title="Cohort", url_path=_FIRST, visibility="hidden"))
    return st.navigation(pages, position="top")


def _script(name: str) -> Path:
    """The script of a page, by the word of its address."""
    return Path(__file__).parents[1] / _ROOMS.get(name, name) / "page.py"


def page_link(name: str, label: str, **query: str) -> None:
    """Link to another page by its name, keeping study and run."""
    kept = {key: st.query_params[key] for key in ("study", "run") if key in st.query_params}
    st.page_link(_script(name), label=label, query_params={**kept, **query})


def studies_root() -> Path:
    """The one folder below which studies are opened."""
    return Path(os.environ.get("CLAM_STUDIES", "studies"))


def study_names() -> list[str]:
    """Names of the studies that can be opened."""
    return sorted(path.parent.name for path in studies_root().glob("[!.]*/study.json"))


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
    st.html(_STYLE)
    heading, *selectors = st.columns([4, 2, 2], vertical_alignment="bottom")
    heading.title(title, anchor=False)
    try:
        place = _open(selectors)
        if place is None:
            end()
        show_job(studies_root(), place.study.name, title.lower())
        _require(place, needs)
        yield place
    except ClamError as error:
        st.error(plain(str(error)))
        end()  # also where there is nothing to draw the page on
    except Exception:
        footer()
        raise
    footer()


def _open(selectors: list[DeltaGenerator]) -> Place | None:
    """The chosen study with its line of status; None, and what to do, where none can be opened."""
    from pages.cohort.delete_study import show_damaged  # which themselves need the shell
    from pages.cohort.two_doors import show_doors

    try:
        place = _choose_place(selectors)
        if place is not None:
            st.caption(plain(status_line(place.study, place.run)))
            return place
        st.info("There is no study yet: try the demo study, or open your own scans.")
        show_doors()
    except StudyError as error:
        st.error(plain(str(error)))
        show_damaged(st.query_params["study"])
    return None


def _choose_place(selectors: list[DeltaGenerator]) -> Place | None:
    """Study and run, in the same place on every page."""
    names = study_names()
    if not names:
        return None
    with selectors[0]:
        study = Study(studies_root() / _choose("Study", "study", names))
    runs = run_names(study)
    with selectors[1]:
        run = Run(study, _choose("Run", "run", runs)) if runs else None
    return Place(study, run)


def _choose(label: str, name: str, options: list[str]) -> str:
    """A selector whose value is in the URL."""
    wanted = st.query_params.get(name)
    start = options.index(wanted) if wanted in options else 0
    chosen = st.selectbox(label, options, index=start)
    st.query_params[name] = chosen
    return chosen


def _require(place: Place, needs: Needs) -> None:
    """Say which step is missing, offer it, and stop the page."""
    missing = _missing(place, needs)
    if missing is None:
        return
    sentence, target, label = missing
    st.info(sentence)
    if target == "maps":
        if st.button(label, type="primary"):
            jobs.start(studies_root(), place.study.name, "localize", {"run": place.fitted.name})
            st.rerun()
    else:
        page_link(target, label)
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
    if needs == "maps" and place.run is not None and place.run.info().localized is None:
        said = "This run has no maps yet. They show where in each scan its cluster is recognised."
        return said, "maps", "Make the maps"
    return None


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


def download_stem(here: Place, mark: str) -> str:
    """How names of files begin that are saved from a run: study and run, a mark between them."""
    return file_name(f"{here.study.name}{mark}{here.fitted.name}")


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
