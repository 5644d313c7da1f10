"""Prepare the scans of a study: for the first time, again, or without those that were lost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from clam_core import jobs
from clam_core.pipeline.scans.losses import scans_to_give_up, those_scans
from pages.shell.open_scans import prepare_choice
from pages.shell.place import Place, studies_root
from pages.shell.start_job import is_running, start
from pages.shell.text import sentences

_KEPT = ("crop", "spacing_mm", "margin_mm", "intensity_factor", "mask_label")
_FORM = ("grid", "mask")
"""Settings that the form does not ask for: those of the last time stay."""


def show_prepare(here: Place) -> None:
    """Offer to prepare scans that have been found and not yet read."""
    st.info(
        "The scans have been found, but not yet read. Preparing brings each onto one grid, finds "
        "the lungs, and draws a picture of each for you to check."
    )
    with st.expander("How they are prepared"):
        settings = prepare_choice("again")
    if st.button("Prepare the scans", type="primary"):
        with sentences():
            start(here.study.name, "preprocess", {**_last(here), **settings})


def _last(here: Place) -> dict[str, Any]:
    """What the study was prepared with before, as far as the form does not ask for it."""
    prepared = here.study.info.prepared
    return {} if prepared is None else prepared.settings.model_dump(include=set(_KEPT))


def last_settings(here: Place) -> dict[str, Any]:
    """All that the study was prepared with, as arguments of the step: nothing is made anew."""
    prepared = here.study.info.prepared
    return {} if prepared is None else prepared.settings.model_dump(include={*_KEPT, *_FORM})


def show_try_again(here: Place, n_failed: int) -> None:
    """After a failure: read the failed scans once more, as the others were."""
    # Without a single ready scan the form to prepare them all is the way.
    if here.study.info.prepared is None or is_running(here.study.name):
        return
    these = "this scan" if n_failed == 1 else f"these {n_failed} scans"
    if st.button(f"Try {these} again", icon=":material/refresh:", key="try_again"):
        with sentences():
            start(here.study.name, "preprocess", last_settings(here))


def show_give_up(here: Place) -> None:
    """After a refusal: prepare the others and give up the scans that cannot be read any more."""
    job = jobs.state(studies_root(), here.study.name)
    n_scans = scans_to_give_up(job.error) if job is not None and job.status == "failed" else 0
    if job is None or not n_scans:
        return
    those = those_scans(n_scans)
    with st.container(border=True):
        st.markdown(
            "**Nothing was changed.** If a drive or folder is not connected, connect it and press "
            f"Go on above. If the scans were moved, say where they lie now. If the files are gone "
            f"for good, prepare the study without {those}."
        )
        asked = job.arguments if job.step == "preprocess" else job.arguments["preprocess"]
        _show_moved(here, asked, f"moved_{job.started}")
        is_sure = st.checkbox(
            f"Give up {those}: counted as failed from now on, and left out of new runs. Their "
            "prepared pictures and volumes are deleted, and existing runs can only be looked at.",
            key=f"give_up_{job.started}",
        )
        if st.button(f"Prepare without {those}", disabled=not is_sure):
            with sentences():
                start(here.study.name, "preprocess", {**asked, "forget_missing": True})


def _show_moved(here: Place, asked: dict[str, Any], key: str) -> None:
    """Ask for the folder in which the scans lie now, and look there."""
    place, button = st.columns([4, 1], vertical_alignment="bottom")
    folder = place.text_input(
        "Folder in which the scans lie now, on the computer that runs this app", key=key
    ).strip()
    if button.button("Look there", disabled=not folder, width="stretch"):
        with sentences():
            start(here.study.name, "preprocess", {**asked, "scans": folder})
