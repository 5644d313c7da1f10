"""Steps `reading-status`, `reading-agreement` and `reading-export`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.export.formulas import csv_bytes
from clam_core.export.office import to_workbook
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.reading_study.agreement.agreement_words import agreement_sentences
from clam_core.reading_study.answers import questions_for
from clam_core.reading_study.blind_order import PARTS
from clam_core.study import Study, atomic
from clam_core.study.readings.reading import Reading
from clam_core.study.readings.results import (
    agreed,
    first_values,
    map_ratings,
    progress_of,
    reading_results,
)

_PARTS = {"scores": "scores", "maps": "rating of maps"}


def status(study: Study, name: str, progress: Progress = silent) -> Summary:
    """How far every reader is."""
    progress("Reading the logs", 0, 1)
    reading = Reading(study, name)
    rows = progress_of(reading)
    sentences = tuple(
        f"{row['reader']}, {_PARTS[row['part']]}: {row['n_done']} of {row['n_cases']} cases, "
        f"{row['minutes']:.0f} min{', locked' if row['locked'] else ''}."
        for row in rows.to_dict("records")
    )
    values = plain_values({"name": name, "readers": rows.to_dict("records")})
    return Summary(sentences, values)


def agreement(study: Study, name: str, progress: Progress = silent) -> Summary:
    """Agreement, and the rating of maps.

    Raises:
        MissingStepError: If a reader has not locked yet.
    """
    progress("Comparing the readers", 0, 1)
    found = reading_results(Reading(study, name))
    sentences = [*agreement_sentences(found.agreement, found.answer), *found.notes]
    values = {
        "name": name,
        "agreement": _records(found.agreement),
        "with_oneself": _records(found.with_oneself),
        "rating": [] if found.rating is None else _records(found.rating),
        "answer": found.answer,
    }
    return Summary(tuple(sentences), plain_values(values))


def export(
    study: Study,
    name: str,
    where: Destination,
    progress: Progress = silent,
    *,
    with_remarks: bool = False,
) -> Summary:
    """Scores, agreement and ratings as CSV, and together as XLSX.

    Args:
        study: The study.
        name: Name of the reading study.
        where: Folder that the user named.
        progress: Told what is going on.
        with_remarks: Whether free text is written.

    Raises:
        MissingStepError: If a reader has not locked yet.
        StudyError: If a file is there already.
    """
    progress("Comparing the readers", 0, 1)
    files = reading_files(Reading(study, name), with_remarks=with_remarks)
    where.make()
    places = where.places(list(files))
    for path, content in zip(places, files.values(), strict=True):
        atomic.write_bytes(path, content)
    return Summary(
        (f"Written to {where.folder.name!r}: {', '.join(files)}.",), {"files": list(files)}
    )


def reading_files(reading: Reading, *, with_remarks: bool = False) -> dict[str, bytes]:
    """Names and contents of the files of a reading study.

    Raises:
        MissingStepError: If a reader has not locked yet.
    """
    found = reading_results(reading)
    tables = {
        "scores": score_table(reading),
        "readings": _all_answers(reading, with_remarks=with_remarks),
        "agreement": found.agreement,
        "with_oneself": found.with_oneself,
    }
    if found.rating is not None:
        tables |= {"map_rating": found.rating, "map_ratings": map_ratings(reading)}
    tables = {key: table for key, table in tables.items() if len(table)}
    notes = pd.DataFrame({"note": [*([found.answer] if found.answer else []), *found.notes]})
    stem = f"{reading.name}_"
    files = {f"{stem}{key}.csv": csv_bytes(table) for key, table in tables.items()}
    return files | {f"{stem}all.xlsx": to_workbook({**tables, "notes": notes})}


def score_table(reading: Reading) -> pd.DataFrame:
    """A row per scan: agreed value of every question, beside it what each reader said."""
    study_scans = reading.study.scans()
    protocol = reading.protocol()
    columns: dict[str, Any] = {"subject_id": study_scans["subject_id"].loc[list(protocol.scans)]}
    for question in protocol.questions:
        if question.item.kind == "text":
            continue
        values = first_values(reading, question)
        numbers = agreed(reading, question)
        if question.item.kind == "choice":
            words = question.item.words
            numbers = numbers.map(lambda one, w=words: w[int(one)], na_action="ignore")
        columns[question.name] = numbers
        for reader in protocol.readers:
            columns[f"{question.name}: {reader}"] = values[reader]
    return pd.DataFrame(columns, index=pd.Index(protocol.scans, name="scan_id")).reset_index()


def _all_answers(reading: Reading, *, with_remarks: bool) -> pd.DataFrame:
    """A row per case of every reader: what was said last, how often it was changed."""
    protocol = reading.protocol()
    rows = []
    for reader in protocol.readers:
        entries = reading.log(reader).entries()
        for part in PARTS:
            if reading.locked(reader, part) is None:
                continue
            answers = reading.answers(reader, part)
            shown = [
                one.name
                for one in questions_for(protocol, part)
                if with_remarks or one.item.kind != "text"
            ]
            for case in reading.cases(reader, part):
                if case.number not in answers:
                    continue
                answer = answers[case.number]
                n_saved = sum(one["part"] == part and one["case"] == case.number for one in entries)
                rows.append(
                    {
                        "reader": reader,
                        "part": part,
                        "case": case.number,
                        "scan_id": case.scan_id,
                        "is_repeat": case.is_repeat,
                        "is_control": case.is_control,
                        "time": answer.time,
                        "seconds": answer.seconds,
                        "n_saved": n_saved,
                        **{one: answer.values.get(one) for one in shown},
                    }
                )
    return pd.DataFrame(rows)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
