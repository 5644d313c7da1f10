"""Rows of the association table, effects and p-values in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clam_core.wording import effect_ends, effect_named, effect_number

_STANDARDIZED = ("hedges_g", "standardized_difference")
_NOBODY = ": 0 (0 %)"


def effect_words(name: str) -> str:
    """Name of an effect size as people write it."""
    return effect_named(name).words


def p_words(p: float) -> str:
    """`p = 0.012`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.3f}"


def p_cell(p: float) -> str:
    """A p-value as a cell of a table: `0.012`, `< 0.001`; empty where there is none."""
    return "" if p != p else p_words(p).removeprefix("p ").removeprefix("= ")  # noqa: PLR0124


def without_empty(summary: str) -> str:
    """A summary of levels without those that nobody has."""
    return "; ".join(part for part in summary.split("; ") if not part.endswith(_NOBODY))


def row_words(row: Mapping[str, Any], clusters: Sequence[int]) -> str:
    """What a row of the association table says, in one or two sentences.

    Args:
        row: A row of the table.
        clusters: Numbers of the clusters.
    """
    summaries = ((c, without_empty(row[f"summary_cluster_{c}"])) for c in clusters)
    parts = " · ".join(f"cluster {c}: {text}" for c, text in summaries if text)
    head = f"{row['label']}: {parts}." if parts else f"{row['label']}."
    if row["reason"]:
        return f"{head} {str(row['reason'])[:1].upper()}{row['reason'][1:]}."
    first = _effect(row, ("effect_name", "effect_size", "ci_low", "ci_high"))
    seconds = ("second_effect_name", "second_effect", "second_low", "second_high")
    also = row.get("second_effect_name") in _STANDARDIZED and row["second_effect"] is not None
    second = f"; {_effect(row, seconds)}" if also else ""
    return (
        f"{head} {first[:1].upper()}{first[1:]}{second}; {row['test']}, {p_words(row['p_value'])}, "
        f"after correction {p_words(row['p_adjusted'])}."
    )


def _effect(row: Mapping[str, Any], names: tuple[str, str, str, str]) -> str:
    name, size, low, high = (row[one] for one in names)
    unit = f" {row['unit']}" if name == "mean_difference" and row.get("unit") else ""
    ends = effect_ends(name, low, high)
    said = f"{effect_words(name)} {effect_number(name, size)}{unit}"
    return f"{said} ({ends})" if ends else said


def event_words(said: Mapping[Any, Any]) -> str:
    """Which answer was the event of a survival, and how often; older results do not tell."""
    if "event_words" in said:
        return str(said["event_words"])
    if "event" not in said:
        return ""
    return (
        "Which answer was taken for the event was not stored; compare again before you rely on "
        "these curves."
    )
