"""The answer in one sentence, and what qualifies it: stability, confounding, correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clam_core.settings.verdicts import DOUBTFUL, STABLE
from clam_core.statistics.claims import HELD
from clam_core.statistics.significance.correction import Correction
from clam_core.wording import effect_named, effect_number, plural

LEVEL = 0.05
_RATES = {"bh": "FDR 5 %", "by": "FDR 5 %, Benjamini-Yekutieli", "holm": "Holm, 5 %"}


def headline(rows: pd.DataFrame) -> str:
    """The first line of the page and of the report: what differs.

    Args:
        rows: Rows of the association table.

    Returns:
        One short sentence; what qualifies it stands in `qualifications`.
    """
    found = claimed(rows)
    counted = int((rows["not_counted"] == "").sum())
    if not counted:
        return f"{_nothing_counted(rows)}."
    verb = "differs" if len(found) == 1 else "differ"
    first = f"{len(found)} of {plural(counted, 'variable')} {verb} between the clusters"
    return f"{first}{strongest_words(found)}."


def qualifications(
    rows: pd.DataFrame, jaccard_of: Sequence[float], confounding: pd.DataFrame, method: Correction
) -> list[str]:
    """What a reader should know of the headline, below it.

    Args:
        rows: Rows of the association table.
        jaccard_of: Stability of each cluster.
        confounding: The confounding panel.
        method: How p-values were corrected.

    Returns:
        Sentences: what was counted, how stable the clusters are, what else goes with them.
    """
    sentences = []
    if (rows["not_counted"] == "").any():
        held = rows.loc[rows["not_counted"] == HELD, "label"]
        adjusted = " and with the covariates held constant" if len(held) else ""
        sentences.append(
            f"Counted after correction over all of them{adjusted} ({_RATES[method]}); exploratory: "
            "another cohort has to confirm it."
        )
        sentences += [*held_words(rows), *checked_words(rows)]
    parts = [stability_words(jaccard_of), *_confounded(confounding, _held(rows)["variable"])]
    return [*sentences, *(f"{part[:1].upper()}{part[1:]}." for part in parts)]


def held_words(rows: pd.DataFrame) -> list[str]:
    """Covariates that differ themselves: held constant, they are no finding, but no secret either.

    Args:
        rows: Rows of the association table.
    """
    held = _held(rows)
    if held.empty:
        return []
    listed = held.sort_values(["p_value", "variable"], kind="stable").to_dict("records")
    they = "it differs" if len(listed) == 1 else "they differ"
    named = ", ".join(_finding(row, crude=True) for row in listed)
    return [f"Held constant and so not counted, though {they} between the clusters: {named}."]


def _held(rows: pd.DataFrame) -> pd.DataFrame:
    # Corrected as in the picture and the table, which call the same variables different.
    return rows[(rows["not_counted"] == HELD) & (rows["p_adjusted"] < LEVEL)]


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose p-value was checked by shuffles: what the tests alone would claim.

    Args:
        rows: Rows of the association table; those of older studies do not say.
    """
    if "shuffled_p_value" not in rows.columns:
        return rows.head(0)
    return rows[rows["shuffled_p_value"].notna()]


def checked_words(rows: pd.DataFrame) -> list[str]:
    """How many claims were checked by shuffles, and how many were taken back; none where none was.

    Args:
        rows: Rows of the association table.
    """
    found = checked(rows)
    if found.empty:
        return []
    lost = int((found["headline_p"] >= LEVEL).sum())
    outcome = "it stands" if len(found) == 1 else "all stand"
    if lost:
        outcome = f"{lost} did not stand and {'is' if lost == 1 else 'are'} not counted"
    return [
        f"Small clusters can make a test find too much: {plural(len(found), 'p-value')} "
        f"{'was' if len(found) == 1 else 'were'} checked by shuffles; {outcome}."
    ]


def _nothing_counted(rows: pd.DataFrame) -> str:
    tested = int(rows["p_value"].notna().sum())
    if not tested:
        return "No variable could be tested"
    if (rows["not_counted"] == "no adjusted test").any():
        return (
            f"None of {tested} variables could be tested with the covariates held constant, so "
            "that no difference is claimed"
        )
    return "No variable was tested that the headline counts"


