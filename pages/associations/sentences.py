"""Rows of the association tables in sentences and in small tables."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from clam_core.figures.chart_text import effect_words, p_cell, p_words
from clam_core.report.phrases import number
from clam_core.statistics.headline import uncapitalized
from clam_core.wording import effect_ends, effect_named, effect_number, number_text

Row = dict[Hashable, Any]
"""One line of a table of results, by the names of its columns."""

_SMALL = 0.05

INTERVALS = (
    "Intervals hold 95 %; those of shares of variance and of V, whose test looks at one side, 90 %."
)


def adjusted_words(row: Row, covariates: list[str]) -> list[str]:
    """Crude beside adjusted, or why there is no adjusted result; `covariates` are labels."""
    if not covariates:
        return []
    names = ", ".join(map(uncapitalized, covariates))
    if pd.isna(row["adjusted_p_value"]):
        reason = row["adjusted_reason"]
        return [f"Adjusted for {names}: {reason}."] if reason else []
    effect = effect_words(row["adjusted_effect_name"])
    sentence = (
        f"Adjusted for {names} ({row['adjusted_test']}): {effect} {_range(row, 'adjusted')}, "
        f"{p_words(row['adjusted_p_value'])}. Without adjustment, in the same "
        f"{int(row['n_adjusted'])} rows: {_range(row, 'crude')}, {p_words(row['crude_p_value'])}."
    )
    return [sentence, *([row["adjusted_reason"]] if row["adjusted_reason"] else [])]


def _range(row: Row, which: str) -> str:
    name = row["adjusted_effect_name"]
    ends = effect_ends(name, row[f"{which}_low"], row[f"{which}_high"])
    return f"{effect_number(name, row[f'{which}_effect'])} ({ends or 'no interval'})"


def within_words(variable: str, within: pd.DataFrame) -> list[str]:
    """The comparison of a variable within sites; nothing where no site is known."""
    if within.empty or variable not in set(within["variable"]):
        return []
    row: Row = within.set_index("variable").to_dict("index")[variable]
    if row["reason"]:
        return [f"{str(row['reason'])[:1].upper()}{row['reason'][1:]}."]
    site = uncapitalized(str(row["within"]))
    left_out = f", {row['n_left_out']:.0f} left out" if row["n_left_out"] else ""
    return [
        f"Compared only within the same {site} ({row['n']:.0f} subjects, {row['n_sites']:.0f} "
        f"groups{left_out}): {row['test']}, statistic {row['statistic']:.2f}, "
        f"{p_words(row['p_value'])}, after correction {p_words(row['p_adjusted'])}. {row['why']}"
    ]


def honest_words(row: Row, power: float) -> list[str]:
    """What else was tried, and what this many subjects could have shown with a power."""
    sentences: list[str] = []
    if not pd.isna(row["sensitivity_p_value"]):
        sentences.append(
            f"Checked by another test, {row['sensitivity_test']}: "
            f"{p_words(row['sensitivity_p_value'])}."
        )
    if not pd.isna(row.get("shuffled_p_value")):
        sentences.append(
            f"Checked by shuffles, which small clusters cannot mislead: "
            f"{p_words(row['shuffled_p_value'])}. The headline counts the larger p."
        )
    if not pd.isna(row["soft_p_value"]):
        agree = (row["soft_p_value"] < _SMALL) == (row["p_value"] < _SMALL)
        sentences.append(
            f"With the probability of each cluster in place of the cluster: "
            f"{p_words(row['soft_p_value'])} ({'the same answer' if agree else 'another answer'})."
        )
    if row.get("drawn_test"):
        name = row["drawn_effect_name"]
        ends = effect_ends(name, row["drawn_low"], row["drawn_high"]) or "no interval"
        sentences.append(
            f"With clusters drawn from their probabilities ({row['drawn_test']}): "
            f"{effect_words(name)} {effect_number(name, row['drawn_effect'])} ({ends}), "
            f"{p_words(row['drawn_p_value'])}."
        )
    elif row.get("drawn_reason"):
        sentences.append(f"Not tested with drawn clusters, because {row['drawn_reason']}.")
    if not pd.isna(row["detectable"]):
        name = effect_words(row["detectable_name"])
        sentences.append(
            f"Smallest effect that {100 * power:.0f} of 100 studies of this size would find: "
            f"{name} {row['detectable']:.2f}."
        )
    return sentences


def pair_table(
    pairs: pd.DataFrame, labels: dict[str, str], variable: str | None = None
) -> pd.DataFrame:
    """Pairs of clusters as they are read; `labels` gives each variable's name."""
    if pairs.empty or "cluster_a" not in pairs.columns:
        return pd.DataFrame()
    chosen = pairs if variable is None else pairs[pairs["variable"] == variable]
    shown = pd.DataFrame(
        {
            "Variable": chosen["variable"].map(labels),
            "Clusters": [f"{a} – {b}" for a, b in zip(chosen["cluster_a"], chosen["cluster_b"],
                                                      strict=True)],
            "Difference [95 % CI]": _interval(chosen, "difference", "difference_low",
                                              "difference_high"),
            "Effect [interval]": [
                "" if pd.isna(size) else effect_cell(name, size, *ends)
                for name, size, *ends in zip(chosen["effect_name"], chosen["effect_size"],
                                             chosen["ci_low"], chosen["ci_high"], strict=True)
            ],
            "p": chosen["p_value"].map(p_cell),
            "p, all pairs": chosen["p_adjusted"].map(p_cell),
            "Method": chosen["method"],
        }
    )  # fmt: skip
    empty = [name for name in shown.columns if not shown[name].astype(bool).any()]
    return shown.drop(columns=[*empty, *(["Variable"] if variable is not None else [])])


