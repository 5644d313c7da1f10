"""Choose the kind of a column: from its cells first, from its name second."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clam_core.tables.text.cell_words import (
    are_stages,
    female_or_male,
    is_open_score,
    on_one_scale,
    yes_or_no,
)
from clam_core.tables.text.column import ENOUGH, Column
from clam_core.tables.text.date_text import read_dates
from clam_core.tables.text.header_words import header_words, word_set
from clam_core.tables.vocabulary import Meaning
from clam_core.tables.vocabulary_terms import COUNT_WORDS

ID_WORDS = word_set("id ids uid guid uuid pid identifier kennung identifikator pseudonym")
SCORE_WORDS = word_set("score scores grade grading rating severity points punkte grad scale likert")
GROUP_WORDS = word_set(
    "stage stadium stade estadio type typ tipo group gruppe grupo category kategorie class code "
    "cluster site arm reader"
)
DATE_WORDS = word_set("date datum fecha day tag jour time zeitpunkt")

MAX_LEVELS, MAX_ORDINAL_LEVELS = 30, 21
_UID = re.compile(r"\d+(\.\d+){4,}")
_LEADING_ZERO = re.compile(r"0\d+")
_CLOCK = re.compile(r"-?\d{1,3}(:[0-5]\d){1,2}([.,]\d+)?")


@dataclass(frozen=True)
class Choice:
    """A kind, why, and what the user may want to change."""

    kind: str
    reason: str
    warnings: tuple[str, ...] = ()


def choose_kind(column: Column, meaning: Meaning | None) -> Choice:
    """Say what the values of a column are.

    Args:
        column: Its cells.
        meaning: What the vocabulary knows of its name.

    Returns:
        The kind with its reason in one sentence.
    """
    words = header_words(column.name)
    values = column.counts
    if not values:
        return Choice("empty", "No cell has a value.")
    by_id = _id(column, words) if meaning is None else None
    if by_id:
        return by_id
    if len(values) == 1 or len({text.casefold() for text in values}) == 1:
        told: tuple[str, ...] = ()
        if len(column.cells) > values.total():
            told = ("If an empty cell means 'no' here, write it into the table.",)
        return Choice("constant", "All cells with a value have the same one.", told)
    if is_open_score(column.answers):
        return Choice("ordinal", "A score whose last step is open, such as 3+.")
    numeric_enough = 0.5 if meaning and meaning.kind in {"continuous", "count"} else ENOUGH
    if column.sure and column.number_share >= numeric_enough:
        return _compact_dates(column, words) or _numeric(column, meaning, words)
    date = _date(column, words, meaning)
    return date or _text(column, meaning)


def _id(column: Column, words: tuple[str, ...]) -> Choice | None:
    named = bool(set(words[-2:]) & ID_WORDS) or (words and words[-1].endswith("uid"))
    if named and words[-1:] != ("n",):
        return Choice("id", "Its name says that it holds identifiers.")
    texts = [cell for cell in column.cells if cell is not None]
    if all(_UID.fullmatch(text) for text in texts):
        return Choice("id", "All cells are DICOM identifiers.")
    zeros = sum(_LEADING_ZERO.fullmatch(text) is not None for text in texts)
    if zeros and all(text.isdigit() for text in texts):
        different = len(set(texts)) == len(texts)
        if different:
            return Choice("id", "Numbers with leading zeros, all different: codes, not amounts.")
        return Choice("nominal", "Numbers with leading zeros are codes, not amounts.")
    return None


def _numeric(column: Column, meaning: Meaning | None, words: tuple[str, ...]) -> Choice:
    numbers = column.numbers
    values = set(numbers.values.values())
    usual = meaning.kind if meaning else ""
    if len(values) == 1:
        return Choice("constant", "All numbers are the same.")
    if not all(value.is_integer() for value in values):
        return Choice("continuous", "Numbers with decimals.")
    span = f"whole numbers from {min(values):.15g} to {max(values):.15g}"
    if usual == "continuous":
        return Choice("continuous", f"{_cap(span)}; the name is known.")
    if len(values) == 2 and usual != "count" and column.number_share >= ENOUGH:
        told: tuple[str, ...] = ()
        if meaning and meaning.term == "Sex":
            told = ("Which number means female and which male is not said; check it.",)
        return Choice(
            "binary", f"Only two numbers occur: {min(values):.15g} and {max(values):.15g}.", told
        )
    return (
        _by_name(values, usual, words, span)
        or _by_range(column, values, span)
        or Choice("continuous", f"{_cap(span)}.")
    )


def _by_name(values: set[float], usual: str, words: tuple[str, ...], span: str) -> Choice | None:
    named, k = set(words), len(values)
    switch = ("Codes without an order; choose ordinal if a higher one means more.",)
    if usual in {"nominal", "binary"} and k <= MAX_LEVELS:
        return Choice("nominal", f"{_cap(span)}; the name says groups.", switch)
    if usual == "ordinal" and k <= MAX_ORDINAL_LEVELS:
        return Choice("ordinal", f"{_cap(span)}; the name says a score.")
    if usual == "count" or (not usual and named & COUNT_WORDS and min(values) >= 0):
        return Choice("count", f"{_cap(span)}; the name says a number of things.")
    if not usual and named & SCORE_WORDS and k <= MAX_ORDINAL_LEVELS:
        return Choice("ordinal", f"{_cap(span)}; the name says a score.")
    if not usual and named & GROUP_WORDS and k <= MAX_LEVELS:
        return Choice("nominal", f"{_cap(span)}; the name says groups.", switch)
    return None


def _by_range(column: Column, values: set[float], span: str) -> Choice | None:
    n = column.sure.total()
    if n >= 10 and len(values) == n and max(values) - min(values) == n - 1:
        return Choice("id", f"{_cap(span)}, each once: they number the rows.")
    few = min(values) >= 0 and max(values) <= 10 and n >= 2 * len(values)
    if few and not column.numbers.units:
        told = ("It may be a count (of things) instead; choose the kind if so.",)
        return Choice("ordinal", f"A few {span}, as of a score.", told)
    return None


def _compact_dates(column: Column, words: tuple[str, ...]) -> Choice | None:
    if not set(words) & DATE_WORDS or not all(re.fullmatch(r"\d{8}", t) for t in column.sure):
        return None
    if len(read_dates(column.sure, compact=True).values) < len(column.sure):
        return None
    return Choice("date", "All cells are dates written as eight digits.")


def _date(column: Column, words: tuple[str, ...], meaning: Meaning | None) -> Choice | None:
    if not column.sure:
        return None
    compact = bool(set(words) & DATE_WORDS)
    dates = read_dates(
        column.sure, column.date_order, compact=compact, with_slashes=column.with_slashes
    )
    n = sum(column.sure[text] for text in dates.values)
    enough = 0.5 if meaning and meaning.kind == "date" else ENOUGH
    if n < enough * column.sure.total():
        return None
    return Choice("date", f"{n:,} of {column.sure.total():,} cells are dates.")


def _text(column: Column, meaning: Meaning | None) -> Choice:
    answers = column.answers
    spelled = {text.casefold() for text in answers}
    if yes_or_no(answers) or female_or_male(answers) or (len(spelled) == 2 < answers.total()):
        return Choice("binary", "Two answers occur.")
    if on_one_scale(answers):
        return Choice("ordinal", "The words of a scale from less to more.")
    if column.sure and are_stages(column.sure):
        told = ("Stages without an order; choose ordinal if a higher one means more.",)
        return Choice("nominal", "Stages, which are groups unless you say otherwise.", told)
    return _clock(column) or _words(column, _mixed(column, meaning))


def _clock(column: Column) -> Choice | None:
    """Hours and minutes, or minutes and seconds: which, only the user knows."""
    texts = column.sure
    n = sum(count for text, count in texts.items() if _CLOCK.fullmatch(text))
    if not n or n < ENOUGH * texts.total():
        return None
    example = next(text for text in texts if _CLOCK.fullmatch(text))
    told = (
        f"Times such as {example} are not compared: they may be hours and minutes or minutes and "
        "seconds. Write them as one number of hours, minutes or seconds."
    )
    return Choice("free_text", f"{n:,} of {texts.total():,} cells are times.", (told,))


def _words(column: Column, told: tuple[str, ...]) -> Choice:
    texts = list(column.counts)
    k, n = len({text.casefold() for text in texts}), column.counts.total()
    length = sum(map(len, texts)) / len(texts)
    codes = all(any(c.isdigit() for c in t) and not any(c.isspace() for c in t) for t in texts)
    if codes and (k == n or k > MAX_LEVELS) and k > 2 and column.number_share < 0.5:
        return Choice("id", f"{k:,} different codes in {n:,} cells.", told)
    few = k <= 12 or (k <= MAX_LEVELS and n >= 3 * k)
    blanks = any(" " in text for text in texts)
    sentence_like = length > 40 or (k == n and (blanks or length > 15))
    if few and not sentence_like:
        return Choice("nominal", f"{k:,} different answers in {n:,} cells.", told)
    warning = "Free text can hold names or dates; check it before you share the study."
    return Choice("free_text", f"{k:,} different texts in {n:,} cells.", (*told, warning))


def _mixed(column: Column, meaning: Meaning | None) -> tuple[str, ...]:
    share = column.number_share
    if share < 0.1 or share == 1:
        return ()
    told = f"Numbers and text are mixed: {share:.0%} of the cells are numbers; none was converted."
    if meaning and meaning.kind == "continuous":
        told += f" {meaning.label} should be numbers; correct the cells or choose the kind."
    return (told,)


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]
