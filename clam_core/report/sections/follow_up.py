"""Follow-up: time to an event and change over time, where there is any."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.figures.chart_text import event_words
from clam_core.report.drawings import draw_change, draw_survival
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.phrases import interval, listed, number, p_value, sentence
from clam_core.statistics.headline import uncapitalized
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
        reason = sentence(str(values.get("reason", "No event.")))
        return join([heading, *map(paragraph, [*_event(values), reason])])
    picture = figures.add(drawn.caption, drawn.picture)
    notes = [*_event(values), *(sentence(str(note)) for note in values["notes"])]
    covariates = [uncapitalized(found.label(str(name))) for name in values.get("adjust", [])]
    cox = _cox(found.table("cox"), covariates)
    return join([heading, picture, cox, paragraphs(notes)])


def _event(values: dict[str, Any]) -> list[str]:
    return [words] if (words := event_words(values)) else []


def _cox(cox: pd.DataFrame, covariates: list[str]) -> Html:
    """Hazard ratios of every cluster against the first, adjusted where there are covariates."""
    if cox.empty:
        return Html("")
    shown = pd.DataFrame(
        {
            "Clusters": [f"{one['cluster_a']} and {one['cluster_b']}" for one in _rows(cox)],
            "Hazard ratio (95 % interval)": [_ratio(one, "") for one in _rows(cox)],
            "p": [p_value(one["p_value"]) for one in _rows(cox)],
        }
    )
    if covariates:
        shown["Adjusted (95 % interval)"] = [_ratio(one, "adjusted_") for one in _rows(cox)]
        shown["p, adjusted"] = [p_value(one["adjusted_p_value"]) for one in _rows(cox)]
    by = f" Adjusted for {listed(covariates)}." if covariates else ""
    words = (
        "Cox model, every cluster against the first; above 1 means that the event comes sooner in "
        f"the first of the two.{by}"
    )
    return table(shown, words)


def _rows(cox: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in cox.to_dict("records")]


def _ratio(row: dict[str, Any], prefix: str) -> str:
    low, high = row[f"{prefix}ci_low"], row[f"{prefix}ci_high"]
    return f"{number(row[f'{prefix}hazard_ratio'])} ({interval(low, high)})"


def _slopes(found: Associations, values: dict[str, Any], figures: Figures) -> Html:
    parts = [tag("h3", "Change over time")]
    for name, said in values.items():
        drawn = draw_change(found, name)
        if drawn is None:
            parts.append(paragraph(f"{name}: {said.get('reason', 'no slope')}."))
            continue
        parts.append(figures.add(drawn.caption, drawn.picture))
        notes = [*said.get("notes", []), *said.get("doubts", [])]
        parts.append(paragraphs(sentence(str(note)) for note in notes))
    return join(parts)
