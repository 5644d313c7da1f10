"""What is looked at: the study and its run, in the address and remembered during a visit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clam_core import jobs
from clam_core.errors import StudyError
from clam_core.files.file_names import file_name
from clam_core.pipeline.current import why_stale
from clam_core.study import Run, Study, run_names

_STUDY, _RUNS, _AWAITED = "_last_study", "_last_runs", "_awaited_run"


@dataclass(frozen=True)
class Place:
    """What is looked at.

    Attributes:
        study: The study that is open.
        run: Its run, or None where nothing has been fitted.
        stale: Why nothing more can be computed with the run: the study holds other volumes
            now. Empty where all is well.
    """

    study: Study
    run: Run | None
    stale: str = ""

    @property
    def fitted(self) -> Run:
        """The run, on pages that need one (the shell stops them where there is none)."""
        if self.run is None:
            raise RuntimeError("A page that uses the run must say needs='run'.")
        return self.run


def studies_root() -> Path:
    """The one folder below which studies are opened."""
    return Path(os.environ.get("CLAM_STUDIES", "studies"))


def study_names() -> list[str]:
    """Names of the studies that can be opened."""
    return sorted(path.parent.name for path in studies_root().glob("[!.]*/study.json"))


def study_being_made() -> str | None:
    """The study that the address asks for, if it is not there yet: a step makes it, or tried to."""
    wanted = _wanted_study()
    if wanted in study_names():
        return None
    try:
        state = jobs.state(studies_root(), wanted)
    except StudyError:  # no study can be called that
        return None
    return wanted if state is not None and state.status != "done" else None


def study_not_there() -> str:
    """The study that the address asks for where it is neither there nor being made; else empty."""
    asked = str(st.query_params.get("study", ""))
    return "" if asked in [*study_names(), study_being_made()] else asked


def choose_study(where: DeltaGenerator) -> str | None:
    """Name of the study that is looked at; None where there is none."""
    names, coming = study_names(), study_being_made()
    options = names if coming is None else sorted([*names, coming])
    if not options:
        return None
    name = _choose(where, "Study", options, _wanted_study())
    st.session_state[_STUDY] = name
    return name


def open_place(name: str, where: DeltaGenerator) -> Place:
    """Open a study and the run that is chosen; both are put into the address.

    Args:
        name: Of a study that is there.
        where: Where the selector of the run stands.

    Raises:
        StudyError: If the study or the run is damaged.
    """
    study = Study(studies_root() / name)
    runs = run_names(study)
    if not runs:
        keep_in_address(study=name)
        return Place(study, None)
    last = st.session_state.setdefault(_RUNS, {})
    wanted = _awaited(name, runs) or st.query_params.get("run") or last.get(name)
    chosen = last[name] = _choose(where, "Run", runs, wanted)
    keep_in_address(study=name, run=chosen)
    run = Run(study, chosen)
    return Place(study, run, _stale_words(run) if why_stale(study, run) else "")


def look_at(study: str) -> None:
    """Look at a study from now on, also if it is only being made."""
    st.session_state[_STUDY] = study
    keep_in_address(study=study)


def await_run(study: str, run: str) -> None:
    """Open a run as soon as the step that makes it has ended."""
    st.session_state[_AWAITED] = (study, run)


def keep_in_address(**values: str) -> None:
    """Put names into the address; one that says so already is left as it is."""
    changed = {name: value for name, value in values.items() if st.query_params.get(name) != value}
    if changed:
        st.query_params.update(changed)


def download_stem(here: Place, mark: str) -> str:
    """How names of files begin that are saved from a run: study and run, a mark between them."""
    return file_name(f"{here.study.name}{mark}{here.fitted.name}")


def _wanted_study() -> str:
    """What the address asks for; the menu's links ask for nothing, so the study stays open."""
    return str(st.query_params.get("study") or st.session_state.get(_STUDY, ""))


def _awaited(study: str, runs: list[str]) -> str | None:
    """The run that was waited for, once, after its step has ended."""
    wanted: tuple[str, str] | None = st.session_state.get(_AWAITED)
    if wanted is None or wanted[0] != study or wanted[1] not in runs:
        return None
    state = jobs.state(studies_root(), study)
    if state is not None and state.status == "running":
        return None
    del st.session_state[_AWAITED]
    return wanted[1]


def _choose(where: DeltaGenerator, label: str, options: list[str], wanted: str | None) -> str:
    """A selector that stands on what is wanted, or else on the first."""
    start = options.index(wanted) if wanted in options else 0
    return str(where.selectbox(label, options, index=start))


def _stale_words(run: Run) -> str:
    return (
        f"The run {run.name!r} was made from other volumes than this study holds now: find "
        "clusters again on the page Training, or prepare the scans as they were then."
    )
