"""Start a run: three choices in words, details folded away, an estimate of the time."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from clam_core.files.given_names import name_fault
from clam_core.jobs.speeds import last_speed
from clam_core.study import run_names
from pages.shell.place import Place, studies_root
from pages.shell.start_job import is_running, start
from pages.shell.status import time_left
from pages.shell.text import sentences
from pages.training.harmonisation import choose_harmonisation
from pages.training.own_numbers import (
    NUMBERS,
    SCANS,
    choose_source,
    choose_table,
    stored_table,
)

PRESETS = {
    "fast": ("Quick look", "Short training; to see whether the scans can be used."),
    "default": ("Standard", "What is measured best. Take this unless you have a reason not to."),
    "paper": (
        "As in the paper",
        "The network, training and maps of Ryan et al. 2022, step by step. Slower, and less "
        "accurate where anatomy varies.",
    ),
}
METHODS = {
    "auto": "the preset's own",
    "profiles": "profiles of brightness (needs masks)",
    "graph": "graph of similar scans",
    "dcec": "DCEC (the paper)",
    "kmeans": "k-means",
    "gmm": "Gaussian mixture",
    "umap": "mixture on the UMAP",
    "density": "density of lower, middle and upper zones",
    "texture": "texture of lower, middle and upper zones",
    "best": "profiles, density or texture: whichever shows groups most clearly",
}
_EPOCHS = {"fast": 8, "default": 20, "paper": 150}
_VOXELS_PER_SECOND, _MAP_VOXELS_PER_SECOND, _FIXED_SECONDS = 4.0e6, 0.15e6, 25.0
"""Rough values for two cores, until a run has been timed on this machine."""


def show_start(here: Place) -> None:
    """The form that starts a run."""
    names = run_names(here.study)
    with st.container(border=True):
        st.header("Find clusters" if not names else "Find clusters again", anchor=False)
        source = choose_source()
        file, ways = choose_table() if source == NUMBERS else (None, {})
        preset = "default" if source == NUMBERS else _choose_preset()
        number = st.slider(
            "Number of clusters",
            2,
            12,
            _first_number(here),
            key="k",
            help="If you do not know, leave it: afterwards 2 to 8 are compared.",
        )
        with st.expander("Details"):
            arguments = _details(names, of_numbers=source == NUMBERS)
        if source == SCANS:
            arguments |= choose_harmonisation(here)
        if source == SCANS:
            st.caption(
                f"{_estimate(here, preset, arguments.get('epochs'))} You may close the browser "
                "meanwhile; it goes on."
            )
        is_busy = is_running(here.study.name)
        if is_busy:
            st.caption(
                "A step is working on this study: see the bar above. Wait until it has ended, or "
                "cancel it."
            )
        icon = ":material/play_arrow:"
        is_blocked = is_busy or (source == NUMBERS and file is None)
        if st.button("Find clusters", type="primary", icon=icon, disabled=is_blocked):
            with sentences():
                if file is not None:
                    arguments |= {**ways, "features": stored_table(file)}
                arguments |= {"preset": preset, "k": number}
                start(here.study.name, "groups", arguments)


def _first_number(here: Place) -> int:
    """The number that was recommended for the run that is open, else 2."""
    if here.run is None or not here.run.has_selection():
        return 2
    return int(here.run.selection()["recommended"] or 2)


def _choose_preset() -> str:
    return str(
        st.radio(
            "How thorough?",
            list(PRESETS),
            index=1,
            format_func=lambda name: PRESETS[name][0],
            captions=[words for _, words in PRESETS.values()],
            horizontal=True,
            key="preset",
        )
    )


def _details(names: list[str], *, of_numbers: bool = False) -> dict[str, Any]:
    """Name, method, epochs and seed, with defaults that need no thought."""
    left, right = st.columns(2)
    name = left.text_input("Name of the run", _free_name(names), max_chars=64, key="run_name")
    if name_fault(name):
        left.error(f"A run cannot be called so: {name_fault(name)}.")
    elif name in names:
        left.warning("There is a run of this name; other settings need another name.")
    seed = right.number_input("Seed (same seed, same result)", 0, 10_000, 0, key="seed")
    if of_numbers:
        return {"run": name, "seed": int(seed)}
    method = right.selectbox("Method", list(METHODS), format_func=METHODS.__getitem__, key="method")
    epochs = left.number_input(
        "Passes over the scans (0: the preset's own)", 0, 1000, 0, key="epochs"
    )
    arguments = {"run": name, "method": method, "seed": int(seed)}
    return {**arguments, "epochs": int(epochs)} if epochs else arguments


def _free_name(names: list[str]) -> str:
    """`default`, or the first number that is free."""
    wanted = ("default", *(f"run-{number}" for number in range(2, 1000)))
    return next(name for name in wanted if name not in names)


def _estimate(here: Place, preset: str, passes: int | None) -> str:
    """How long it takes, from the last run on this machine where there was one."""
    prepared = here.study.info.prepared
    voxels = 0 if prepared is None else math.prod(prepared.settings.grid) * prepared.n_ready
    last = last_speed(studies_root(), preset)
    if last is not None:
        seconds = last.seconds(voxels, passes)
        return f"Takes {_in_words(seconds)}, judging by the last run of this kind on this machine."
    maps = voxels / _MAP_VOXELS_PER_SECOND
    training = voxels * (passes or _EPOCHS[preset]) / _VOXELS_PER_SECOND
    seconds = _FIXED_SECONDS + training + maps
    return f"With two cores: {_in_words(seconds)}. A rough guess: no run was timed here yet."


def _in_words(seconds: float) -> str:
    return time_left(seconds).removesuffix(" left")
