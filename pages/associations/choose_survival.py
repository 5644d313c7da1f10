"""Survival: which columns hold the time and the event, and which answer means that it was seen."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from clam_core.statistics.time.event import guess_event
from clam_core.tables.column_info import ColumnInfo
from pages.shell.place import Place

_LEVELS = ("binary", "nominal", "ordinal")


def choose_survival(
    here: Place, columns: list[ColumnInfo], known: dict[str, Any]
) -> dict[str, Any]:
    """Ask for the time, the event, and where it is not plain what the answers mean, for that.

    Args:
        here: The open study.
        columns: Columns of the clinical table.
        known: Settings of the comparison that is stored.

    Returns:
        Options of the step `associate`.
    """
    numbers = [info.name for info in columns if info.kind in {"continuous", "count"}]
    levels = {info.name: info for info in columns if info.kind in _LEVELS}
    labels = labels_of_columns(columns)
    st.markdown("**Time to an event, where there is any**")
    left, middle, right = st.columns(3)
    time = left.selectbox(
        "Survival: time to the event or last contact", numbers, _place(numbers, known, "time"),
        format_func=labels.__getitem__, placeholder="None",
    )  # fmt: skip
    event = middle.selectbox(
        "Survival: whether the event was seen", list(levels), _place([*levels], known, "event"),
        format_func=labels.__getitem__, placeholder="None",
    )  # fmt: skip
    level = None
    if event is not None:
        with right:
            level = _choose_level(here, levels[event], known)
    horizon, competing = None, []
    if event is not None and level is not None:
        competing = _choose_competing(here, levels[event], level, known)
    if time is not None and event is not None:
        horizon = st.number_input(
            "Mean time free of the event, counted up to", 0.0, None, known.get("survival_horizon"),
            placeholder="The time that every cluster reaches",
            help="In the unit of the time. Where hazard ratios change over time, this difference "
            "can be read instead.",
        )  # fmt: skip
    return {
        "survival_time": time, "survival_event": event, "event_level": level,
        "survival_horizon": horizon or None, "competing_levels": competing,
    }  # fmt: skip


def choose_rates(columns: list[ColumnInfo], known: dict[str, Any]) -> dict[str, str | None]:
    """Ask for a number of events and the time in which they were counted.

    Args:
        columns: Columns of the clinical table.
        known: Settings of the comparison that is stored.

    Returns:
        Options of the step `associate`; none unless both are named.
    """
    names = [info.name for info in columns if info.kind in {"continuous", "count"}]
    counts = [info.name for info in columns if info.kind in {"count", "continuous", "ordinal"}]
    labels = labels_of_columns(columns)
    left, right = st.columns(2)
    chosen: dict[str, str | None] = {}
    for place, key, words, options in (
        (left, "rate_count", "Rates: number of events, such as exacerbations", counts),
        (right, "rate_time", "Rates: time in which they were counted, such as years", names),
    ):
        stored = options.index(known[key]) if known.get(key) in options else None
        chosen[key] = place.selectbox(
            words, options, stored, format_func=labels.__getitem__, placeholder="None"
        )
    if (chosen["rate_count"] is None) != (chosen["rate_time"] is None):
        st.caption("A rate needs both columns; without one of them none is compared.")
        return {"rate_count": None, "rate_time": None}
    return chosen


def _choose_competing(
    here: Place, info: ColumnInfo, event: str, known: dict[str, Any]
) -> list[str]:
    """Other answers that end the chance of the event, where there are more than two."""
    stored = here.study.clinical()
    there = set() if stored is None else {str(one) for one in stored[0][info.name].dropna()}
    options = [one for one in info.levels or sorted(there) if one in there and one != event]
    if len(options) < 2:
        return []
    return st.multiselect(
        "Answers that are a competing event", options,
        [one for one in known.get("competing_levels", []) if one in options],
        help="After it the event cannot come any more, such as death before a transplant.",
        key=f"competing_{info.name}",
    )  # fmt: skip


def _choose_level(here: Place, info: ColumnInfo, known: dict[str, Any]) -> str | None:
    """The answer that means the event; none is proposed where it could as well mean the other."""
    stored = here.study.clinical()
    counts: dict[str, int] = {}
    if stored is not None:
        counts = {str(k): int(n) for k, n in stored[0][info.name].value_counts().items()}
    options = [level for level in info.levels or counts if counts.get(level, 0)]
    stated = known.get("event_level") if known.get("survival_event") == info.name else None
    chosen = stated if stated in options else guess_event((info.name, info.label), options)
    level = st.selectbox(
        "Answer that means the event was seen",
        options,
        options.index(chosen) if chosen in options else None,
        format_func=lambda one: f"{one} ({counts[one]} rows)",
        placeholder="Choose one",
        key=f"event_level_{info.name}",
    )
    if level is None:
        st.caption("These answers do not tell by themselves: the hazard ratio depends on it.")
    return level


def labels_of_columns(columns: list[ColumnInfo]) -> dict[str, str]:
    """What each column is called in a list: its label, and its name where two share a label."""
    shared = Counter(info.label for info in columns)
    return {
        info.name: info.label if shared[info.label] == 1 else f"{info.label} ({info.name})"
        for info in columns
    }


def _place(names: list[str], known: dict[str, Any], what: str) -> int | None:
    wanted = known.get(f"survival_{what}")
    return names.index(wanted) if wanted in names else None
