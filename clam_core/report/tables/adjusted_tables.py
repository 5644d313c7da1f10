"""Adjusted means and contrasts as they are shown, on the page and in the report alike."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from clam_core.report.phrases import p_value, titled
from clam_core.report.tables.follow_up_tables import ShownTable
from clam_core.statistics.cohort.column_arrays import codes_of
from clam_core.study.associations import Associations
from clam_core.wording import effect_named, effect_number, number_text


def adjusted_tables(found: Associations) -> list[ShownTable]:
    """Means of every cluster, and contrasts of all pairs, as far as there are any.

    Args:
        found: What the step `associate` stored.
    """
    titles = {
        str(row["variable"]): titled(str(row["label"]), str(row["unit"] or ""))
        for row in found.rows.to_dict("records")
    }
    tables = [_means(found, titles), _contrasts(found, titles)]
    return [one for one in tables if one is not None]


def _means(found: Associations, titles: dict[str, str]) -> ShownTable | None:
    table = found.table("adjusted_means")
    if table.empty or "adjusted" not in table.columns:
        return None
    frame = pd.DataFrame(
        {
            "Variable": _once(table["variable"], titles),
            "Cluster": table["cluster"].astype(str),
            "n": table["n"].astype(str),
            "Scale": _scales(found, table),
            "Crude (95 % interval)": _cells(table, "crude"),
            "Adjusted (95 % interval)": _cells(table, "adjusted"),
        }
    )
    return ShownTable(
        "Adjusted means",
        frame,
        "Mean of each cluster as it is, and as the model has it where every covariate is at its "
        "mean over these rows; of two levels the probability of the second. Variables whose model "
        "has no mean (several levels, ranks, separated answers) are left out.",
    )


def _scales(found: Associations, table: pd.DataFrame) -> list[str]:
    """`mean`, or of two levels the one whose probability it is."""
    values = found.table("values")
    said = []
    for name, scale in zip(table["variable"], table["scale"], strict=True):
        levels = codes_of(values[name])[1] if scale == "probability" and name in values else []
        said.append(f"probability of {levels[-1]}" if levels else str(scale))
    return said


def _contrasts(found: Associations, titles: dict[str, str]) -> ShownTable | None:
    table = found.table("contrasts")
    if table.empty or "adjusted_p_value" not in table.columns:
        return None
    pairs = zip(table["cluster_a"], table["cluster_b"], strict=True)
    frame = pd.DataFrame(
        {
            "Variable": _once(table["variable"], titles),
            "Clusters": [f"{a} – {b}" for a, b in pairs],
            "Scale": [effect_named(name).words for name in table["scale"]],
            "Crude (95 % interval)": _cells(table, "crude"),
            "p, crude": table["crude_p_value"].map(p_value),
            "Adjusted (95 % interval)": _cells(table, "adjusted"),
            "p, adjusted": table["adjusted_p_value"].map(p_value),
            "p, all pairs": table["adjusted_p_adjusted"].map(p_value),
        }
    )
    return ShownTable(
        "Adjusted contrasts",
        frame,
        "Every pair of clusters: more than 0 (or a ratio above 1) means more in the first. The "
        "last column is corrected by Holm over the pairs of a variable.",
    )


def _once(variables: pd.Series, titles: dict[str, str]) -> list[str]:
    """Each variable named in its first row only."""
    first = variables != variables.shift()
    pairs = zip(variables, first, strict=True)
    return [titles.get(str(name), str(name)) if new else "" for name, new in pairs]


def _cells(table: pd.DataFrame, which: str) -> list[str]:
    return list(_texts(table, which))


def _texts(table: pd.DataFrame, which: str) -> Iterator[str]:
    names = (which, f"{which}_low", f"{which}_high")
    for scale, *values in zip(table["scale"], *(table[name] for name in names), strict=True):
        # Means stand in the unit of their variable, as differences of them do.
        size, low, high = (
            number_text(value) if scale in {"mean", "probability"} else effect_number(scale, value)
            for value in values
        )
        yield "–" if pd.isna(values[0]) else f"{size} ({low} to {high})"
