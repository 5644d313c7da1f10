"""Agreement in words: the main measure of every question, numbers with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def agreement_sentences(agreement: pd.DataFrame, answer: str = "") -> list[str]:
    """The answer on maps first, then the main measure of every question."""
    sentences = [answer] if answer else []
    for row in headline_rows(agreement).to_dict("records"):
        sentences.append(
            f"{row['label']}: {row['measure']} {number_words(row)} ({row['readers']}, "
            f"{row['n']} scans)."
        )
        if row["note"]:
            sentences.append(str(row["note"]))
    return sentences


def headline_rows(table: pd.DataFrame) -> pd.DataFrame:
    """One measure per question: weighted kappa, Fleiss' kappa, kappa, or ICC(2,1)."""
    if table.empty:
        return table
    chosen = []
    for _, rows in table.groupby("question", sort=False):
        order = ["Fleiss' kappa (quadratic)", "Fleiss' kappa", "weighted kappa (quadratic)",
                 "kappa", "ICC(2,1)"]  # fmt: skip
        known = [one for one in order if one in set(rows["measure"])]
        chosen.append(rows[rows["measure"] == known[0]].iloc[[0]])
    return pd.concat(chosen, ignore_index=True)


def number_words(row: dict[Any, Any]) -> str:
    """`0.76 (0.65 to 0.84)`; a dash where it is not defined."""
    if not np.isfinite(row["value"]):
        return "not defined"
    text = f"{row['value']:.2f}"
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        text += f" ({row['low']:.2f} to {row['high']:.2f})"
    return text
