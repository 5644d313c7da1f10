"""Step `lung-function`: reference values, pattern and GAP index beside the clinical table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from clam_core.errors import TableError
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.spirometry import (
    ROLES,
    DerivedColumn,
    LungFunction,
    LungFunctionSettings,
    Source,
    UnitProposal,
    lung_function,
    propose_units,
)
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo, doubt_words
from clam_core.tables.vocabulary import find_meaning
from clam_core.wording import plural

_PEOPLE = {"Age", "Height", "Sex", "Ethnicity"}
_SAME_AS = {"ratio": "fraction"}
_NOT_MEASURED = frozenset({"% predicted", "z-score"})
FAMILY = "lung function"


def find_sources(columns: Sequence[ColumnInfo]) -> dict[str, Source]:
    """Which columns hold what reference values need, by their names.

    Args:
        columns: Columns of the clinical table; calculated ones are passed over.

    Returns:
        Role to column; of several columns the first one.
    """
    found: dict[str, Source] = {}
    for info in columns:
        meaning = None if info.equation else find_meaning(info.name)
        if meaning is None or meaning.term in found:
            continue
        if meaning.term in {"Sex", "Ethnicity"}:
            found[meaning.term] = Source(info.name)
        if meaning.term not in ROLES or info.kind not in {"continuous", "count"}:
            continue
        unit = _SAME_AS.get(info.unit, info.unit)
        if unit in _NOT_MEASURED:
            continue
        guessed = any("Set it if wrong" in warning for warning in info.warnings)
        known = unit in ROLES[meaning.term].units and not guessed
        found[meaning.term] = Source(info.name, unit if known else "")
    return found


def proposals_of(study: Study) -> tuple[UnitProposal, ...]:
    """In which unit each column seems to be, and which a person must confirm.

    Raises:
        MissingStepError: If there is no clinical table.
        TableError: If a column cannot be used.
    """
    frame, columns, _ = needed_table(study)
    return propose_units(frame, find_sources(columns))


def add_reference_values(
    study: Study, settings: LungFunctionSettings, progress: Progress = silent
) -> Summary:
    """Calculate reference values and store them as further columns of the clinical table.

    Args:
        study: A study with a clinical table.
        settings: Equations, confirmed units and codes.
        progress: Told what is going on.

    Returns:
        What was calculated, by which equations, and for how many rows it could not be.

    Raises:
        MissingStepError: If there is no clinical table.
        TableError: If sex, age, height or every measure is missing, or something has to
            be confirmed first.
    """
    progress("Calculating reference values", 0, 1)
    frame, columns, description = needed_table(study)
    sources = find_sources(columns)
    if not set(sources) - _PEOPLE:
        raise TableError(
            "The clinical table has no column with a measured lung function (FEV1, FVC, DLCO, TLC "
            "...); name it so, or set its unit."
        )
    measured = frame[[info.name for info in columns if not info.equation]]
    calculated = lung_function(measured, sources, settings)
    infos = [info for info in columns if not info.equation]
    taken = {info.name for info in infos}
    derived = {column.name: _free(column.name, taken) for column in calculated.columns}
    joined = measured.join(calculated.values.rename(columns=derived))
    by_name = {info.name: info for info in infos}
    made = [_info(column, derived[column.name], calculated) for column in calculated.columns]
    infos += [_with_doubts(info, by_name) for info in made]
    columns_now = [info.to_json() for info in infos]
    study.write_clinical(joined, {**description, "columns": columns_now})
    return _summary(calculated)


def _free(name: str, taken: set[str]) -> str:
    """A name that the table does not have yet."""
    while name in taken:
        name = f"{name} (calculated)"
    return name


def _info(column: DerivedColumn, name: str, found: LungFunction) -> ColumnInfo:
    """A calculated column as a column of the clinical table."""
    values = found.values[column.name]
    levels: tuple[str, ...] = ()
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = tuple(str(one) for one in values.cat.categories)
    n, n_unique = int(values.notna().sum()), int(values.nunique())
    kind = column.kind
    if kind != "free_text" and n_unique < 2:
        kind = "constant" if n_unique else "empty"
    made = f"{column.equation} ({column.citation})"
    return ColumnInfo(
        name=name,
        label=column.label,
        kind=kind,  # type: ignore[arg-type]
        unit=column.unit,
        family=FAMILY,
        n=n,
        n_missing=len(values) - n,
        n_unique=n_unique,
        levels=levels,
        reason=f"Calculated from {', '.join(column.sources)}: {made}.",
        warnings=(column.note,) if column.note else (),
        made_from=column.sources,
        equation=made,
        version=column.version,
    )


def _with_doubts(made: ColumnInfo, by_name: Mapping[str, ColumnInfo]) -> ColumnInfo:
    """A calculated column with the doubts of what it was made from."""
    doubts = doubt_words(by_name[name] for name in made.made_from if name in by_name)
    return replace(made, doubts=tuple(doubts), warnings=(*made.warnings, *doubts))


def _summary(found: LungFunction) -> Summary:
    equations = dict.fromkeys(column.equation for column in found.columns if column.version)
    version = next(column.version for column in found.columns if column.version)
    sentences = [
        f"{plural(len(found.columns), 'column')} calculated by {', '.join(equations)} ({version}).",
        "Units: " + ", ".join(f"{role} in {unit}" for role, unit in found.units.items()) + ".",
    ]
    for name in found.values.columns:
        if str(name).endswith("_reason"):
            gaps = found.values[name].dropna()
            what = str(name).removesuffix("_reason").replace("_", " ")
            if len(gaps):
                common = str(gaps.mode().iloc[0])
                sentences.append(
                    f"{what}: {plural(len(gaps), 'row')} without a value (mostly: {common})."
                )
    notes = dict.fromkeys(column.note for column in found.columns if column.note)
    values = {"columns": [column.name for column in found.columns], "units": dict(found.units)}
    return Summary((*sentences, *notes), values)
