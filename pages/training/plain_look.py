"""What plain numbers say about the same scans: do they find the groups, and what differs?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from clam_core.settings.harmonise import harmonised_sentences
from clam_core.settings.plain_look import RIVAL_WORDS, VIEW_WORDS, PlainLook, plain_sentences
from clam_core.settings.verdicts import caution_of_size
from clam_core.settings.views import GROUPED_BY, view_of
from clam_core.study import Run
from pages.shell.place import Place
from pages.shell.text import plain


def show_plain_look(here: Place) -> None:
    """Sentences, and the numbers behind them; a run of an older layout has none."""
    st.header("What sets these groups apart?", anchor=False)
    info = here.fitted.info()
    found = info.plain
    brought = info.given or info.encoder
    by = GROUPED_BY[view_of(info.method)] if brought is None else brought.words
    st.write(f"These groups were formed by {plain(by)}.")
    if info.encoder is not None:
        st.write(plain(f"{info.encoder.input.words} {info.encoder.words_of_maps}"))
    for note in _noted(here.fitted):
        st.write(plain(note))
    if found is None:
        st.caption("This run was made before this was looked at; find clusters again to see it.")
        return
    for sentence in plain_sentences(found):
        st.write(plain(sentence))
    with st.expander("Views and plain ways in numbers"):
        if info.evidence:
            st.dataframe(_evidence(info.evidence), hide_index=True)
            st.caption(
                "How far the groups of each view are beyond those of cohorts without groups, in "
                "standard deviations; below 2 they may be none."
            )
        st.dataframe(_views(found), hide_index=True)
        st.caption(
            "How much of the difference between scans is a difference between the groups: 1 all, "
            "0 no more than chance. What was grouped is high by its making."
        )
        st.dataframe(_rivals(found), hide_index=True)
        st.caption(
            "Agreement: 1 the same groups, 0 no more than chance. Found again: the same, when the "
            "plain way is used on four fifths of the scans; that can be high without any groups, "
            "too. Where a plain way finds the same groups, it is enough for them; the maps "
            "still show where they are."
        )


def _noted(run: Run) -> list[str]:
    """What was noted during the fit, but for what stands above every page, or above this part."""
    info = run.info()
    shown = {caution_of_size(len(run.scans()))}
    if info.harmonised is not None:
        shown |= {*harmonised_sentences(info.harmonised)}
    return [note for note in info.notes if note not in shown]


def _evidence(found: Mapping[str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "view": [GROUPED_BY[view_of(method)] for method in found],
            "beyond chance": ["–" if one is None else f"{one:.1f}" for one in found.values()],
        }
    )


def _views(found: PlainLook) -> pd.DataFrame:
    rows = found.apart.items()
    return pd.DataFrame(
        {
            "view": [VIEW_WORDS.get(name, name) for name, _ in rows],
            "between groups": [round(value, 2) for _, value in rows],
        }
    )


def _rivals(found: PlainLook) -> pd.DataFrame:
    rows = found.agreement.items()
    return pd.DataFrame(
        {
            "plain way": [RIVAL_WORDS.get(name, name) for name, _ in rows],
            "agreement": [_shown(value) for _, value in rows],
            "found again": [_shown(found.stability.get(name)) for name, _ in rows],
        }
    )


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
