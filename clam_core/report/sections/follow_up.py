"""Follow-up: time to an event and change over time, where there is any."""

from __future__ import annotations

from typing import Any

from clam_core.figures.chart_text import event_words
from clam_core.report.drawings import draw_change, draw_incidence, draw_survival
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.phrases import sentence
from clam_core.report.tables.follow_up_tables import (
    incidence_table,
    rate_tables,
    slope_table,
    survival_tables,
)
from clam_core.study.associations import Associations


def write_follow_up(found: Associations, figures: Figures) -> Html:
    """Kaplan-Meier curves with the log-rank test, hazard ratios, slopes; nothing without them."""
    known = found.about.get("follow_up") or {}
    parts = []
    if "survival" in known:
        parts.append(_survival(found, known["survival"], figures))
    if "rates" in known:
        parts.append(_rates(found, known["rates"]))
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
    shown = [table(one.frame, one.caption) for one in survival_tables(found)]
    parts = [heading, picture, *shown, paragraphs(notes)]
    incidence, rows = draw_incidence(found), incidence_table(found)
    if incidence is not None and rows is not None:
        parts.append(tag("h4", "Where a competing event may come first"))
        parts.append(figures.add(incidence.caption, incidence.picture))
        parts.append(table(rows.frame, rows.caption))
    elif "incidence" in values:
        reason = values["incidence"]["reason"]
        parts.append(paragraph(f"The cumulative incidence is {reason}."))
    return join(parts)


def _rates(found: Associations, values: dict[str, Any]) -> Html:
    heading = tag("h3", "Events per time at risk")
    if "reason" in values:
        return join([heading, paragraph(sentence(str(values["reason"])))])
    shown = [table(one.frame, one.caption) for one in rate_tables(found)]
    notes = paragraphs(sentence(str(note)) for note in values["notes"])
    return join([heading, *shown, notes])


def _event(values: dict[str, Any]) -> list[str]:
    return [words] if (words := event_words(values)) else []


def _slopes(found: Associations, values: dict[str, Any], figures: Figures) -> Html:
    parts = [tag("h3", "Change over time")]
    for name, said in values.items():
        drawn = draw_change(found, name)
        if drawn is None:
            parts.append(paragraph(f"{name}: {said.get('reason', 'no slope')}."))
            continue
        parts.append(figures.add(drawn.caption, drawn.picture))
        pairs = slope_table(found, name)
        parts += [table(pairs.frame, pairs.caption)] if pairs is not None else []
        notes = [*said.get("notes", []), *said.get("doubts", [])]
        parts.append(paragraphs(sentence(str(note)) for note in notes))
    return join(parts)
