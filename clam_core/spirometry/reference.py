"""The only caller of pyspiro: it gets complete rows within the published ages, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.spirometry.measures import Equation

Values = NDArray[np.float64]

_PROBE = 1e12
"""A measured value so large that its % predicted, though rounded to two decimals, is exact."""


@dataclass(frozen=True)
class Subjects:
    """Whom reference values are for; NaN where something is not known.

    Attributes:
        sex: 0 female, 1 male, shape (n_rows,).
        age: Years, shape (n_rows,).
        height: Centimeters, shape (n_rows,).
        group: Group of GLI-2012, 1 to 5, shape (n_rows,).
    """

    sex: Values
    age: Values
    height: Values
    group: Values


@dataclass(frozen=True)
class ReferenceValues:
    """Reference values of one measure, each of shape (n_rows,); NaN where there is none.

    Attributes:
        predicted: Median of healthy people of this sex, age and height, in the measure's unit.
        lower_limit: Their 5th percentile, in the measure's unit.
        z_score: z-score of the measured value.
        percent_predicted: Measured value in per cent of `predicted`.
    """

    predicted: Values
    lower_limit: Values
    z_score: Values
    percent_predicted: Values


def equation_version() -> str:
    """Name and version of the program that holds the equations."""
    return f"pyspiro {version('pyspiro')}"


def reference_values(
    equation: Equation, measure: str, subjects: Subjects, measured: Values
) -> ReferenceValues:
    """Calculate reference values where they are defined.

    With the median M, the coefficient of variation S and the skewness L of a
    sex, age and height: z = ((x / M)^L - 1) / (L S), and the 5th percentile is
    M (1 - 1.645 L S)^(1 / L).

    Args:
        equation: Published set of equations.
        measure: Name of a measure that it covers.
        subjects: Whom the values are for. A row with a gap, or with an age
            outside the equation's, gets NaN.
        measured: Measured values in the measure's unit, shape (n_rows,),
            positive or NaN.

    Source:
        Cole & Green (1992), "Smoothing reference centile curves: the LMS
        method and penalized likelihood", Stat Med 11:1305; Quanjer et al.
        (2012), Eur Respir J 40:1324.
    """
    rows = _complete(equation, subjects)
    asked = {name: np.full(measured.size, np.nan) for name in ("percent", "zscore", "lln")}
    if rows.any():
        frame = pd.DataFrame(
            {
                "sex": subjects.sex[rows].astype(int),
                "age": subjects.age[rows],
                "height": subjects.height[rows],
                # Equations without groups do not read it, but NaN cannot be a whole number.
                "ethnicity": np.nan_to_num(subjects.group[rows], nan=0).astype(int),
                "measured": measured[rows],
                "probe": _PROBE,
            }
        )
        for name, column in (("percent", "probe"), ("zscore", "measured"), ("lln", "measured")):
            asked[name][rows] = _ask(equation, measure, frame, column, name)
    # % predicted is 100 x / M: solved for the median M.
    predicted = 100 * _PROBE / asked["percent"]
    return ReferenceValues(predicted, asked["lln"], asked["zscore"], 100 * measured / predicted)


def _complete(equation: Equation, subjects: Subjects) -> NDArray[np.bool_]:
    in_range = (subjects.age >= equation.age_low) & (subjects.age <= equation.age_high)
    complete = np.isfinite(subjects.sex) & np.isfinite(subjects.height) & in_range
    if equation.name == "GLI-2012":
        complete &= np.isfinite(subjects.group)
    return complete


def _ask(equation: Equation, measure: str, frame: pd.DataFrame, value: str, name: str) -> Values:
    tables = _tables(equation.implementation)
    computed = tables.compute(
        frame,
        tables.Parameters[equation.parameters[measure]],
        value_col=value,
        ethnicity_col="ethnicity",
        metrics=(name,),
    )
    result: Values = computed[name].to_numpy(dtype=np.float64)
    return result


@cache
def _tables(implementation: str) -> Any:  # noqa: ANN401
    """An equation with its look-up tables; imported late, as that takes half a second."""
    return getattr(import_module("pyspiro"), implementation)()
