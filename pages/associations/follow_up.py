"""Survival and change over time, as far as there is follow-up."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from clam_core.figures.chart_text import event_words, p_cell, p_words
from clam_core.figures.follow_up import slope_plot, survival_curves
from clam_core.report.drawings import draw_change, draw_survival, time_unit
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations
from pages.associations.main_table import PLAIN, labels_of
from pages.associations.save_figure import save_buttons
from pages.associations.sentences import Row, effect_cells
from pages.shared.tables import table
from pages.shell.place import Place
from pages.shell.text import plain


def show_follow_up(here: Place, found: Associations) -> None:
    """Kaplan-Meier curves and slopes by cluster."""
    said = found.about["follow_up"]
    if not said:
        st.info(
            "No follow-up was compared. At the end of this page, name the columns of the time and "
            "of the event for survival, or add a table of visits for change over time."
        )
        return
    if "survival" in said:
        _show_survival(here, found, said["survival"])
    for name, one in said.get("slopes", {}).items():
        _show_slopes(here, found, name, one)


def _show_survival(here: Place, found: Associations, said: Row) -> None:
    st.markdown("**Time to the event**")
    if words := event_words(said):
        st.markdown(plain(words))
    if "reason" in said:
        st.info(plain(said["reason"]))
        return
    title = labels_of(found).get(str(said["time"]), str(said["time"]))
    plot = survival_curves(found.table("curves"), found.table("at_risk"), title)
    st.plotly_chart(plot.figure, config=PLAIN, alt=plot.sentence, key="survival")
    save_buttons(here, "survival", lambda: draw_survival(found))
    test = (
        f"Log-rank test: chi-square {said['logrank_statistic']:.2f} on {said['logrank_df']} df, "
        f"{p_words(said['logrank_p_value'])}."
    )
    st.markdown(plain(f"{plot.sentence} {test}"))
    cox = found.table("cox")
    if len(cox):
        table(
            _cox_table(cox, adjusted=bool(said["adjust"])),
            "Hazard ratios between clusters.",
            hide_index=True,
        )
        names = ", ".join(uncapitalized(found.label(one)) for one in said["adjust"])
        by = f" Adjusted for {names}." if names else ""
        proportional = said["proportional_p_value"]
        if proportional is not None:
            by += f" Test of hazards that change their ratio over time: {p_words(proportional)}."
        first = (
            "Cox model, each cluster against the first: above 1 means that the event comes sooner "
            "in the first of the two."
        )
        st.caption(plain(first + by))
    for note in said["notes"]:
        st.caption(plain(note))


def _cox_table(cox: pd.DataFrame, *, adjusted: bool) -> pd.DataFrame:
    pairs = zip(cox["cluster_a"], cox["cluster_b"], strict=True)
    shown = pd.DataFrame(
        {
            "Clusters": [f"{a} – {b}" for a, b in pairs],
            "Hazard ratio [95 % CI]": effect_cells(cox, "hazard_ratio", "ci_low", "ci_high"),
            "p": cox["p_value"].map(p_cell),
        }
    )
    if not adjusted:
        return shown
    names = ("adjusted_hazard_ratio", "adjusted_ci_low", "adjusted_ci_high")
    shown["Adjusted [95 % CI]"] = effect_cells(cox, *names)
    shown["Adjusted p"] = cox["adjusted_p_value"].map(p_cell)
    return shown


def _show_slopes(here: Place, found: Associations, name: str, said: Row) -> None:
    st.markdown(f"**{plain(name)} over time**")
    if "reason" in said:
        st.info(plain(said["reason"]))
        return
    slopes = found.table("slopes")
    plot = slope_plot(slopes[slopes["value"] == name], name, time_unit(found))
    st.plotly_chart(plot.figure, config=PLAIN, alt=plot.sentence, key=f"slope_{name}")
    save_buttons(here, f"change_{name}", lambda: draw_change(found, name))
    converged = "" if said["converged"] else " The first model did not converge."
    st.markdown(
        plain(
            f"{plot.sentence} All slopes equal: {p_words(said['p_value'])} ({said['model']})."
            f"{converged}"
        )
    )
    for note in [*said["notes"], *said.get("doubts", [])]:
        st.caption(plain(note))
