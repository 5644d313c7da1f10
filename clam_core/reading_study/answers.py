"""Answers: what a reader said of a case, and whether the scale allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clam_core.errors import SettingsError
from clam_core.reading_study.blind_order import Part
from clam_core.reading_study.protocol import Item, Protocol, Question

Value = int | str
RATING, MISSED = "points_at_disease", "misses"
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Answer:
    """The last word of a reader on a case.

    Attributes:
        case: Its number.
        values: By name of the question; what was left out is not there.
        seconds: Time in front of the case.
        time: When it was saved, ISO 8601, UTC.
    """

    case: int
    values: Mapping[str, Value]
    seconds: float
    time: str


@dataclass(frozen=True)
class Given:
    """An answer as it is handed in.

    Attributes:
        case: Number of the case.
        values: By name of the question; None takes the last answer back.
        after: Lines of the reader's log when the case was shown.
        seconds: Time in front of the case.
        view: Where the reader looked last.
    """

    case: int
    values: Mapping[str, Any] | None
    after: int
    seconds: float = 0.0
    view: Mapping[str, Any] = field(default_factory=dict)


def questions_for(protocol: Protocol, part: Part) -> tuple[Question, ...]:
    """What is asked in a part of the study."""
    if part == "scores":
        return protocol.questions
    highest = 4 if protocol.maps is None else protocol.maps.highest
    rating = Item(
        name=RATING,
        label="Does it point at what you would call abnormal?",
        highest=highest,
        words=("nowhere", "hardly", "partly", "mostly", "exactly") if highest == 4 else (),
    )
    misses = Item(name=MISSED, label="What does it miss?", kind="text", needed=False)
    return tuple(Question(item.name, item.label, item) for item in (rating, misses))


def checked_values(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a case, as they are stored.

    Args:
        questions: What was asked.
        given: By name of the question; None and empty text are no answer.

    Raises:
        SettingsError: If a value is not on its scale, or one that is needed is missing.
    """
    known = {one.name: one for one in questions}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise SettingsError(f"The protocol does not ask for {unknown[0]!r}.")
    values = {}
    for name, question in known.items():
        value = given.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if question.item.needed:
                raise SettingsError(f"{question.label!r} has no value yet; give one to go on.")
            continue
        values[name] = _on_scale(question, value)
    return values


def _on_scale(question: Question, value: Any) -> Value:  # noqa: ANN401
    item = question.item
    if item.kind == "text":
        return str(value).strip()[:LONGEST_TEXT]
    if item.kind == "choice":
        if value in item.words:
            return str(value)
        raise SettingsError(f"{question.label!r} is one of {', '.join(item.words)}; not {value!r}.")
    allowed = range(101) if item.kind == "percent" else item.grades
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value not in allowed:
        raise SettingsError(
            f"{question.label!r} is a whole number from {allowed[0]} to {allowed[-1]}; "
            f"not {value!r}."
        )
    return int(value)


def last_answers(entries: Iterable[Mapping[str, Any]], part: Part) -> dict[int, Answer]:
    """The last answer of each case; a case that was withdrawn has none.

    Args:
        entries: Lines of a reader's log, oldest first.
        part: Which part of the study.
    """
    found: dict[int, Answer] = {}
    for entry in entries:
        if entry["part"] != part:
            continue
        case = int(entry["case"])
        found.pop(case, None)  # so that the order is that of the last words
        if entry["values"] is not None:
            found[case] = Answer(case, entry["values"], float(entry["seconds"]), entry["time"])
    return found
