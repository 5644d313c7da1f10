"""Reference values, pattern and GAP index of a clinical table, with a reason in each gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import TableError
from clam_core.spirometry.check import Checked, age_reasons, checked_ratio, in_range, join
from clam_core.spirometry.derived import (
    LEVELS,
    DerivedColumn,
    gap_columns,
    measure_columns,
    pattern_columns,
)
from clam_core.spirometry.gap import gap_index
from clam_core.spirometry.measures import ROLES, equation_for
from clam_core.spirometry.pattern import preserved_ratio_impaired, spirometric_pattern
from clam_core.spirometry.people import read_groups, read_sex
from clam_core.spirometry.reference import ReferenceValues, Subjects, reference_values
from clam_core.spirometry.settings import LungFunctionSettings
from clam_core.spirometry.units import Source, agreed_units, numbers_of

Cells = NDArray[np.float64] | NDArray[np.object_] | tuple[str, ...]
Part = dict[DerivedColumn, Cells]

_NEEDED = ("Sex", "Age", "Height")
_HIGHEST_Z = 12.0
"""Beyond this the value, or the sex, age or height beside it, must be wrong."""


@dataclass(frozen=True)
class _People:
    """Whom the values are for, why some cannot be used, and why their group is not known."""

    subjects: Subjects
    reasons: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class LungFunction:
    """What follows from a table of lung function.

    Attributes:
        values: One row per row of the table, with its index; one column per
            entry of `columns`, in their order.
        columns: What each column is and how it was made.
        units: Unit in which each role was read.
    """

    values: pd.DataFrame
    columns: tuple[DerivedColumn, ...]
    units: Mapping[str, str]


def lung_function(
    table: pd.DataFrame, sources: Mapping[str, Source], settings: LungFunctionSettings
) -> LungFunction:
    """Calculate reference values of every measure that the table holds.

    A row that lacks sex, age or height, or has a value outside the hard
    ranges, gets NaN and a reason; the other rows are not touched by it.
    FEV1/FVC is calculated where the table does not have it.

    Args:
        table: The clinical table, already typed, one row per subject or scan.
        sources: Column and said unit by role: `Sex`, `Ethnicity` and the keys of `ROLES`.
        settings: Equations, confirmed units and codes.

    Raises:
        TableError: If a column is missing or is no measured value, or if a
            unit, a code or the ethnic groups have to be stated first.
    """
    missing = [name.lower() for name in _NEEDED if name not in sources]
    if missing:
        raise TableError(f"Reference values need {', '.join(missing)}; choose the columns.")
    units = agreed_units(table, sources, settings.units)
    checked = {
        name: in_range(ROLES[name], numbers_of(table, sources[name].column), unit)
        for name, unit in units.items()
    }
    people = _people(table, sources, checked, settings)
    part: Part = {}
    calculated: dict[str, ReferenceValues] = {}
    for name, measure in _measures(checked).items():
        own, calculated[name] = _measure(name, measure, people, sources, settings)
        part |= own
    part |= _pattern(calculated, part, sources) | _gap(calculated, people, sources)
    frame = pd.DataFrame({column.name: _series(column, cells) for column, cells in part.items()})
    return LungFunction(frame.set_axis(table.index), tuple(part), units)


def _people(
    table: pd.DataFrame,
    sources: Mapping[str, Source],
    checked: Mapping[str, Checked],
    settings: LungFunctionSettings,
) -> _People:
    sex = read_sex(table, sources["Sex"].column, settings)
    age, height = checked["Age"], checked["Height"]
    subjects = Subjects(sex.values, age.values, height.values, np.full(len(table), np.nan))
    groups = ("",) * len(table)
    if settings.spirometry == "GLI-2012":
        column = sources["Ethnicity"].column if "Ethnicity" in sources else ""
        group = read_groups(table, column, settings)
        subjects, groups = replace(subjects, group=group.values), group.reasons
    return _People(subjects, join(sex.reasons, age.reasons, height.reasons), groups)


def _measures(checked: Mapping[str, Checked]) -> dict[str, Checked]:
    measures = {name: part for name, part in checked.items() if name not in _NEEDED}
    if {"FEV1", "FVC"} <= set(measures):
        stated = measures.get("FEV1/FVC")
        measures["FEV1/FVC"] = checked_ratio(measures["FEV1"], measures["FVC"], stated)
    return measures


def _measure(
    name: str,
    measure: Checked,
    people: _People,
    sources: Mapping[str, Source],
    settings: LungFunctionSettings,
) -> tuple[Part, ReferenceValues]:
    equation = equation_for(name, settings.spirometry)
    by_group = equation.name == "GLI-2012"
    reference = reference_values(equation, name, people.subjects, measure.values)
    absurd = np.abs(reference.z_score) > _HIGHEST_Z
    words = tuple(
        f"z-score {z:.1f} of {name} is not plausible; check it, sex, age and height" if bad else ""
        for z, bad in zip(reference.z_score.tolist(), absurd.tolist(), strict=True)
    )
    reference = replace(
        reference,
        z_score=np.where(absurd, np.nan, reference.z_score),
        percent_predicted=np.where(absurd, np.nan, reference.percent_predicted),
    )
    groups = people.groups if by_group else ("",) * len(words)
    ages = age_reasons(equation, people.subjects.age)
    reasons = join(people.reasons, groups, ages, measure.reasons, words)
    # FEV1/FVC is calculated from its parts where there is no column, or no value in it.
    parts = ("FEV1", "FVC") if name == "FEV1/FVC" else ()
    inputs = [one for one in (name, *parts) if one in sources]
    used = _used(sources, *inputs, *_NEEDED, *(["Ethnicity"] if by_group else []))
    quantities = (
        reference.predicted,
        reference.lower_limit,
        reference.z_score,
        reference.percent_predicted,
    )
    columns = measure_columns(name, equation, used)
    return dict(zip(columns, (*quantities, reasons), strict=True)), reference


def _pattern(
    found: Mapping[str, ReferenceValues], part: Part, sources: Mapping[str, Source]
) -> Part:
    if not {"FEV1", "FVC"} <= set(found):
        return {}
    fev1, fvc, ratio = (found[name].z_score for name in ("FEV1", "FVC", "FEV1/FVC"))
    tlc = found["TLC"].z_score if "TLC" in found else np.full(fev1.shape, np.nan)
    names = spirometric_pattern(fev1, fvc, ratio, tlc)
    wanted = {"FEV1_reason", "FVC_reason", "FEV1_FVC_reason"}
    gaps = join(
        *([str(c) for c in cells] for column, cells in part.items() if column.name in wanted)
    )
    reasons = tuple(
        gap if name is None else "" for gap, name in zip(gaps, names.tolist(), strict=True)
    )
    used = _used(sources, "FEV1", "FVC", "FEV1/FVC", "TLC", *_NEEDED)
    cells = (names, preserved_ratio_impaired(fev1, ratio), reasons)
    return dict(zip(pattern_columns(used), cells, strict=True))


def _gap(
    found: Mapping[str, ReferenceValues], people: _People, sources: Mapping[str, Source]
) -> Part:
    transfer = next((name for name in ("DLCO", "TLCO") if name in found), "")
    if "FVC" not in found or not transfer:
        return {}
    subjects = people.subjects
    fvc, dlco = found["FVC"].percent_predicted, found[transfer].percent_predicted
    index = gap_index(subjects.sex, subjects.age, fvc, dlco)
    used = _used(sources, "FVC", transfer, *_NEEDED)
    cells = (index.points, index.stages, index.reasons)
    return dict(zip(gap_columns(used), cells, strict=True))


def _used(sources: Mapping[str, Source], *roles: str) -> tuple[str, ...]:
    return tuple(sources[role].column for role in roles if role in sources)


def _series(column: DerivedColumn, cells: Cells) -> pd.Series[Any]:
    if column.kind == "free_text":
        return pd.Series([cell or None for cell in cells], dtype="str")
    if column.name in LEVELS:
        levels, ordered = LEVELS[column.name], column.kind == "ordinal"
        return pd.Series(pd.Categorical(list(cells), categories=levels, ordered=ordered))
    if column.kind == "ordinal":
        return pd.Series(np.asarray(cells, dtype=np.float64)).astype("Int64")
    return pd.Series(np.asarray(cells, dtype=np.float64))
