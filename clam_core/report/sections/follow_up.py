"""Follow-up: time to an event and change over time, where there is any."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.report.charts_clinical import slopes, survival
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.phrases import interval, number, p_value, sentence, with_sign
from clam_core.study.associations import Associations


def write_follow_up(found: Associations, figures: Figures) -> Html:
    """Kaplan-Meier curves with the log-rank test, hazard ratios, slopes; nothing without them."""
    known = found.about.get("follow_up") or {}
    parts = []
    if "survival" in known:
        parts.append(_survival(found, known["survival"], figures))
    if "slopes" in known:
        parts.append(_slopes(found, known["slopes"], figures))
    return join(parts)


def _survival(found: Associations, values: dict[str, Any], figures: Figures) -> Html:
    heading = tag("h3", "Time to an event")
    curves = found.table("curves")
    if "reason" in values or curves.empty:
        return join([heading, paragraph(sentence(str(values.get("reason", "No event."))))])
    event, time = str(values["event"]), str(values["time"])
    caption = (
        f"Kaplan-Meier curves of {event}, time as in the column {time}. Log-rank test: "
        f"p {with_sign(values['logrank_p_value'])}. The numbers below tell how many were still "
        "under observation."
    )
    picture = survival(curves, found.table("at_risk"), time, f"Step curves. {caption}")
    notes = [sentence(str(note)) for note in values["notes"]]
    return join([heading, figures.add(caption, picture), _cox(found.table("cox")),
                 paragraphs(notes)])  # fmt: skip


def _cox(cox: pd.DataFrame) -> Html:
    """Hazard ratios, with the columns that are there."""
    if cox.empty:
        return Html("")
    names = {"hazard_ratio": "Hazard ratio", "p_value": "p", "ci_low": "from", "ci_high": "to"}
    shown = pd.DataFrame(
        {
            names.get(str(name), str(name).replace("_", " ")): [
                (p_value(v) if name == "p_value" else number(v)) if isinstance(v, float) else str(v)
                for v in cox[name]
            ]
            for name in cox.columns
        }
    )
    return table(shown, "Cox model: hazard of each cluster, with 95 % intervals.")


def _slopes(found: Associations, values: dict[str, Any], figures: Figures) -> Html:
    rows = found.table("slopes")
    parts = [tag("h3", "Change over time")]
    for name, said in values.items():
        part = rows[rows["value"] == name] if len(rows) else rows
        if part.empty:
            parts.append(paragraph(f"{name}: {said.get('reason', 'no slope')}."))
            continue
        lines = [{str(k): v for k, v in row.items()} for row in part.to_dict("records")]
        each = "; ".join(
            f"cluster {int(row['cluster'])}: {number(row['slope'])} "
            f"({interval(row['ci_low'], row['ci_high'])})"
            for row in lines
        )
        caption = (
            f"Change of {name} per unit of time with 95 % intervals. {sentence(each)} Slopes "
            f"differ: p {with_sign(said.get('p_value'))} ({said.get('model')})."
        )
        axis = f"Change of {name} per unit of time"
        parts.append(figures.add(caption, slopes(lines, axis, f"Points with intervals. {caption}")))
    return join(parts)
