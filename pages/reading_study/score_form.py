"""The form of a case: drawn in the browser, so that a key is answered at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from clam_core.reading_study.protocol import Question
from pages.viewer.canvas import ASSETS

KEY = "score-form"
_FORM = st.components.v2.component(
    "clam_score_form",
    html=(ASSETS / "score_form.html").read_text(encoding="utf-8"),
    css=(ASSETS / "score_form.css").read_text(encoding="utf-8"),
    js=(ASSETS / "score_form.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Sheet:
    """What the form shows.

    Attributes:
        case: Number of the case.
        of: How many there are.
        done: How many have an answer.
        seconds: Time in front of the cases before this one.
        token: Changes with the case and with every line of the log.
        draft: Names the case, so that the browser finds again what was chosen and not saved.
        can_undo: Whether there is an answer to take back.
        message: What went wrong with the last answer; empty where nothing did.
    """

    case: int
    of: int
    done: int
    seconds: float
    token: str
    draft: str
    can_undo: bool
    message: str = ""


@dataclass(frozen=True)
class Asked:
    """Functions that are called when the reader saves, undoes or pauses."""

    answer: Callable[[], None]
    undo: Callable[[], None]
    pause: Callable[[], None]


def show_form(
    sheet: Sheet, questions: Sequence[Question], values: Mapping[str, Any], asked: Asked
) -> None:
    """Draw the form.

    Args:
        sheet: Case and progress.
        questions: What is asked.
        values: What was said before, where the case is opened again.
        asked: What happens then; `told` says what came from the browser.
    """
    data = {
        "case": sheet.case,
        "of": sheet.of,
        "done": sheet.done,
        "seconds": sheet.seconds,
        "token": sheet.token,
        "draft": sheet.draft,
        "can_undo": sheet.can_undo,
        "message": sheet.message,
        "questions": [_described(one, values.get(one.name)) for one in questions],
    }
    _FORM(
        data=json.dumps(data),
        key=KEY,
        on_answer_change=asked.answer,
        on_undo_change=asked.undo,
        on_pause_change=asked.pause,
    )


def told(name: str) -> Any:  # noqa: ANN401
    """What the browser told under a name: `answer`, `undo` or `pause`."""
    state = st.session_state.get(KEY)
    return None if state is None else getattr(state, name, None)


def _described(question: Question, value: Any) -> dict[str, Any]:  # noqa: ANN401
    item = question.item
    options: list[dict[str, Any]] = []
    if item.kind == "grades":
        words = item.words or ("",) * len(item.grades)
        options = [
            {"key": grade, "value": grade, "shown": str(grade), "word": word}
            for grade, word in zip(item.grades, words, strict=True)
        ]
    elif item.kind == "yes_no":
        options = [
            {"key": code, "value": code, "shown": f"{code} {word}", "word": word}
            for code, word in enumerate(("no", "yes"))
        ]
    elif item.kind == "choice":
        options = [
            {"key": place, "value": word, "shown": f"{place} {word}", "word": word}
            for place, word in enumerate(item.words, start=1)
        ]
    return {
        "name": question.name,
        "label": question.label,
        "kind": item.kind,
        "needed": item.needed,
        "options": options,
        "value": value,
    }
