"""What sets one cluster apart: its largest clinical differences from another, in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.summaries import titled
from clam_core.wording import number_text

LEVEL = 0.05
_SIGNED = frozenset({"hedges_g", "rank_biserial", "cliffs_delta", "standardized_difference"})
_MOST_LETTERS = 30
"""Longer summaries, such as counts of many levels, are left to the Associations page."""
_RATIOS = frozenset({"odds_ratio", "rate_ratio"})

Ends = tuple[float, float, float]


@dataclass(frozen=True)
class Difference:
    """One clinical variable in which a cluster differs from another.

    Attributes:
        variable: Name of the column.
        label: Name to show, with its unit.
        other: The cluster it is compared with, from 1.
        sentence: Values, difference or effect with its 95 % interval, and adjusted p.
    """

    variable: str
    label: str
    other: int
    sentence: str


def top_differences(
    rows: pd.DataFrame, pairs: pd.DataFrame, cluster: int, n_most: int = 3
) -> list[Difference]:
    """Variables in which a cluster differs most surely from another one.

    Args:
        rows: Associations, one row per variable.
        pairs: Every pair of clusters, as the associations give them.
        cluster: From 1.
        n_most: How many at most.

    Returns:
        Variables that differ between clusters after correction and whose pair with this
        cluster does too, the smallest adjusted p of a pair first; one pair per variable.
    """
    if pairs.empty or rows.empty:
        return []
    known = rows[rows["p_adjusted"] < LEVEL].set_index("variable")
    ours = pairs[(pairs["cluster_a"] == cluster) | (pairs["cluster_b"] == cluster)]
    ours = ours[(ours["p_adjusted"] < LEVEL) & ours["variable"].isin(known.index)]
    ours = ours.sort_values(["p_adjusted", "p_value"], kind="stable")
    best = ours.drop_duplicates("variable").head(n_most)
    return [_worded(pair, known.loc[pair["variable"]], cluster) for pair in best.to_dict("records")]


def _worded(pair: Mapping[Hashable, Any], row: pd.Series[Any], cluster: int) -> Difference:
    is_turned = pair["cluster_b"] == cluster
    other = int(pair["cluster_a"] if is_turned else pair["cluster_b"])
    unit = str(row["unit"] or "")
    here, there = (str(row.get(f"summary_cluster_{c}", "")) for c in (cluster, other))
    is_short = max(len(here), len(there)) <= _MOST_LETTERS
    values = [f"{here} here, {there} in cluster {other}"] if is_short else []
    ends = (pair["difference"], pair["difference_low"], pair["difference_high"])
    if np.isfinite(ends).all():
        size = _negated(ends) if is_turned else ends
        said = f"difference {_interval(size)}{f' {unit}' if unit else ''}"
        than = _than(size[0])
    else:
        size = _turned((pair["effect_size"], pair["ci_low"], pair["ci_high"]), pair, is_turned)
        said = f"{str(pair['effect_name']).replace('_', ' ')} {_interval(size)}"
        than = _than(size[0]) if pair["effect_name"] in _SIGNED else "different from"
    label = str(row["label"])
    shown = titled(label, unit)
    parts = [f"{than} cluster {other}", *values, said, f"adjusted p {_p(pair['p_adjusted'])}"]
    return Difference(str(pair["variable"]), shown, other, "; ".join(parts) + ".")


def _than(size: float) -> str:
    return "higher than in" if size > 0 else "lower than in"


def _turned(ends: Ends, pair: Mapping[Hashable, Any], is_turned: bool) -> Ends:  # noqa: FBT001
    """An effect of `a` against `b`, seen from `b` if it is turned."""
    if is_turned and pair["effect_name"] in _SIGNED:
        return _negated(ends)
    if is_turned and pair["effect_name"] in _RATIOS:
        size, low, high = (1 / end if end else np.inf for end in ends)
        return size, high, low
    return ends


def _negated(ends: Ends) -> Ends:
    size, low, high = ends
    return -size, -high, -low


def _interval(ends: Ends) -> str:
    size, low, high = (number_text(float(end)).replace("-", "−") for end in ends)
    return f"{size} (95 % interval {low} to {high})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
