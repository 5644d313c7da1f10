"""One value per scan out of those of several readers, and what kind of column it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.reading_study.protocol import RULES, Question
from clam_core.tables.column_info import ColumnInfo, Kind

FAMILY = "reading"
_KINDS: dict[str, Kind] = {
    "grades": "ordinal",
    "percent": "continuous",
    "yes_no": "binary",
    "choice": "nominal",
}


def agreed_values(question: Question, values: pd.DataFrame, rule: str) -> pd.Series[float]:
    """One value per scan.

    Grades and percent: mean or median of the readers who gave a value, or the one of a named
    reader. Yes or no, and choices: what most readers said; missing where as many said
    something else. Choices are numbered by their place among the words, from 0.

    Args:
        question: What was asked; not of kind `text`.
        values: A row per scan, a column per reader.
        rule: `mean`, `median` or the name of a reader.
    """
    kind = question.item.kind
    numbers = _numbers(question, values)
    if rule not in RULES:
        return numbers[rule]
    if kind in {"yes_no", "choice"}:
        return numbers.apply(_most, axis=1)
    return numbers.mean(axis=1) if rule == "mean" else numbers.median(axis=1)


def column_of(
    question: Question, agreed: pd.Series[float], rule: str, name: str, n_readers: int
) -> tuple[pd.Series[Any], ColumnInfo]:
    """A column as a clinical table has it, and what it is.

    Args:
        question: What was asked.
        agreed: Of `agreed_values`.
        rule: How readers became one value.
        name: Name of the column.
        n_readers: How many readers there are.
    """
    kind = _KINDS[question.item.kind]
    how = _how(question, rule, n_readers)
    label = f"{question.label} (read)"
    present = agreed.dropna()
    levels: tuple[str, ...] = ()
    cells: pd.Series[Any] = agreed
    if kind in {"ordinal", "binary", "nominal"}:
        levels = _levels(question, present)
        texts = agreed.map(lambda one: _text(question, one), na_action="ignore")
        cells = pd.Series(
            pd.Categorical(texts, categories=list(levels), ordered=kind == "ordinal"),
            index=agreed.index,
        )
    unit = "%" if question.item.kind == "percent" else ""
    info = ColumnInfo(
        name, label, kind, unit=unit, family=FAMILY, n=len(present),
        n_missing=len(agreed) - len(present), n_unique=int(present.nunique()), levels=levels,
        reason=f"Scored blind in a reading study; {how}.",
    )  # fmt: skip
    return cells, info


def _how(question: Question, rule: str, n_readers: int) -> str:
    if n_readers == 1:
        return "one reader"
    if rule not in RULES:
        return f"value of the reader {rule}"
    if question.item.kind in {"yes_no", "choice"}:
        return f"what most of {n_readers} readers said"
    return f"{rule} of {n_readers} readers"


def _levels(question: Question, present: pd.Series[float]) -> tuple[str, ...]:
    if question.item.kind == "choice":
        return question.item.words
    if question.item.kind == "yes_no":
        return "no", "yes"
    return tuple(dict.fromkeys(_text(question, one) for one in sorted(present)))


def _text(question: Question, value: float) -> str:
    if question.item.kind == "choice":
        return question.item.words[int(value)]
    if question.item.kind == "yes_no":
        return "yes" if value else "no"
    return f"{round(value, 2):g}"


def _numbers(question: Question, values: pd.DataFrame) -> pd.DataFrame:
    if question.item.kind != "choice":
        return values.astype(np.float64)
    places = {word: float(place) for place, word in enumerate(question.item.words)}
    columns = {name: values[name].map(places) for name in values.columns}
    return pd.DataFrame(columns, index=values.index).astype(np.float64)


def _most(row: pd.Series[float]) -> float:
    counts = row.dropna().value_counts()
    if not len(counts) or (counts == counts.iloc[0]).sum() > 1:
        return float("nan")
    return float(counts.index[0])
