"""Reading: one case after the other, the picture on the left, the form on the right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from clam_core.errors import ClamError
from clam_core.reading_study.answers import Answer, Given, last_answers, questions_for
from clam_core.reading_study.blind_order import Case, Part
from clam_core.study import Study
from clam_core.study.readings.reading import Reading
from pages.reading_study.score_form import Asked, Sheet, show_form, told
from pages.reading_study.seats import Seat, get_up, reader_at
from pages.shell.text import plain, sentences
from pages.viewer.still_pictures import Style
from pages.viewer.view_address import read_view
from pages.viewer.viewer import is_sized, make_pane, show_panes, windows_for
from pages.voxels.ticket import ticket_of_session

_PAUSED, _TROUBLE, _SHOWN = "_reading_paused", "_reading_trouble", "_reading_shown"


def show_cases(study: Study, seat: Seat) -> None:
    """The next case of a reader, or how the part is ended."""
    found = reader_at(study, seat)
    if found is None:
        st.info("You are not this reader; go back and choose your own part.")
        st.button("Back to the overview", on_click=get_up)
        return
    reading, reader = found
    if reading.locked(reader, seat.part) is not None:
        st.info("You have locked this part; nothing can be added.")
        st.button("Back to the overview", on_click=get_up, type="primary")
        return
    _show_case(reading, reader, seat.part)


@st.fragment
def _show_case(reading: Reading, reader: str, part: Part) -> None:
    with sentences():
        entries = reading.log(reader).entries()
        answers = last_answers(entries, part)
        cases = reading.cases(reader, part)
        left = [case for case in cases if case.number not in answers]
        if st.session_state.get(_PAUSED):
            _show_pause(len(answers), len(cases))
        elif not left:
            _show_end(reading, reader, part, answers)
        else:
            with st.container(key="reading-desk"):
                picture, form = st.columns([4, 1], gap="small")
                with picture:
                    _show_picture(reading, left[0], part)
                with form:
                    _show_form(reading, reader, part, left[0], entries, answers)


def _show_picture(reading: Reading, case: Case, part: Part) -> None:
    """The scan under its number; nothing that is sent tells which one it is."""
    shown = f"{reading.study.folder}|{reading.name}|{part}|{case.number}"
    if st.session_state.get(_SHOWN) != shown:
        st.session_state[_SHOWN] = shown
        st.query_params.pop("slice", None)
    volume = reading.study.volume(case.scan_id)
    overlay = None
    if part == "maps":
        overlay = reading.rated_map(case.scan_id, is_control=case.is_control)
    name = f"Case {case.number}"
    pane = make_pane(name, name, volume, overlay, None)
    ticket = ticket_of_session(reading.study.folder.name, case.scan_id)
    pane = replace(pane, ticket=ticket, is_sized=is_sized(reading.study, case.scan_id))
    style = Style(windows_for(volume), reading.study.info.unit)
    show_panes([pane], style, "reading-picture", is_plain=False, has_digits=False)


def _show_form(
    reading: Reading,
    reader: str,
    part: Part,
    case: Case,
    entries: list[dict[str, Any]],
    answers: dict[int, Answer],
) -> None:
    draft = f"{reading.study.name}|{reading.name}|{reader}|{part}|{case.number}"
    token = f"{draft}|{len(entries)}"
    before = [
        one["values"]
        for one in entries
        if one["part"] == part and one["case"] == case.number and one["values"] is not None
    ]
    questions = questions_for(reading.protocol(), part)
    if part == "maps":
        st.caption("Half of these maps are controls that may point anywhere; which, is not marked.")

    def answer() -> None:
        given = told("answer")
        if not given or given.get("token") != token:
            return
        _keep(reading, reader, part, _given(dict(given), case, len(entries)))

    def undo() -> None:
        if told("undo") == token and answers:
            last = list(answers)[-1]
            _keep(reading, reader, part, Given(last, None, len(entries)))

    def pause() -> None:
        if told("pause"):
            st.session_state[_PAUSED] = True

    sheet = Sheet(
        case=case.number,
        of=len(reading.cases(reader, part)),
        done=len(answers),
        seconds=sum(one.seconds for one in answers.values()),
        token=token,
        draft=draft,
        can_undo=bool(answers),
        message=st.session_state.pop(_TROUBLE, ""),
    )
    values = before[-1] if before else {}
    show_form(sheet, questions, values, Asked(answer, undo, pause))


def _given(told: dict[str, Any], case: Case, n_lines: int) -> Given:
    """The answer of the browser, with where the reader looked last."""
    seconds = told.get("seconds")
    is_time = isinstance(seconds, int | float) and np.isfinite(seconds) and 0 <= seconds < 1e6
    view = read_view(st.query_params)
    values = told.get("values")
    return Given(
        case.number,
        dict(values) if isinstance(values, Mapping) else {},
        n_lines,
        float(seconds) if is_time and seconds is not None else 0.0,
        {"window": view.window, "voxel": view.voxel and list(view.voxel)},
    )


def _keep(reading: Reading, reader: str, part: Part, given: Given) -> None:
    try:
        reading.save(reader, part, given)
    except ClamError as error:
        st.session_state[_TROUBLE] = str(error)


def _show_pause(n_done: int, n_cases: int) -> None:
    st.header("Paused", anchor=False)
    st.markdown(
        f"{n_done} of {n_cases} cases are saved. You can close this window; the next time you go "
        "on with the case at which you paused."
    )
    with st.container(horizontal=True):
        st.button("Go on", on_click=_resume, type="primary", icon=":material/play_arrow:")
        if st.button("Back to the overview", on_click=_leave):
            st.rerun(scope="app")


def _resume() -> None:
    st.session_state.pop(_PAUSED, None)


def _leave() -> None:
    _resume()
    get_up()


def _show_end(reading: Reading, reader: str, part: Part, answers: dict[int, Answer]) -> None:
    """All cases have an answer: lock, or go back once more."""
    st.header("All cases have an answer", anchor=False)
    st.markdown(
        f"{plain(reader)}, lock this part to end it. Afterwards no answer can be changed. What "
        "came out is shown once every reader has locked."
    )
    lines = len(reading.log(reader).entries())

    def lock() -> None:
        try:
            reading.lock(reader, part)
            get_up()
        except ClamError as error:
            st.session_state[_TROUBLE] = str(error)

    def undo() -> None:
        _keep(reading, reader, part, Given(list(answers)[-1], None, lines))

    trouble = st.session_state.pop(_TROUBLE, "")
    if trouble:
        st.error(plain(trouble))
    with st.container(horizontal=True):
        if st.button("Lock this part", on_click=lock, type="primary", icon=":material/lock:"):
            st.rerun(scope="app")
        st.button("Undo the last case", on_click=undo)
        if st.button("Back to the overview", on_click=get_up):
            st.rerun(scope="app")
