"""Follow-up: time to an event and change over time, where there is any."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.report.drawings import draw_change, draw_survival
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.phrases import number, p_value, sentence
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
    drawn = draw_survival(found)
    if drawn is None:
        return join([heading, paragraph(sentence(str(values.get("reason", "No event."))))])
    picture = figures.add(drawn.caption, drawn.picture)
    notes = [sentence(str(note)) for note in values["notes"]]
    return join([heading, picture, _cox(found.table("cox")), paragraphs(notes)])


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
    parts = [tag("h3", "Change over time")]
    for name, said in values.items():
        drawn = draw_change(found, name)
        if drawn is None:
            parts.append(paragraph(f"{name}: {said.get('reason', 'no slope')}."))
            continue
        parts.append(figures.add(drawn.caption, drawn.picture))
        parts.append(paragraphs(sentence(str(note)) for note in said.get("notes", [])))
    return join(parts)
