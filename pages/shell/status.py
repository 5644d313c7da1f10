"""What a study holds and lacks, in one line; and the step that is at work."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import streamlit as st

from clam_core import jobs
from clam_core.pipeline.declared_steps import words_of
from clam_core.pipeline.scans.losses import without_flag
from clam_core.settings.verdicts import caution_of_size
from clam_core.study import Run, Study
from clam_core.tables.rows_of_scans import has_row
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import plain

_NEXT = (
    ({"demo", "groups", "localize"}, "explore", "Look at the map of the cohort"),
    ({"create", "preprocess"}, "training", "Find clusters in these scans"),
    ({"associate"}, "associations", "Read what differs between the clusters"),
)
"""After which steps, which page, in what words."""
_ENDED = {
    "failed": "stopped: {error}",
    "cancelled": "was cancelled. Start it again and it goes on where it was.",
    "interrupted": "was interrupted. Start it again and it goes on where it was.",
}


def status_line(study: Study, run: Run | None) -> str:
    """One line: scans, run, maps, clinical table."""
    counts = study.scans()["status"].value_counts()
    parts = [f"{int(counts.get('ready', 0)):,} scans ready"]
    for status, words in (("failed", "failed"), ("found", "not prepared yet")):
        if counts.get(status):
            parts[0] += f", {int(counts[status]):,} {words}"
    if run is None:
        parts.append("no run yet")
    else:
        when = datetime.fromtimestamp((run.folder / "run.json").stat().st_mtime)
        info = run.info()
        parts.append(f"run '{run.name}', {info.n_clusters} clusters, fitted {when.day} {when:%b}")
        parts.append(_maps(run))
    parts.append(_clinical(study))
    return " · ".join(parts)


def show_caution(run: Run) -> None:
    """Say where a cohort is too small for its confidence to tell anything."""
    caution = caution_of_size(len(run.scans()))
    if caution:
        st.warning(caution)


def _maps(run: Run) -> str:
    if run.info().given is not None:
        return "numbers of a table, without maps"
    if run.info().localized is None:
        return "no maps yet"
    done = run.maps()["done"]
    return f"maps {int(done.sum()):,} of {len(done):,}"


def _clinical(study: Study) -> str:
    clinical = study.clinical()
    if clinical is None:
        return "no clinical table"
    table, scans = clinical[0], study.scans()
    return f"clinical table {int(has_row(table, scans).sum()):,} of {len(scans):,} matched"


def show_stale(here: Place, page: str) -> None:
    """Say so where the run belongs to other volumes, and what to do.

    Args:
        here: Study and run.
        page: Address of the page that is open.
    """
    if not here.stale:
        return
    st.warning(plain(here.stale), icon=":material/history:")
    if page != "training":
        page_link("training", "Find clusters again")


def stale_badge(here: Place) -> None:
    """Mark what was made from other volumes than the study holds now."""
    if here.stale:
        st.badge("Of other volumes than now", icon=":material/history:", color="orange")


def show_job(root: Path, study: str, page: str = "") -> None:
    """The step that works on a study, or how the last one ended.

    Args:
        root: Folder of studies.
        study: Name of the study.
        page: Address of the page that is open.
    """
    found = jobs.state(root, study)
    if found is None:
        return
    if found.status == "running":
        _watch(str(root), study)
        return
    words = words_of(found.step)
    left, right = st.columns([6, 1], vertical_alignment="center")
    with left:
        if found.status == "done":
            with st.expander(f"{words}: done", icon=":material/check_circle:"):
                for sentence in found.sentences:
                    st.text(sentence)
            _next_step(found.step, page)
        else:
            st.warning(
                f"{words} " + _ENDED[found.status].format(error=plain(without_flag(found.error)))
            )
    with right:
        if found.status != "done" and st.button("Go on", key="job_go_on", type="primary"):
            start(study, found.step, found.arguments)
        if st.button("Dismiss", key="job_dismiss"):
            jobs.forget(root, study)
            st.rerun()


def _next_step(step: str, page: str) -> None:
    """Where to look at what a step has made, unless that is the page itself."""
    for steps, target, label in _NEXT:
        if step in steps and target != page:
            page_link(target, label)


@st.fragment(run_every=1.0)
def _watch(root: str, study: str) -> None:
    """Stage, bar, time left and Cancel, once a second; the page follows when it ends."""
    found = jobs.state(Path(root), study)
    if found is None or found.status != "running":
        st.rerun(scope="app")
        return
    left, right = st.columns([6, 1], vertical_alignment="center")
    with left:
        count = f" ({found.done} of {found.total})" if found.total > 1 else ""
        words = f"{words_of(found.step)}: {plain(found.stage)}{count}"
        share = f"{found.fraction:.0%}"
        st.progress(found.fraction, f"{words} · {share} · {left_now(found, time.time())}")
    with right:
        if st.button("Cancel", key="job_cancel"):
            jobs.cancel(Path(root), study)
            st.rerun(scope="app")


def left_now(found: jobs.JobState, now: float) -> str:
    """The time left, counted on since the step told it; in words."""
    if found.remaining_seconds is None:
        return time_left(None)
    left = found.remaining_seconds - max(0.0, now - found.told)
    return time_left(left) if left > 0 else "longer than was estimated"


def time_left(seconds: float | None) -> str:
    """`about 40 s left`, in steps that people can read."""
    if seconds is None:
        return "estimating the time left"
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    return f"about {round(seconds / 60)} min left"
