"""What a reading study found: progress, agreement, agreed values, rating of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.errors import MissingStepError
from clam_core.reading_study.agreement.of_readers import agreement_of
from clam_core.reading_study.answers import RATING, questions_for
from clam_core.reading_study.blind_order import PARTS, Part
from clam_core.reading_study.consensus import agreed_values
from clam_core.reading_study.map_rating.paired import rating_sentence, rating_summary
from clam_core.reading_study.protocol import Question
from clam_core.study.readings.reading import Reading
from clam_core.study.runs import Run


@dataclass(frozen=True, eq=False)
class ReadingResults:
    """What can be read once all have locked.

    Attributes:
        agreement: A row per question and measure, between readers.
        with_oneself: The same of each reader, first against second look.
        rating: Paired differences of maps and controls; None where none were rated, or not all
            readers have locked that part.
        answer: The rating in one sentence; empty where there is none.
        notes: What a reader of the results should know.
    """

    agreement: pd.DataFrame
    with_oneself: pd.DataFrame
    rating: pd.DataFrame | None
    answer: str
    notes: tuple[str, ...]


def progress_of(reading: Reading) -> pd.DataFrame:
    """How far every reader is: reader, part, n_done, n_cases, minutes, locked."""
    protocol = reading.protocol()
    parts = [part for part in PARTS if part == "scores" or protocol.maps is not None]
    rows = []
    for reader in protocol.readers:
        for part in parts:
            done = reading.answers(reader, part)
            rows.append(
                {
                    "reader": reader,
                    "part": part,
                    "n_done": len(done),
                    "n_cases": len(reading.cases(reader, part)),
                    "minutes": sum(one.seconds for one in done.values()) / 60,
                    "locked": reading.locked(reader, part) is not None,
                }
            )
    return pd.DataFrame(rows)


def require_locked(reading: Reading, part: Part = "scores") -> None:
    """Refuse to tell anything before all readers have ended a part.

    Raises:
        MissingStepError: If one has not, with who it is.
        StudyError: If a locked log is damaged.
    """
    reading.check_locks()
    waited = [one for one in reading.protocol().readers if reading.locked(one, part) is None]
    if waited:
        raise MissingStepError(
            f"Nothing of the reading study {reading.name!r} is shown before every reader has "
            f"locked; {', '.join(waited)} has not yet."
            if len(waited) == 1
            else f"Nothing of the reading study {reading.name!r} is shown before every reader has "
            f"locked; {', '.join(waited)} have not yet."
        )


def reading_results(reading: Reading) -> ReadingResults:
    """Agreement and rating of a reading study that all readers have locked.

    Raises:
        MissingStepError: If a reader has not locked the scores.
    """
    require_locked(reading)
    protocol = reading.protocol()
    subjects = reading.study.scans()["subject_id"].astype(str)
    scored = [one for one in protocol.questions if one.item.kind != "text"]
    first = {one.name: first_values(reading, one) for one in scored}
    between = [agreement_of(one, first[one.name], subjects) for one in scored]
    alone = []
    for reader in protocol.readers:
        for question in scored:
            twice = _twice(reading, reader, question)
            if len(twice):
                alone.append(agreement_of(question, twice, subjects, f"{reader}, twice"))
    rating, answer = None, ""
    if protocol.maps is not None and reading.is_locked("maps"):
        rating = rating_summary(map_ratings(reading), protocol.seed)
        answer = rating_sentence(rating)
    return ReadingResults(_joined(between), _joined(alone), rating, answer, _notes(reading))


def first_values(reading: Reading, question: Question) -> pd.DataFrame:
    """What each reader said at the first look: a row per scan, a column per reader."""
    protocol = reading.protocol()
    found = {}
    for reader in protocol.readers:
        answers = reading.answers(reader)
        found[reader] = {
            case.scan_id: answers[case.number].values.get(question.name)
            for case in reading.cases(reader)
            if not case.is_repeat and case.number in answers
        }
    return pd.DataFrame(found, index=pd.Index(protocol.scans, name="scan_id"), dtype=object)


def agreed(reading: Reading, question: Question) -> pd.Series[float]:
    """One value per scan, by the rule of the protocol."""
    return agreed_values(question, first_values(reading, question), reading.protocol().agreed)


def map_ratings(reading: Reading) -> pd.DataFrame:
    """A row per reader and scan: the rating of its own map, and of the control (`rated`)."""
    protocol = reading.protocol()
    if protocol.maps is None:
        return pd.DataFrame()
    subjects = reading.study.scans()["subject_id"]
    clusters = _clusters(reading, protocol.maps.run)
    kinds = dict(zip(protocol.maps.scans, protocol.maps.controls, strict=True))
    rows = []
    for reader in protocol.readers:
        answers = reading.answers(reader, "maps")
        rated: dict[str, dict[bool, Any]] = {scan_id: {} for scan_id in protocol.maps.scans}
        for case in reading.cases(reader, "maps"):
            if case.number in answers:
                rated[case.scan_id][case.is_control] = answers[case.number].values.get(RATING)
        rows += [
            {
                "reader": reader,
                "scan_id": scan_id,
                "subject_id": str(subjects[scan_id]),
                "cluster": clusters.get(scan_id, "gone"),
                "control": kinds[scan_id],
                "real": told.get(False, np.nan),
                "rated": told.get(True, np.nan),
            }
            for scan_id, told in rated.items()
        ]
    return pd.DataFrame(rows)


def _clusters(reading: Reading, run: str) -> dict[str, str]:
    """Cluster of each scan; nothing where the run has been deleted since."""
    opened = Run(reading.study, run)
    if not opened.is_fitted:
        return {}
    return {str(one): f"cluster {n}" for one, n in opened.scans()["cluster"].items()}


def _twice(reading: Reading, reader: str, question: Question) -> pd.DataFrame:
    """First and second look of a reader: a row per repeated scan."""
    answers, looks = reading.answers(reader), reading.cases(reader)
    said = {
        (case.scan_id, case.is_repeat): answers[case.number].values.get(question.name)
        for case in looks
        if case.number in answers
    }
    again = [case.scan_id for case in looks if case.is_repeat]
    rows = {
        scan_id: {"first": said.get((scan_id, False)), "second": said.get((scan_id, True))}
        for scan_id in again
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["first", "second"], dtype=object)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _notes(reading: Reading) -> tuple[str, ...]:
    protocol = reading.protocol()
    notes = [
        f"{len(protocol.readers)} {'reader' if len(protocol.readers) == 1 else 'readers'} scored "
        f"{len(protocol.scans)} scans, each in an order of their own, without cluster, map, name "
        "or clinical value. Whether nobody looked elsewhere meanwhile rests on the readers, unless "
        "each has a login."
    ]
    for part in PARTS:
        for reader in protocol.readers:
            told = reading.locked(reader, part)
            if told is not None and told["n_answered"] < told["n_cases"]:
                notes.append(
                    f"{reader} ended the {'scores' if part == 'scores' else 'rating of maps'} with "
                    f"{told['n_answered']} of {told['n_cases']} cases."
                )
    if questions_for(protocol, "scores") and len(protocol.readers) == 1:
        notes.append("With one reader there is no agreement between readers.")
    return tuple(notes)
