"""Scores of reading studies as columns beside the clinical table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clam_core.errors import ClamError
from clam_core.reading_study.consensus import column_of
from clam_core.study import Study
from clam_core.study.readings.reading import readings_of
from clam_core.study.readings.results import agreed
from clam_core.tables.column_info import ColumnInfo


def reading_columns(
    study: Study, taken: Sequence[str]
) -> tuple[pd.DataFrame, list[ColumnInfo], tuple[str, ...]]:
    """The agreed value of every item of every reading study that all readers have locked.

    Args:
        study: The study.
        taken: Names of columns that are there; ours get ` (read)` behind an equal name, so that
            none of the user's is replaced.

    Returns:
        Values indexed by scan_id in the study's order, what each column is, and notes on
        reading studies that are not taken along.
    """
    frame = pd.DataFrame(index=study.scans().index)
    infos: list[ColumnInfo] = []
    notes: list[str] = []
    used = set(taken)
    for reading in readings_of(study):
        try:
            if not reading.is_locked():
                continue
            reading.check_locks()
            protocol = reading.protocol()
            for question in protocol.questions:
                if question.item.kind == "text":
                    continue
                name = question.name
                while name in used:
                    name += " (read)"
                used.add(name)
                values, info = column_of(
                    question, agreed(reading, question), protocol.agreed, name,
                    len(protocol.readers),
                )  # fmt: skip
                frame[name] = values.reindex(frame.index)
                infos.append(info)
        except ClamError as error:
            notes.append(f"Scores of the reading study {reading.name!r} were left out: {error}")
    return frame, infos, tuple(notes)