def claimed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that differ after correction over all that are counted, the strongest first."""
    found = rows[rows["headline_p"] < LEVEL]
    # Shuffles give the smallest p to all that are strong; the tests still tell these apart.
    own = found["adjusted_p_value"].fillna(found["p_value"])
    order = ["headline_p", "own", "variable"]
    return found.assign(own=own).sort_values(order, kind="stable").drop(columns="own")


def strongest_words(found: pd.DataFrame) -> str:
    """The two strongest findings with direction and size; none that hardly varies."""
    named = [_finding(row) for row in found[~found["is_rare"]].head(2).to_dict("records")]
    return f", most of all {' and '.join(named)}" if named else ""


def _finding(row: dict[Any, Any], *, crude: bool = False) -> str:
    """A finding: its direction as it was seen, its effect adjusted where that is what counts."""
    is_adjusted = (
        not crude and bool(row["adjusted_effect_name"]) and np.isfinite(row["adjusted_effect"])
    )
    which = ("adjusted_effect_name", "adjusted_effect")
    name, size = (row[one] for one in (which if is_adjusted else ("effect_name", "effect_size")))
    unit = f" {row['unit']}" if name == "mean_difference" and row["unit"] else ""
    effect = f"{'adjusted ' if is_adjusted else ''}{effect_named(name).words} "
    effect += f"{effect_number(name, size)}{unit}"
    return f"{row['label']} ({'; '.join(part for part in (row['direction'], effect) if part)})"


def stability_words(jaccard_of: Sequence[float]) -> str:
    """Whether the clusters are found again in resampled cohorts, with their Jaccard indices."""
    known = [one for one in jaccard_of if np.isfinite(one)]
    if not known:
        return "the stability of the clusters is not known"
    numbers = ", ".join(f"{one:.2f}" if np.isfinite(one) else "–" for one in jaccard_of)
    worst = min(known)
    word = "stable"
    if worst < STABLE:
        word = "not all stable" if worst >= DOUBTFUL else "not all stable enough to interpret"
    return f"clusters are {word} (Jaccard {numbers})"


def within_words(rows: pd.DataFrame, within: pd.DataFrame) -> list[str]:
    """How many of the findings are found within sites, too; nothing where no site is known.

    Args:
        rows: Rows of the association table.
        within: The comparison within sites, `WITHIN_COLUMNS`.

    Returns:
        One sentence, or none.
    """
    if within.empty:
        return []
    differ = set(claimed(rows)["variable"])
    again = differ & set(within.loc[within["p_adjusted"] < LEVEL, "variable"])
    site = uncapitalized(str(within["within"].iloc[0]))
    power = ", which also costs power" if len(again) < len(differ) else ""
    return [
        f"Of {len(differ)} variables that differ between clusters, {len(again)} also differ where "
        f"subjects are compared only with those of the same {site} (corrected p below 0.05){power}."
    ]


def uncapitalized(name: str) -> str:
    """A label within a sentence; abbreviations stay as they are."""
    return name if name.isupper() else name[:1].lower() + name[1:]


def _confounded(panel: pd.DataFrame, told: pd.Series[str]) -> list[str]:
    """Every confounder that is strong and not yet `told`, or the strongest acquisition column."""
    if panel.empty:
        return ["nothing is known of site or scanner"]
    made = panel[(panel["family"] == "acquisition") & panel["strength"].notna()]
    who = panel[(panel["family"] == "demographics") & panel["flagged"]]
    who = who[~who["variable"].isin(told)]
    # Every strong one is named; where there is none, the strongest.
    made = made.sort_values("strength", ascending=False)
    named = made[made["flagged"]] if made["flagged"].any() else made.head(1)
    parts = [_link(row) for row in named.to_dict("records")]
    if made.empty:
        parts = ["site and scanner could not be compared"]
    return [*parts, *(_link(row) for row in who.to_dict("records"))]


def _link(row: dict[Any, Any]) -> str:
    symbol = "V" if row["strength_name"] == "cramers_v" else "strength"
    link = "goes with the clusters" if row["flagged"] else "has no strong link with the clusters"
    low, high = row["ci_low"], row["ci_high"]
    ends = f", 90 % interval {low:.2f} to {high:.2f}" if np.isfinite([low, high]).all() else ""
    return f"{uncapitalized(str(row['label']))} {link} ({symbol} = {row['strength']:.2f}{ends})"
