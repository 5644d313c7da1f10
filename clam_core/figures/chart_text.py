"""Rows of the association table, effects and p-values in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EFFECTS = {
    "omega_squared": "omega²",
    "eta_squared": "eta²",
    "epsilon_squared": "epsilon²",
    "partial_r_squared": "partial R²",
    "cramers_v": "Cramér's V",
    "hedges_g": "Hedges' g",
}
_NOBODY = ": 0 (0 %)"


def effect_words(name: str) -> str:
    """Name of an effect size as people write it."""
    return _EFFECTS.get(str(name), str(name).replace("_", " "))


def p_words(p: float) -> str:
    """`p = 0.012`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.3f}"


def p_cell(p: float) -> str:
    """A p-value as a cell of a table: `0.012`, `< 0.001`; empty where there is none."""
    return "" if p != p else p_words(p).removeprefix("p ").removeprefix("= ")  # noqa: PLR0124


def _number(value: float) -> str:
    return "∞" if value == float("inf") else f"{value:.2f}".replace("-", "−")


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
    return (
        f"{head} {effect_words(row['effect_name'])} {_number(row['effect_size'])} (95 % interval "
        f"{_number(row['ci_low'])} to {_number(row['ci_high'])}), {row['test']}, "
        f"{p_words(row['p_value'])}, after correction {p_words(row['p_adjusted'])}."
    )


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
