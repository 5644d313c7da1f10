"""Agreement of a whole study: every question, between readers and of each with himself."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.reading_study.agreement.intraclass import intraclass
from clam_core.reading_study.agreement.kappa import (
    Coefficient,
    Weights,
    many_readers,
    share_agreed,
    weighted_kappa,
)
from clam_core.reading_study.agreement.limits_of_agreement import limits_of_agreement
from clam_core.reading_study.protocol import Question

COLUMNS = ("question", "label", "kind", "readers", "measure", "value", "low", "high", "n", "note")
_RARE, _POOR = 0.8, 0.4
_WEIGHTED: dict[Weights, str] = {
    "quadratic": "weighted kappa (quadratic)",
    "linear": "weighted kappa (linear)",
    "none": "kappa",
}


def agreement_of(
    question: Question, values: pd.DataFrame, subjects: pd.Series[str], who: str = ""
) -> pd.DataFrame:
    """How far readers agree on one question.

    Grades: weighted kappa of every pair, and over all readers Fleiss' kappa and Gwet's AC2,
    quadratic weights. Yes or no and choices: the same without weights (Gwet's AC1). Percent:
    ICC(2,1) and ICC(3,1), bias and limits of agreement of every pair.

    Args:
        question: What was asked; one of kind `text` has no agreement.
        values: A row per scan, a column per reader; missing where a reader gave none.
        subjects: Subject of each scan, indexed like `values`.
        who: What stands for all readers together; `all N readers` if not given.

    Returns:
        A row per measure with `COLUMNS`; intervals of 95 %.
    """
    rows: list[dict[str, object]] = []
    everyone = who or ("both readers" if values.shape[1] == 2 else f"all {values.shape[1]} readers")
    if question.item.kind == "text" or values.shape[1] < 2:
        return pd.DataFrame(rows, columns=list(COLUMNS))
    if question.item.kind == "percent":
        rows = _of_numbers(values, everyone)
    else:
        rows = _of_levels(question, values, subjects, everyone)
    about = {"question": question.name, "label": question.label, "kind": question.item.kind}
    return pd.DataFrame([{**about, "note": "", **row} for row in rows], columns=list(COLUMNS))


def codes_of(question: Question, values: pd.DataFrame) -> NDArray[np.int64]:
    """Levels from 0, -1 where there is no value, shape of `values`."""
    levels: tuple[object, ...] = question.item.grades or question.item.words
    places = {level: place for place, level in enumerate(levels)}
    return np.array(
        [[places.get(_plain(one), -1) for one in row] for row in values.to_numpy(dtype=object)],
        dtype=np.int64,
    ).reshape(values.shape)


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float | np.floating) and np.isfinite(value) else value


def _of_levels(
    question: Question, values: pd.DataFrame, subjects: pd.Series[str], everyone: str
) -> list[dict[str, object]]:
    codes = codes_of(question, values)
    n_levels = len(question.item.grades or question.item.words)
    is_graded = question.item.kind == "grades"
    weights: Weights = "quadratic" if is_graded else "none"
    group = pd.factorize(subjects.loc[values.index])[0].astype(np.int64)
    same, n_compared = share_agreed(codes), int(((codes >= 0).sum(axis=1) >= 2).sum())
    rows: list[dict[str, object]] = [
        {"readers": everyone, "measure": "same value", "value": same, "low": np.nan,
         "high": np.nan, "n": n_compared},
    ]  # fmt: skip
    for one, other in combinations(range(values.shape[1]), 2):
        both = (codes[:, one] >= 0) & (codes[:, other] >= 0)
        pair = codes[both, one], codes[both, other]
        names = everyone if values.shape[1] == 2 else _pair_name(values, one, other)
        for kind in ("quadratic", "linear") if is_graded else ("none",):
            again = pd.factorize(group[both])[0].astype(np.int64)
            found = weighted_kappa(*pair, n_levels, kind, again)
            note = _paradox(found.value, float(np.mean(pair[0] == pair[1])) if both.any() else 0)
            rows.append(_row(names, _WEIGHTED[kind], found, note))
    if values.shape[1] > 2:
        name = "Fleiss' kappa (quadratic)" if is_graded else "Fleiss' kappa"
        found = many_readers(codes, n_levels, weights, group, "fleiss")
        rows.append(_row(everyone, name, found, _paradox(found.value, same)))
    name = "Gwet's AC2 (quadratic)" if is_graded else "Gwet's AC1"
    rows.append(_row(everyone, name, many_readers(codes, n_levels, weights, group, "gwet")))
    return rows


def _of_numbers(values: pd.DataFrame, everyone: str) -> list[dict[str, object]]:
    whole = values.dropna().to_numpy(dtype=np.float64)
    rows = [
        _row(everyone, "ICC(2,1)", intraclass(whole, "2,1")),
        _row(everyone, "ICC(3,1)", intraclass(whole, "3,1")),
    ]
    for one, other in combinations(range(values.shape[1]), 2):
        pair = values.iloc[:, [one, other]].dropna().to_numpy(dtype=np.float64)
        found = limits_of_agreement(pair[:, 0], pair[:, 1])
        names = _pair_name(values, one, other, " minus ")
        for measure, (value, low, high) in (
            ("mean difference", found.bias),
            ("lower limit of agreement", found.lower),
            ("upper limit of agreement", found.upper),
        ):
            rows.append({"readers": names, "measure": measure, "value": value, "low": low,
                         "high": high, "n": found.n})  # fmt: skip
    return rows


def _pair_name(values: pd.DataFrame, one: int, other: int, between: str = " and ") -> str:
    return f"{values.columns[one]}{between}{values.columns[other]}"


def _row(readers: str, measure: str, found: Coefficient, note: str = "") -> dict[str, object]:
    return {"readers": readers, "measure": measure, "value": found.value, "low": found.low,
            "high": found.high, "n": found.n, "note": note}  # fmt: skip


def _paradox(kappa: float, same: float) -> str:
    """What to say where kappa is low only because nearly all scans are alike."""
    if not np.isfinite(kappa) and same == 1:
        return "Every scan got the same value, so kappa is not defined."
    if np.isfinite(kappa) and kappa < _POOR and same >= _RARE:
        return (
            f"The readers gave the same value to {100 * same:.0f} % of the scans; kappa is low "
            "because nearly all scans have one value. Gwet's coefficient does not suffer from this."
        )
    return ""
