"""Tables of follow-up as they are shown, on the page and in the report alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.report.phrases import interval, listed, number, p_value, with_sign
from clam_core.statistics.cohort.summaries import decimals_of
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations


@dataclass(frozen=True, eq=False)
class ShownTable:
    """A table with what it says.

    Attributes:
        heading: What it is about.
        frame: Its cells as text.
        caption: How to read it, one or two sentences.
    """

    heading: str
    frame: pd.DataFrame
    caption: str


def survival_tables(found: Associations) -> list[ShownTable]:
    """Hazard ratios and mean times free of the event, as far as they were estimated."""
    said = (found.about.get("follow_up") or {}).get("survival", {})
    tables = [_hazard_ratios(found, said), _restricted_means(found, said)]
    return [one for one in tables if one is not None]


def incidence_table(found: Associations) -> ShownTable | None:
    """How many have had the event and the competing one by the end; None without both."""
    table = found.table("incidence")
    if table.empty:
        return None
    said = found.about["follow_up"]["survival"]
    until = min(float(part["time"].max()) for _, part in table.groupby("cluster"))
    ends = table[table["time"] <= until].groupby(["cause", "cluster"]).last().reset_index()
    percent = ["incidence", "ci_low", "ci_high"]
    ends[percent] = 100 * ends[percent]
    event = ends[ends["cause"] == "event"]
    frame = pd.DataFrame(
        {
            "Cluster": [str(int(one)) for one in event["cluster"]],
            "Event, % (95 % interval)": cells(event, "incidence", digits=0),
            "Competing event, % (95 % interval)": cells(
                ends[ends["cause"] == "competing"], "incidence", digits=0
            ),
        }
    )
    p_other = said["incidence"]["competing_p_value"]
    more = "" if p_other is None else f" and p {with_sign(p_other)} for the competing event"
    return ShownTable(
        "Cumulative incidence",
        frame,
        f"How many have had each event by {until:g}, the last event that all clusters reach. "
        f"Gray's test of the whole curves: p {with_sign(said['incidence']['p_value'])} for the "
        f"event{more}. Log-rank test, hazard ratios and mean times take a competing event as "
        "the end of the observation.",
    )


def rate_tables(found: Associations) -> list[ShownTable]:
    """Events per unit of time by cluster and their ratios; none where they were not compared."""
    rates, pairs = found.table("rates"), found.table("rate_pairs")
    said = (found.about.get("follow_up") or {}).get("rates", {})
    if rates.empty:
        return []
    time = uncapitalized(found.label(str(said["time"])))
    first = pd.DataFrame(
        {
            "Cluster": [str(int(one)) for one in rates["cluster"]],
            "n": rates["n"].astype(str),
            "Events": rates["n_events"].astype(str),
            "Time at risk": [f"{one:.4g}" for one in rates["time"]],
            "Rate (95 % interval)": cells(rates, "rate"),
        }
    )
    second = pd.DataFrame(
        {
            "Clusters": _pairs(pairs),
            "Rate ratio (95 % interval)": cells(pairs, "rate_ratio"),
            "p": pairs["p_value"].map(p_value),
            "p corrected": pairs["p_adjusted"].map(p_value),
        }
    )
    second = second if len(pairs) > 1 else second.drop(columns="p corrected")
    by = ""
    if said["n_adjusted"]:
        second["Adjusted (95 % interval)"] = cells(pairs, "adjusted_rate_ratio", "adjusted_")
        second["p, adjusted"] = pairs["adjusted_p_value"].map(p_value)
        used = {said["count"], said["time"]}
        adjust = (one for one in found.about["settings"]["adjust"] if one not in used)
        names = listed([uncapitalized(found.label(str(one))) for one in adjust])
        by = (
            f" Adjusted for {names} (n = {said['n_adjusted']}; all rates equal: "
            f"p {with_sign(said['adjusted_p_value'])})."
        )
    name = uncapitalized(found.label(str(said["count"])))
    return [
        ShownTable("Rates", first, f"Rate: {name} per unit of {time}."),
        ShownTable(
            "Rate ratios",
            second,
            f"First over second cluster. All rates equal: p {with_sign(said['p_value'])} "
            f"({said['model']}).{by}",
        ),
    ]


def slope_table(found: Associations, name: str) -> ShownTable | None:
    """Differences of the change of one value between clusters; None where there are none.

    Args:
        found: What was stored.
        name: The value.
    """
    table = found.table("slope_pairs")
    pairs = table[table["value"] == name] if len(table) else table
    if pairs.empty:
        return None
    said = (found.about.get("follow_up") or {}).get("slopes", {}).get(name, {})
    digits = decimals_of([pairs[["ci_low", "ci_high"]].to_numpy(dtype=np.float64).ravel()]) or 2
    frame = pd.DataFrame(
        {
            "Clusters": _pairs(pairs),
            "Difference of slopes (95 % interval)": cells(pairs, "difference", digits=digits),
            "p": pairs["p_value"].map(p_value),
            "p corrected": pairs["p_adjusted"].map(p_value),
        }
    )
    caption = "First minus second cluster."
    if len(pairs) == 1:
        frame = frame.drop(columns="p corrected")
    if said.get("n_adjusted"):
        frame["Adjusted (95 % interval)"] = cells(pairs, "adjusted_difference", "adjusted_", digits)
        frame["p, adjusted"] = pairs["adjusted_p_value"].map(p_value)
        names = [uncapitalized(found.label(str(one))) for one in found.about["settings"]["adjust"]]
        caption += (
            f" Adjusted for {listed(names)}, each of which may change the level and the slope "
            f"(n = {said['n_adjusted']}; test that all change alike: "
            f"p {with_sign(said['adjusted_p_value'])})."
        )
    return ShownTable("Differences of slopes", frame, caption)


def _hazard_ratios(found: Associations, said: dict[str, Any]) -> ShownTable | None:
    cox = found.table("cox")
    if cox.empty:
        return None
    frame = pd.DataFrame(
        {
            "Clusters": _pairs(cox),
            "Hazard ratio (95 % interval)": cells(cox, "hazard_ratio"),
            "p": cox["p_value"].map(p_value),
        }
    )
    names = [uncapitalized(found.label(str(name))) for name in said.get("adjust", [])]
    if names:
        frame["Adjusted (95 % interval)"] = cells(cox, "adjusted_hazard_ratio", "adjusted_")
        frame["p, adjusted"] = cox["adjusted_p_value"].map(p_value)
    by = f" Adjusted for {listed(names)}." if names else ""
    proportional = said.get("proportional_p_value")
    if proportional is not None:
        by += f" Test of hazards that change their ratio over time: p {with_sign(proportional)}."
    return ShownTable(
        "Hazard ratios",
        frame,
        "Cox model, each cluster against the first: above 1 means that the event comes sooner in "
        f"the first of the two.{by}",
    )


def _restricted_means(found: Associations, said: dict[str, Any]) -> ShownTable | None:
    pairs = found.table("restricted_pairs")
    if pairs.empty:
        return None
    means = found.table("restricted_means")
    each = [
        f"{number(row['mean'])} ({interval(row['ci_low'], row['ci_high'])}) in cluster "
        f"{int(row['cluster'])}"
        for row in rows_of(means)
    ]
    frame = pd.DataFrame(
        {
            "Clusters": _pairs(pairs),
            "Difference (95 % interval)": cells(pairs, "difference"),
            "p": pairs["p_value"].map(p_value),
            "p corrected": pairs["p_adjusted"].map(p_value),
        }
    )
    return ShownTable(
        "Mean time free of the event",
        frame if len(pairs) > 1 else frame.drop(columns="p corrected"),
        f"Mean time free of the event within the first {said['horizon']:g} "
        f"({uncapitalized(found.label(str(said['time'])))}): {listed(each)}. Differences are first "
        "minus second cluster, and hold whether or not hazards keep their ratio.",
    )


def _pairs(table: pd.DataFrame) -> list[str]:
    return [f"{int(one['cluster_a'])} and {int(one['cluster_b'])}" for one in rows_of(table)]


def cells(table: pd.DataFrame, name: str, prefix: str = "", digits: int = 2) -> Sequence[str]:
    """Estimates with their intervals, a dash where there is none."""
    return [
        f"{number(one[name], digits)} "
        f"({interval(one[f'{prefix}ci_low'], one[f'{prefix}ci_high'], digits)})"
        if pd.notna(one[name])
        else "–"
        for one in rows_of(table)
    ]


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
