"""In which unit a column is, as far as its values tell, and whether a person must confirm it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import TableError
from clam_core.spirometry.measures import ROLES, Role

Values = NDArray[np.float64]

_MOST, _SOME = 0.9, 0.1
"""Share of values that must lie in the hard range of a unit; share that hints at a second one."""


@dataclass(frozen=True)
class Source:
    """Where the values of a role are.

    Attributes:
        column: Name of the column in the table.
        unit: Unit that the table says, e.g. in the column's name; empty if none.
    """

    column: str
    unit: str = ""


@dataclass(frozen=True)
class UnitProposal:
    """The unit in which a column seems to be.

    Attributes:
        role: Name of the role, e.g. `FVC`.
        column: Name of the column.
        unit: The proposed unit; empty if the values fit none.
        must_confirm: Whether a person has to confirm it before it is used.
        reason: What was found and what to do, one sentence.
    """

    role: str
    column: str
    unit: str
    must_confirm: bool
    reason: str


def numbers_of(table: pd.DataFrame, column: str) -> Values:
    """A column as numbers; what is missing is NaN.

    Args:
        table: The clinical table, already typed.
        column: Name of a column.

    Returns:
        Shape (n_rows,), float, in the column's own unit.

    Raises:
        TableError: If the table has no such column, or it is text.
    """
    if column not in table.columns:
        raise TableError(f"The table has no column {column!r}; choose another one.")
    values = table[column]
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise TableError(f"Column {column!r} does not hold numbers; import it as a number first.")
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def propose_units(table: pd.DataFrame, sources: Mapping[str, Source]) -> tuple[UnitProposal, ...]:
    """Propose a unit for every number that reference values need.

    A unit fits if nine tenths of the values above zero lie in the role's hard
    range and their median is that of a plausible cohort. A unit that the table says is
    taken if the values do not contradict it. Without one, the usual unit is
    taken if it alone fits; anything else must be confirmed.

    Args:
        table: The clinical table, already typed, one row per subject or scan.
        sources: Column and said unit by role; roles without a unit are left out.

    Returns:
        One proposal per role.

    Raises:
        TableError: If a column is not a measured value in a known unit.
    """
    return tuple(
        _propose(ROLES[name], source, numbers_of(table, source.column))
        for name, source in sources.items()
        if name in ROLES
    )


def agreed_units(
    table: pd.DataFrame, sources: Mapping[str, Source], confirmed: Mapping[str, str]
) -> dict[str, str]:
    """The unit of every role: the confirmed one, else the proposed one where it is sure.

    Args:
        table: The clinical table, already typed.
        sources: Column and said unit by role.
        confirmed: Units that a person confirmed, by role.

    Raises:
        TableError: If a unit has to be confirmed first.
    """
    proposals = {proposal.role: proposal for proposal in propose_units(table, sources)}
    unsure = [
        proposal.reason
        for name, proposal in proposals.items()
        if proposal.must_confirm and name not in confirmed
    ]
    if unsure:
        raise TableError(" ".join(unsure))
    return {name: confirmed.get(name, proposal.unit) for name, proposal in proposals.items()}


def _propose(role: Role, source: Source, values: Values) -> UnitProposal:
    _check_said(role, source)
    known = values[np.isfinite(values) & (values > 0)]
    here = f"Column {source.column!r}"
    if not known.size:
        reason = f"{here} has no values above zero."
        return UnitProposal(
            role.name, source.column, source.unit or role.unit, must_confirm=False, reason=reason
        )
    fitting = [unit for unit in role.units if _fits(role, known, unit)]
    median = f"median {np.median(known):.4g}"
    said = source.unit
    if said in fitting or (said and not fitting and _share(role, known, said) >= _MOST):
        reason = f"{here} is in {said}, as the table says ({median})."
        return UnitProposal(role.name, source.column, said, must_confirm=False, reason=reason)
    # Ages in years may fit months, too; without a word, years are meant.
    if role.name == "Age" and not said and "years" in fitting:
        fitting = ["years"]
    if not said and fitting == [role.unit]:
        reason = f"{here} is in {role.unit}: no other unit fits its values ({median})."
        return UnitProposal(role.name, source.column, role.unit, must_confirm=False, reason=reason)
    unit = fitting[0] if len(fitting) == 1 else ""
    reason = f"{here} {_doubt(role, known, said, fitting)} ({median}); confirm its unit."
    return UnitProposal(role.name, source.column, unit, must_confirm=True, reason=reason)


def _doubt(role: Role, known: Values, said: str, fitting: list[str]) -> str:
    if said and fitting:
        return f"should be in {said}, but its values look like {role.name} in {fitting[0]}"
    if len(fitting) == 1:
        return f"looks like {role.name} in {fitting[0]}"
    if fitting:
        return f"may be {role.name} in {' or in '.join(fitting)}"
    part = [unit for unit in role.units if _SOME <= _typical_share(role, known, unit) < _MOST]
    if len(part) > 1:
        return f"seems to mix {role.name} in {' and in '.join(part)}"
    choices = ", ".join(role.units)
    return f"does not look like {role.name} in any of {choices}"


def _share(role: Role, known: Values, unit: str) -> float:
    values = known * role.units[unit]
    return float(np.mean((values >= role.low) & (values <= role.high)))


def _typical_share(role: Role, known: Values, unit: str) -> float:
    values = known * role.units[unit]
    return float(np.mean((values >= role.typical_low) & (values <= role.typical_high)))


def _fits(role: Role, known: Values, unit: str) -> bool:
    median = float(np.median(known)) * role.units[unit]
    # The hard range alone fits several units; the median of a cohort tells them apart.
    typical = role.typical_low <= median <= role.typical_high
    return typical and _share(role, known, unit) >= _MOST


def _check_said(role: Role, source: Source) -> None:
    if source.unit in {"% predicted", "z-score"}:
        raise TableError(
            f"Column {source.column!r} holds {source.unit}, not a measured value; choose the "
            f"column of the measured {role.name}."
        )
    if source.unit and source.unit not in role.units:
        raise TableError(
            f"Column {source.column!r} is in {source.unit!r}, which is no unit of {role.name}; "
            f"use one of {', '.join(role.units)}."
        )