def adjusted_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Crude and adjusted test of every variable on the same rows."""
    known = rows[rows["p_value"].notna()]
    return pd.DataFrame(
        {
            "Variable": known["label"],
            "n": known["n_adjusted"].astype("Int64"),
            "Effect size": known["adjusted_effect_name"].map(effect_words),
            "Crude [interval]": _model_cells(known, "crude"),
            "Crude p": known["crude_p_value"].map(p_cell),
            "Adjusted [interval]": _model_cells(known, "adjusted"),
            "Adjusted p": known["adjusted_p_value"].map(p_cell),
            "Adjusted and corrected p": known["adjusted_p_adjusted"].map(p_cell),
            "Model, or why none": known["adjusted_test"].where(
                known["adjusted_reason"] == "", known["adjusted_reason"]),
        }
    )  # fmt: skip


def within_table(rows: pd.DataFrame, within: pd.DataFrame) -> pd.DataFrame:
    """Pooled test beside the test within sites, the smallest p first."""
    pooled = rows.set_index("variable").loc[within["variable"]]
    shown = pd.DataFrame(
        {
            "Variable": within["label"],
            "p, all together": pooled["p_value"].map(p_cell).to_numpy(),
            "p, within": within["p_value"].map(p_cell),
            "Corrected p, within": within["p_adjusted"].map(p_cell),
            "n": within["n"].astype("Int64"),
            "Left out": within["n_left_out"].astype("Int64"),
            "Test within": within["test"].where(within["reason"] == "", within["reason"]),
        }
    )
    return shown.loc[within.sort_values("p_value", kind="stable").index]


def panel_table(panel: pd.DataFrame) -> pd.DataFrame:
    """The confounding panel as it is read."""
    names = {"cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}
    return pd.DataFrame(
        {
            "Strong": ["yes" if flagged else "" for flagged in panel["flagged"]],
            "Possible confounder": panel["label"],
            "Family": panel["family"],
            "n": panel["n"],
            "Missing": panel["n_missing"],
            "Strength [90 % CI]": effect_cells(panel, "strength", "ci_low", "ci_high"),
            "Measure": panel["strength_name"].map(names).fillna(""),
            "Largest standardized difference": _largest(panel),
            "p": panel["p_value"].map(p_cell),
            "Note": panel["reason"],
        }
    )


def _largest(panel: pd.DataFrame) -> list[str]:
    pairs = zip(panel["largest_difference"], panel["difference_between"], strict=True)
    return ["" if pd.isna(size) else f"{size:.2f} (clusters {who})" for size, who in pairs]


def effect_cell(name: object, size: float, low: float, high: float) -> str:
    """An effect with its interval: `Hedges' g 0.52 [95 %: 0.12, 0.92]`."""
    ends = f"{effect_number(name, low)}, {effect_number(name, high)}"
    named = effect_named(name)
    return f"{named.words} {effect_number(name, size)} [{named.level} %: {ends}]"


def _model_cells(table: pd.DataFrame, which: str) -> list[str]:
    """Crude or adjusted effects in the decimals of their kind."""
    return [
        ""
        if pd.isna(row[f"{which}_effect"])
        else f"{effect_number(name, row[f'{which}_effect'])} ["
        f"{effect_number(name, row[f'{which}_low'])}, {effect_number(name, row[f'{which}_high'])}]"
        for name, row in zip(table["adjusted_effect_name"], table.to_dict("records"), strict=True)
    ]


def effect_cells(table: pd.DataFrame, size: str, low: str, high: str) -> list[str]:
    """Effect sizes, which have no unit, with two decimals."""
    cells = zip(table[size], table[low], table[high], strict=True)
    return [
        "" if pd.isna(value) else f"{number(value)} [{number(least)}, {number(most)}]"
        for value, least, most in cells
    ]


def _interval(table: pd.DataFrame, size: str, low: str, high: str) -> list[str]:
    """Differences in a variable's own unit, with three digits."""
    cells = zip(table[size], table[low], table[high], strict=True)
    return [
        ""
        if pd.isna(value)
        else f"{number_text(value)} [{number_text(least)}, {number_text(most)}]"
        for value, least, most in cells
    ]
