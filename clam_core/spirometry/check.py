"""Values of a role in its unit, with a reason in every row that has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.spirometry.measures import ROLES, Equation, Role

Values = NDArray[np.float64]

_SAME_RATIO = 0.1
"""A stated FEV1/FVC may differ that much from FEV1 / FVC (slow instead of forced capacity)."""


@dataclass(frozen=True)
class Checked:
    """Values that can be used.

    Attributes:
        values: Shape (n_rows,), float; NaN where there is none.
        reasons: Why there is none, one per row; empty where there is a value.
    """

    values: Values
    reasons: tuple[str, ...]


def in_range(role: Role, values: Values, unit: str) -> Checked:
    """Convert values to the role's unit and drop what is not plausible.

    Args:
        role: What the values are.
        values: Values in `unit`, shape (n_rows,), NaN where missing.
        unit: One of the role's units.
    """
    converted = values * role.units[unit]
    plausible = (converted >= role.low) & (converted <= role.high)
    reasons = tuple(
        "" if good else _why(role, float(value))
        for value, good in zip(converted, plausible, strict=True)
    )
    return Checked(np.where(plausible, converted, np.nan), reasons)


def _why(role: Role, value: float) -> str:
    if np.isnan(value):
        return _missing(role)
    unit = "" if role.unit == "fraction" else f" {role.unit}"
    return f"{role.name} {value:.4g}{unit} is outside {role.low:g} to {role.high:g}{unit}"


def _missing(role: Role) -> str:
    return f"{role.name} is missing"


def checked_ratio(fev1: Checked, fvc: Checked, stated: Checked | None) -> Checked:
    """FEV1/FVC from its two parts, or the stated one where it agrees with them.

    Args:
        fev1: FEV1, L.
        fvc: FVC, L.
        stated: FEV1/FVC of the table as a fraction; None if it has none. A row without it
            takes the quotient.
    """
    role, quotient = ROLES["FEV1/FVC"], fev1.values / fvc.values
    calculated = in_range(role, quotient, role.unit)
    if stated is None:
        gaps = join(fev1.reasons, fvc.reasons)
        reasons = zip(gaps, calculated.reasons, strict=True)
        return Checked(calculated.values, tuple(gap or own for gap, own in reasons))
    # A cell that is empty is filled; one that holds an impossible ratio is not.
    is_empty = np.array([reason == _missing(role) for reason in stated.reasons], dtype=bool)
    own = np.where(is_empty, calculated.values, stated.values)
    gaps = tuple(
        here if empty else there
        for empty, here, there in zip(is_empty, calculated.reasons, stated.reasons, strict=True)
    )
    # `~ (... >)` rather than `<=`: a ratio that cannot be compared (NaN) is believed.
    agrees = ~(np.abs(own - quotient) > _SAME_RATIO)
    words = tuple(
        "" if good else f"FEV1/FVC {value:.2f} is not FEV1 / FVC = {other:.2f}"
        for value, other, good in zip(own, quotient, agrees, strict=True)
    )
    return Checked(np.where(agrees, own, np.nan), join(gaps, words))


def age_reasons(equation: Equation, age: Values) -> tuple[str, ...]:
    """Why an age has no reference values; empty where it has, or where it is NaN.

    Args:
        equation: Published set of equations.
        age: Years, shape (n_rows,).
    """
    low, high = equation.age_low, equation.age_high
    return tuple(
        f"Age {value:g} years is outside {low:g} to {high:g} years of {equation.name}"
        if value < low or value > high
        else ""
        for value in age.tolist()
    )


def join(*parts: Sequence[str]) -> tuple[str, ...]:
    """Reasons of several kinds as one per row, each said once.

    Args:
        parts: Sequences of the same length, one entry per row.
    """
    rows = zip(*parts, strict=True)
    return tuple("; ".join(dict.fromkeys(reason for reason in row if reason)) for row in rows)
