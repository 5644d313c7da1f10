"""Rows of the association tables in sentences and in small tables."""

from __future__ import annotations

import pandas as pd

from clam_core.association.summaries import MINUS
from clam_core.association.words import uncapitalized
from clam_core.figures.words import effect_words, p_words

_SMALL = 0.05


def adjusted_words(row: dict, settings: dict) -> list[str]:
    """Crude beside adjusted, or why there is no adjusted result."""
    if not settings["adjust"]:
        return []
    names = ", ".join(settings["adjust"])
    if pd.isna(row["adjusted_p_value"]):
        reason = row["adjusted_reason"] or "not adjusted"
        return [f"Adjusted by {names}: {reason}."]
    effect = effect_words(row["adjusted_effect_name"])
    sentence = (
        f"In the {int(row['n_adjusted'])} rows where {names} are known: {effect} "
        f"{row['crude_effect']:.2f} ({row['crude_low']:.2f} to {row['crude_high']:.2f}), "
        f"{p_words(row['crude_p_value'])} crude; {row['adjusted_effect']:.2f} "
        f"({row['adjusted_low']:.2f} to {row['adjusted_high']:.2f}), "
        f"{p_words(row['adjusted_p_value'])} adjusted."
    )
    return [sentence, *([row["adjusted_reason"]] if row["adjusted_reason"] else [])]


def within_words(variable: str, within: pd.DataFrame) -> list[str]:
    """The comparison of a variable within sites; nothing where no site is known."""
    if within.empty or variable not in set(within["variable"]):
        return []
    row = within.set_index("variable").loc[variable]
    if row["reason"]:
        return [f"{str(row['reason'])[:1].upper()}{row['reason'][1:]}."]
    site = uncapitalized(str(row["within"]))
    left_out = f", {row['n_left_out']:.0f} left out" if row["n_left_out"] else ""
    return [
        f"Compared only within the same {site} ({row['n']:.0f} values in {row['n_sites']:.0f} "
        f"groups{left_out}): {row['test']}, chi-square {row['statistic']:.2f} on {row['df']:.0f} "
        f"df, {p_words(row['p_value'])}, after correction {p_words(row['p_adjusted'])}. "
        f"{row['why']}"
    ]


def honest_words(row: dict) -> list[str]:
    """What else was tried, and what this many subjects could have shown."""
    sentences = []
    if not pd.isna(row["sensitivity_p_value"]):
        sentences.append(
            f"Another test, {row['sensitivity_test']}: {p_words(row['sensitivity_p_value'])}."
        )
    if not pd.isna(row["soft_p_value"]):
        agree = (row["soft_p_value"] < _SMALL) == (row["p_value"] < _SMALL)
        sentences.append(
            f"With the membership of each scan in place of its cluster: "
            f"{p_words(row['soft_p_value'])} ({'the same answer' if agree else 'another answer'})."
        )
    if not pd.isna(row["detectable"]):
        name = effect_words(row["detectable_name"])
        sentences.append(
            f"Smallest effect that this many values would reveal in four of five studies: "
            f"{name} {row['detectable']:.2f}."
        )
    if row["why"]:
        sentences.append(str(row["why"]))
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
            "Effect [95 % CI]": _interval(chosen, "effect_size", "ci_low", "ci_high"),
            "Effect size": chosen["effect_name"].map(effect_words),
            "p": chosen["p_value"].map(_p),
            "p over all pairs": chosen["p_adjusted"].map(_p),
            "Method": chosen["method"],
        }
    )  # fmt: skip
    return shown.drop(columns="Variable") if variable is not None else shown


def contrast_table(contrasts: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Each cluster against the first, crude beside adjusted."""
    if contrasts.empty or "cluster_a" not in contrasts.columns:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "Variable": contrasts["variable"].map(labels),
            "Clusters": [f"{a} – {b}" for a, b in zip(contrasts["cluster_a"],
                                                      contrasts["cluster_b"], strict=True)],
            "Scale": contrasts["scale"].map(effect_words),
            "Crude [95 % CI]": _interval(contrasts, "crude", "crude_low", "crude_high"),
            "Adjusted [95 % CI]": _interval(contrasts, "adjusted", "adjusted_low",
                                            "adjusted_high"),
        }
    )  # fmt: skip


def adjusted_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Crude and adjusted test of every variable on the same rows."""
    known = rows[rows["p_value"].notna()]
    return pd.DataFrame(
        {
            "Variable": known["label"],
            "n": known["n_adjusted"].astype("Int64"),
            "Effect size": known["adjusted_effect_name"].map(effect_words),
            "Crude [95 % CI]": _interval(known, "crude_effect", "crude_low", "crude_high"),
            "Crude p": known["crude_p_value"].map(_p),
            "Adjusted [95 % CI]": _interval(known, "adjusted_effect", "adjusted_low",
                                            "adjusted_high"),
            "Adjusted p": known["adjusted_p_value"].map(_p),
            "Adjusted and corrected p": known["adjusted_p_adjusted"].map(_p),
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
            "p, all together": pooled["p_value"].map(_p).to_numpy(),
            "p, within": within["p_value"].map(_p),
            "Corrected p, within": within["p_adjusted"].map(_p),
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
            "": ["look" if flagged else "" for flagged in panel["flagged"]],
            "Possible confounder": panel["label"],
            "Family": panel["family"],
            "n": panel["n"],
            "Missing": panel["n_missing"],
            "Strength [95 % CI]": _interval(panel, "strength", "ci_low", "ci_high"),
            "Measure": panel["strength_name"].map(names).fillna(""),
            "Largest standardized difference": _largest(panel),
            "p": panel["p_value"].map(_p),
            "Note": panel["reason"],
        }
    )


def _largest(panel: pd.DataFrame) -> list[str]:
    pairs = zip(panel["largest_difference"], panel["difference_between"], strict=True)
    return ["" if pd.isna(size) else f"{size:.2f} (clusters {who})" for size, who in pairs]


def _interval(table: pd.DataFrame, size: str, low: str, high: str) -> list[str]:
    cells = zip(table[size], table[low], table[high], strict=True)
    return [
        "" if pd.isna(value) else f"{value:.3g} [{least:.3g}, {most:.3g}]".replace("-", MINUS)
        for value, least, most in cells
    ]


def _p(value: float) -> str:
    return "" if pd.isna(value) else p_words(value).removeprefix("p ").removeprefix("= ")
