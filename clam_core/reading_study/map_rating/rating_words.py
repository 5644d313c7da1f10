"""The rating of maps as a table for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_CONTROLS = {
    "other_cluster": "against another cluster",
    "other_scan": "against another scan",
    "shuffled": "against smooth noise",
}


def rating_table(rating: pd.DataFrame) -> pd.DataFrame:
    """What was rated, ratings of maps and controls, difference with its interval, subjects.

    Args:
        rating: Of `rating_summary`.
    """
    rows = rating.to_dict("records")
    return pd.DataFrame(
        {
            "": [_of(row) for row in rows],
            "Maps": [_number(row["real"]) for row in rows],
            "Controls": [_number(row["control"]) for row in rows],
            "Difference (95 % interval)": [_difference(row) for row in rows],
            "p": [_p_value(row) for row in rows],
            "Subjects": [int(row["n"]) for row in rows],
        }
    )


def _of(row: dict[Any, Any]) -> str:
    of = str(row["of"])
    if row["group"] == "control":
        return _CONTROLS.get(of, of)
    return f"reader {of}" if row["group"] == "reader" else of


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def _difference(row: dict[Any, Any]) -> str:
    if not np.isfinite(row["difference"]):
        return "–"
    text = _signed(row["difference"])
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        return f"{text} ({_signed(row['low'])} to {_signed(row['high'])})"
    return f"{text} (too few)"


def _signed(value: float) -> str:
    """With the minus of typesetters: a cell that begins with - or + could be a formula."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _p_value(row: dict[Any, Any]) -> str:
    """Only the first row is a test."""
    if row["group"] != "all" or row["n"] == 0:
        return ""
    value = float(row["p_value"])
    return "<0.001" if value < 0.001 else f"{value:.3f}"
