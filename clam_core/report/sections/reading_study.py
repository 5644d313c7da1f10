"""Reading study: what readers scored blind, how far they agree, where maps point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.errors import ClamError
from clam_core.reading_study.agreement.agreement_words import number_words
from clam_core.reading_study.map_rating.rating_words import rating_table
from clam_core.report.html import Figures, Html, bullets, join, paragraph, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import sentence
from clam_core.study.readings.reading import Reading
from clam_core.study.readings.results import reading_results

NONE = "No reading study of these scans has been ended by all its readers."


def write(material: Material, figures: Figures) -> Html:  # noqa: ARG001
    """Every reading study that all readers have locked."""
    parts = [_reading(reading) for reading in material.readings]
    return join(parts) if parts else paragraph(NONE, class_="missing")


def _reading(reading: Reading) -> Html:
    protocol = reading.protocol()
    heading = tag("h3", protocol.title or f"Reading study {reading.name}")
    try:
        found = reading_results(reading)
    except ClamError as error:
        return join([heading, paragraph(sentence(str(error)), class_="missing")])
    # Readers are numbered: their names belong to them, not to whoever gets the report.
    called = {name: f"reader {n}" for n, name in enumerate(protocol.readers, start=1)}
    parts = [
        heading,
        paragraph(found.answer, class_="answer") if found.answer else None,
        bullets(_without_names(note, called) for note in found.notes),
        _agreement(found.agreement, called, "How far readers agree."),
        _agreement(
            found.with_oneself, called, "How far each reader agrees with himself or herself."
        ),
    ]
    if found.rating is not None:
        rating = found.rating.assign(of=found.rating["of"].replace(called))
        rating.loc[rating["group"] == "reader", "group"] = "numbered"
        caption = (
            "Ratings of maps (0: points nowhere) and of controls of equal size and strength that "
            "readers could not tell apart; difference with 95 % interval over subjects. Only the "
            "first row is a test."
        )
        parts.append(table(rating_table(rating), caption))
    return join(parts)


def _agreement(rows: pd.DataFrame, called: dict[str, str], caption: str) -> Html | None:
    if rows.empty:
        return None
    shown = [
        {
            "Question": str(row["label"]),
            "Readers": _without_names(str(row["readers"]), called),
            "Measure": str(row["measure"]),
            "Value (95 % interval)": _value(row),
            "Scans": str(row["n"]),
        }
        for row in rows.to_dict("records")
    ]
    notes = list(dict.fromkeys(str(note) for note in rows["note"] if note))
    return join([table(pd.DataFrame(shown), caption, by="Question"), bullets(notes)])


def _value(row: dict[Any, Any]) -> str:
    if row["measure"] == "same value" and np.isfinite(row["value"]):
        return f"{100 * row['value']:.0f} %"
    return number_words(row)


def _without_names(text: str, called: dict[str, str]) -> str:
    for name in sorted(called, key=len, reverse=True):
        text = text.replace(name, called[name])
    return text
