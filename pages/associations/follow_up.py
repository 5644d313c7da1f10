"""Survival and change over time, as far as there is follow-up."""

from __future__ import annotations

import streamlit as st

from clam_core.figures.chart_text import event_words, p_words
from clam_core.figures.follow_up import incidence_curves, slope_plot, survival_curves
from clam_core.report.drawings import draw_change, draw_incidence, draw_survival, time_unit
from clam_core.report.tables.follow_up_tables import (
    ShownTable,
    incidence_table,
    rate_tables,
    slope_table,
    survival_tables,
)
from clam_core.study.associations import Associations
from pages.associations.main_table import PLAIN, labels_of
from pages.associations.save_figure import save_buttons
from pages.associations.sentences import Row
from pages.shared.tables import table
from pages.shell.place import Place
from pages.shell.text import plain


def show_follow_up(here: Place, found: Associations) -> None:
    """Kaplan-Meier curves, rates and slopes by cluster."""
    said = found.about["follow_up"]
    if not said:
        st.info(
            "No follow-up was compared. At the end of this page, name the columns of the time and "
            "of the event for survival, those of a number of events and its time for rates, or add "
            "a table of visits for change over time."
        )
        return
    if "survival" in said:
        _show_survival(here, found, said["survival"])
    if "rates" in said:
        _show_rates(found, said["rates"])
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
    _show_tables(survival_tables(found))
    for note in said["notes"]:
        st.caption(plain(note))
    if "incidence" in said:
        _show_incidence(here, found, said["incidence"], title)


def _show_incidence(here: Place, found: Associations, said: Row, title: str) -> None:
    st.markdown("**Where a competing event may come first**")
    rows = incidence_table(found)
    if rows is None:
        st.info(plain(f"The cumulative incidence is {said['reason']}."))
        return
    curves = found.table("incidence")
    plot = incidence_curves(curves[curves["cause"] == "event"], title)
    st.plotly_chart(plot.figure, config=PLAIN, alt=plot.sentence, key="incidence")
    save_buttons(here, "incidence", lambda: draw_incidence(found))
    st.markdown(plain(plot.sentence))
    _show_tables([rows])


def _show_rates(found: Associations, said: Row) -> None:
    st.markdown("**Events per time at risk**")
    if "reason" in said:
        st.info(plain(f"Rates are {said['reason']}."))
        return
    _show_tables(rate_tables(found))
    for note in said["notes"]:
        st.caption(plain(note))


def _show_tables(shown: list[ShownTable]) -> None:
    for one in shown:
        table(one.frame, f"{one.heading}.", hide_index=True)
        st.caption(plain(one.caption))


def _show_slopes(here: Place, found: Associations, name: str, said: Row) -> None:
    st.markdown(f"**{plain(name)} over time**")
    if "reason" in said:
        st.info(plain(said["reason"]))
        return
    slopes = found.table("slopes")
    plot = slope_plot(slopes[slopes["value"] == name], name, time_unit(found))
    st.plotly_chart(plot.figure, config=PLAIN, alt=plot.sentence, key=f"slope_{name}")
    save_buttons(here, f"change_{name}", lambda: draw_change(found, name))
    converged = "" if said["converged"] else " Subjects could not be told apart in their slopes."
    st.markdown(
        plain(
            f"{plot.sentence} All slopes equal: {p_words(said['p_value'])} ({said['model']})."
            f"{converged}"
        )
    )
    pairs = slope_table(found, name)
    if pairs is not None:
        _show_tables([pairs])
    for note in [*said["notes"], *said.get("doubts", [])]:
        st.caption(plain(note))
