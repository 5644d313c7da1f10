"""Figures of a run's associations: each a drawing with the sentence that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.associations import LEVEL
from clam_core.report.charts_clinical import levels, points, slopes, survival
from clam_core.report.charts_effects import evidence, forest
from clam_core.report.html import Html
from clam_core.report.phrases import interval, listed, number, sentence, titled, with_sign
from clam_core.report.sections.effects import effect_name
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, numbers_of
from clam_core.statistics.cohort.summaries import decimals_of
from clam_core.statistics.effects.one_scale import strengths
from clam_core.study.associations import Associations
from clam_core.wording import effect_ends, effect_number

_AXIS = "Strength of the association (0 none, 1 strongest)"


@dataclass(frozen=True)
class Drawing:
    """A drawing and its caption.

    Attributes:
        picture: The drawing.
        caption: What is seen, in sentences.
    """

    picture: Html
    caption: str


def all_drawings(found: Associations) -> dict[str, Drawing]:
    """Every figure of the associations by a name that can be a file's.

    Args:
        found: What the step `associate` stored.

    Returns:
        `effects`, `evidence`, `survival`, `change_1` ... and `variable_1` ..., the last in the
        order of the table, with the name of the value or variable behind the number.
    """
    known = found.about.get("follow_up") or {}
    changing = list(known.get("slopes", {}))
    drawn = {
        "effects": draw_effects(found),
        "evidence": draw_evidence(found),
        "survival": draw_survival(found),
        "incidence": draw_incidence(found),
    }
    drawn |= {f"change_{n} {name}": draw_change(found, name) for n, name in enumerate(changing, 1)}
    drawn |= {
        f"variable_{n} {name}": draw_variable(found, str(name))
        for n, name in enumerate(found.rows["variable"], 1)
    }
    return {name: one for name, one in drawn.items() if one is not None}


def draw_effects(found: Associations) -> Drawing | None:
    """Forest plot of all variables that were tested, the strongest family first."""
    effects = strengths(found.rows)
    if effects.empty:
        return None
    size = effects["strength"].abs()
    top = size.groupby(effects["family"]).transform("max")
    ordered = effects.assign(size=size, top=top).sort_values(
        ["top", "family", "size"], ascending=[False, True, False], ignore_index=True
    )
    signed = len(found.about["clusters"]) == 2
    differ = ordered[ordered["p_adjusted"] < LEVEL]
    best = (differ if len(differ) else ordered).sort_values("size", kind="stable").iloc[-1]
    side = (
        " Right: more in cluster 1; left: more in the other; levels without an order have no "
        "direction and lie on the right."
        if signed
        else ""
    )
    caption = (
        f"Effects of {len(ordered)} variables with intervals that agree with their test, on the "
        "scale of a correlation; "
        f"filled: differs between clusters after correction ({len(differ)}).{side} The strongest "
        f"is {best['label']} ({number(best['strength'])}, {interval(best['low'], best['high'])})."
    )
    return Drawing(forest(ordered, _AXIS, f"Forest plot. {caption}", signed=signed), caption)


def draw_evidence(found: Associations) -> Drawing | None:
    """Strength of every variable against its corrected p-value."""
    effects = strengths(found.rows)
    if effects.empty:
        return None
    n = int((effects["p_adjusted"] < LEVEL).sum())
    caption = (
        f"Strength and evidence of {len(effects)} variables: further right is a stronger "
        f"association, higher is more evidence; {n} lie above the dashed line and differ between "
        "clusters after correction."
    )
    return Drawing(evidence(effects, _AXIS, f"Points. {caption}"), caption)


def draw_variable(found: Associations, variable: str) -> Drawing | None:
    """One variable by cluster: points with boxes, or stacked columns.

    Args:
        found: What the step `associate` stored.
        variable: Name of the variable.

    Returns:
        The drawing; None where there is no value to draw.
    """
    rows = found.rows[found.rows["variable"] == variable].to_dict("records")
    row = {str(key): value for key, value in rows[0].items()}
    column = found.table("values")[variable]
    if row["kind"] not in NUMBERS | LEVELS or not column.notna().any():
        return None
    clusters, caption = found.table("members")["cluster"], _variable_words(row, found)
    if row["kind"] in NUMBERS:
        values = pd.Series(numbers_of(column), index=column.index).dropna()
        parts = {
            int(c): values[clusters[values.index] == c].to_numpy(dtype=np.float64)
            for c in found.about["clusters"]
        }
        title = titled(str(row["label"]), str(row["unit"] or ""))
        alt = f"Points and boxes by cluster. {caption}"
        return Drawing(points(parts, title, alt), caption)
    counts = _counts(column, clusters, list(found.about["clusters"]))
    alt = f"Stacked columns by cluster. {caption}"
    is_ordered = row["kind"] == "ordinal"
    return Drawing(levels(counts, str(row["label"]), alt, ordered=is_ordered), caption)


def _counts(column: pd.Series[Any], clusters: pd.Series[Any], numbers: list[int]) -> pd.DataFrame:
    """Rows of each cluster with each level that occurs."""
    known = column.dropna()
    if pd.api.types.is_float_dtype(known) and (known == known.round()).all():
        known = known.astype(np.int64)
    if not isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype("category")
    known = known.cat.remove_unused_categories()
    return pd.crosstab(clusters[known.index], known).reindex(numbers, fill_value=0)


def _variable_words(row: Mapping[str, Any], found: Associations) -> str:
    """The finding in one sentence; bars carry their counts themselves."""
    means = [f"cluster {c}: {row[f'summary_cluster_{c}']}" for c in found.about["clusters"]]
    each = f" ({'; '.join(means)})" if row["kind"] in NUMBERS else ""
    head = f"{row['label']} by cluster{each}."
    doubts = f" {row['doubts']}" if row.get("doubts") else ""  # older results have none
    if pd.isna(row["p_value"]):
        return f"{head} {sentence(str(row['reason']))}{doubts}"
    return (
        f"{head} {_effect_words(row)}; {row['test']}, "
        f"p {with_sign(row['p_value'])}, corrected p {with_sign(row['p_adjusted'])}.{doubts}"
    )


def _effect_words(row: Mapping[str, Any]) -> str:
    name = row["effect_name"]
    unit = f" {row['unit']}" if name == "mean_difference" and row.get("unit") else ""
    ends = effect_ends(name, row["ci_low"], row["ci_high"])
    said = f"{sentence(effect_name(name)).rstrip('.')} {effect_number(name, row['effect_size'])}"
    return f"{said}{unit} ({ends or 'no interval'})"


def _titled(found: Associations, variable: str) -> str:
    """Label of a variable with its unit."""
    known = found.rows.loc[found.rows["variable"] == variable, "unit"]
    return titled(found.label(variable), str(known.iloc[0] or "") if len(known) else "")


def draw_survival(found: Associations) -> Drawing | None:
    """Kaplan-Meier curves with numbers at risk; None without follow-up."""
    said = (found.about.get("follow_up") or {}).get("survival", {})
    curves = found.table("curves")
    if curves.empty or "event" not in said:
        return None
    event, time = found.label(str(said["event"])), _titled(found, str(said["time"]))
    level = f", the answer {said['event_level']!r}" if "event_level" in said else ""
    caption = (
        f"Kaplan-Meier curves with 95 % bands (event: {event}){level}. Log-rank test: chi-square "
        f"{number(said['logrank_statistic'])} on {said['logrank_df']} df, "
        f"p {with_sign(said['logrank_p_value'])}. The numbers below tell how many were still "
        "under observation."
    )
    picture = survival(curves, found.table("at_risk"), time, f"Step curves. {caption}")
    return Drawing(picture, caption)


def draw_incidence(found: Associations) -> Drawing | None:
    """Cumulative incidence of the event beside a competing one; None without that."""
    said = (found.about.get("follow_up") or {}).get("survival", {})
    table = found.table("incidence")
    if table.empty:
        return None
    curves = table[table["cause"] == "event"]
    other = listed([repr(one) for one in said["incidence"]["competing_levels"]])
    caption = (
        f"Cumulative incidence with 95 % bands: how many have had the event, {other} as a "
        f"competing event (Aalen-Johansen). Gray's test: chi-square "
        f"{number(said['incidence']['statistic'])} on {said['incidence']['df']} df, "
        f"p {with_sign(said['incidence']['p_value'])}."
    )
    share = ("incidence", "Have had the event")
    time = _titled(found, str(said["time"]))
    picture = survival(curves, found.table("at_risk"), time, f"Step curves. {caption}", share)
    return Drawing(picture, caption)


def time_unit(found: Associations) -> str:
    """What one step of the time of the visits is."""
    return str((found.about.get("follow_up") or {}).get("time_unit", "unit of time"))


def draw_change(found: Associations, name: str) -> Drawing | None:
    """Change of one value per unit of time in each cluster; None where it was not compared."""
    said = (found.about.get("follow_up") or {}).get("slopes", {}).get(name, {})
    rows = found.table("slopes")
    part = rows[rows["value"] == name] if len(rows) else rows
    if part.empty:
        return None
    lines = [{str(k): v for k, v in row.items()} for row in part.to_dict("records")]
    digits = decimals_of([part[["ci_low", "ci_high"]].to_numpy().ravel()]) or 2
    each = "; ".join(
        f"cluster {int(row['cluster'])}: {number(row['slope'], digits)} "
        f"({interval(row['ci_low'], row['ci_high'], digits)})"
        for row in lines
    )
    axis = f"Change of {name} per {time_unit(found)}"
    caption = (
        f"{axis} with 95 % intervals. {sentence(each)} Test that all change alike: "
        f"p {with_sign(said.get('p_value'))} ({said.get('model')})."
    )
    return Drawing(slopes(lines, axis, f"Points with intervals. {caption}"), caption)
