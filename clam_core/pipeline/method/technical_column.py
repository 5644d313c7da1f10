"""The column that a run is harmonised by, and what is to be kept, from headers and table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic_core import to_json

from clam_core.errors import StudyError, TableError
from clam_core.fitting.harmonisation.check_levels import (
    CONFOUNDED,
    check_levels,
    confounded_words,
    explained,
)
from clam_core.fitting.harmonisation.technical_levels import KeptColumn, TechnicalLevels
from clam_core.pipeline.method.acquisition_columns import (
    all_columns,
    find_column,
    levels_of,
)
from clam_core.settings.harmonise import HarmoniseSettings
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo

DIFFERS = 0.1
"""Share of a difference between levels that a clinical column explains, from which it is told."""
MOST_TOLD = 3
"""Clinical columns that are told of at most."""


@dataclass(frozen=True, eq=False)
class Harmonisation:
    """What a fit takes out.

    Attributes:
        technical: Levels of the scans.
        settings: With the digest of their values.
        notes: What a person should know, in sentences.
    """

    technical: TechnicalLevels
    settings: HarmoniseSettings
    notes: tuple[str, ...] = ()


def technical_of(study: Study, scan_ids: list[str], asked: HarmoniseSettings) -> Harmonisation:
    """How scans were made, by a column of the clinical table or of their headers.

    Args:
        study: The study.
        scan_ids: The scans of the run, in its order.
        asked: Column to take out, columns to keep, and those that may go with it.

    Returns:
        Levels, settings with the digest of all values that were used, and notes.

    Raises:
        TableError: If there is no such column, or it has no levels.
        StudyError: If nothing can be learnt from it, or a column of the clinical table that is
            not named in `despite` cannot be told from it.
    """
    frame, columns, n_clinical = all_columns(study, scan_ids)
    info = find_column(asked.column, columns)
    kept = [find_column(name, columns) for name in asked.keep]
    despite = [find_column(name, columns).name for name in asked.despite]
    if info.name in {one.name for one in kept}:
        raise TableError(f"{info.label} cannot be taken out and kept at once; leave out one.")
    codes, levels = levels_of(frame[info.name], info)
    parts = tuple(_kept(frame[one.name], one) for one in kept)
    technical = TechnicalLevels(info.label, tuple(levels), codes, parts)
    check_levels(technical, scan_ids)
    named = {info.name, *despite, *(one.name for one in kept)}
    clinical = [one for one in columns[:n_clinical] if one.name not in named]
    notes = _told(technical, frame, clinical)
    settings = HarmoniseSettings(
        column=info.name,
        keep=tuple(one.name for one in kept),
        despite=tuple(despite),
        digest=_digest(technical),
    )
    return Harmonisation(technical, settings, notes)


def _kept(values: pd.Series[Any], info: ColumnInfo) -> KeptColumn:
    """A column to keep as numbers, or as indicators of its levels."""
    if info.kind in NUMBERS:
        numbers = numbers_of(values)
        spread = float(np.nanstd(numbers)) if np.isfinite(numbers).any() else 0.0
        middle = float(np.nanmean(numbers)) if spread > 0 else 0.0
        return KeptColumn(info.label, ((numbers - middle) / (spread or 1.0))[:, None])
    if info.kind not in LEVELS:
        raise TableError(
            f"{info.label} cannot be kept ({info.kind}); name columns with levels or numbers."
        )
    codes, levels = codes_of(values)
    one_hot = np.eye(max(len(levels), 1))[codes][:, 1:]
    return KeptColumn(info.label, np.where(codes[:, None] < 0, np.nan, one_hot), codes)


def _told(
    technical: TechnicalLevels, frame: pd.DataFrame, columns: list[ColumnInfo]
) -> tuple[str, ...]:
    """Refuse where a clinical column goes with the levels; tell of those that differ somewhat."""
    differing: dict[str, float] = {}
    for info in columns:
        if info.family == "acquisition" or info.kind not in LEVELS | NUMBERS:
            continue
        column = _kept(frame[info.name], info)
        share = explained(technical, column)
        if share >= CONFOUNDED:
            raise StudyError(
                f"{confounded_words(technical, column, share)} If {column.name} has no part in "
                f"what scans look like, say so with --harmonise-despite {info.name!r}."
            )
        if share >= DIFFERS:
            differing[info.label] = share
    if not differing:
        return ()
    most = sorted(differing, key=lambda name: -differing[name])[:MOST_TOLD]
    each = " and ".join(f"{name} ({differing[name]:.0%})" for name in most)
    return (
        f"Levels of {technical.name} differ in {each}: what differs with it may have been taken "
        "out, too; name what must stay with --harmonise-keep.",
    )


def _digest(technical: TechnicalLevels) -> str:
    """Digest of everything that directions are found by."""
    kept = [
        (one.name, np.where(np.isfinite(one.values), one.values, -9e9).tolist())
        for one in technical.kept
    ]
    told = to_json([technical.levels, technical.codes.tolist(), kept])
    return hashlib.sha256(told).hexdigest()
