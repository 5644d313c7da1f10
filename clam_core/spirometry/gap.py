"""GAP index: gender, age and physiology, for the prognosis of idiopathic pulmonary fibrosis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

Values = NDArray[np.float64]
Words = NDArray[np.object_]

GAP_NOTE = (
    "Made for idiopathic pulmonary fibrosis (Ley et al. 2012, Ann Intern Med 156:684), with other "
    "reference equations than those used here."
)


@dataclass(frozen=True)
class GapIndex:
    """GAP index of each row.

    Attributes:
        points: 0 to 8, shape (n_rows,), float; NaN where an input is missing.
        stages: `I`, `II` or `III`; None where an input is missing.
        reasons: Which inputs are missing; empty where none is.
    """

    points: Values
    stages: Words
    reasons: tuple[str, ...]


def gap_index(
    sex: Values,
    age: Values,
    fvc_percent: Values,
    dlco_percent: Values,
    dlco_not_possible: NDArray[np.bool_] | None = None,
) -> GapIndex:
    """Score each row that has all four inputs.

    Male 1 point; age 61 to 65 years 1, above 2; FVC 50 to 75 % predicted 1, below 2;
    DLCO 36 to 55 % predicted 1, at most 35 % 2, not possible 3. Age counts in
    completed years; a DLCO between 35 and 36 % counts as 36. Stage I to 3
    points, II to 5, III to 8.

    Args:
        sex: 0 female, 1 male, shape (n_rows,).
        age: Years, shape (n_rows,).
        fvc_percent: FVC in % predicted, shape (n_rows,).
        dlco_percent: DLCO in % predicted, shape (n_rows,).
        dlco_not_possible: Rows of which it is known that lung disease made it
            impossible, shape (n_rows,); a missing DLCO alone does not say so.

    Raises:
        AlignmentError: If the arguments have different lengths.

    Source:
        Ley et al. (2012), "A multidimensional index and staging system for
        idiopathic pulmonary fibrosis", Ann Intern Med 156:684, figure 2.
    """
    impossible = np.zeros(sex.shape, bool) if dlco_not_possible is None else dlco_not_possible
    shapes = {np.shape(part) for part in (sex, age, fvc_percent, dlco_percent, impossible)}
    if len(shapes) > 1:
        raise AlignmentError(f"The inputs of the GAP index have different shapes: {shapes}.")
    inputs = {
        "sex": np.isfinite(sex),
        "age": np.isfinite(age),
        "FVC % predicted": np.isfinite(fvc_percent),
        "DLCO % predicted": np.isfinite(dlco_percent) | impossible,
    }
    complete = np.all(list(inputs.values()), axis=0)
    points = np.where(complete, _points(sex, age, fvc_percent, dlco_percent, impossible), np.nan)
    # NaN compares as false and would be stage III; incomplete rows are emptied below.
    stages = np.where(points <= 3, "I", np.where(points <= 5, "II", "III")).astype(object)
    stages[~complete] = None
    reasons = tuple(_gaps(inputs, row) for row in range(sex.size))
    return GapIndex(points, stages, reasons)


def _points(
    sex: Values, age: Values, fvc: Values, dlco: Values, impossible: NDArray[np.bool_]
) -> Values:
    years = np.floor(age)
    points: Values = (
        (sex == 1) * 1.0
        + np.select([years <= 60, years <= 65], [0.0, 1.0], 2.0)
        + np.select([fvc > 75, fvc >= 50], [0.0, 1.0], 2.0)
        + np.select([impossible, dlco > 55, dlco > 35], [3.0, 0.0, 1.0], 2.0)
    )
    return points


def _gaps(inputs: dict[str, NDArray[np.bool_]], row: int) -> str:
    gaps = [name for name, known in inputs.items() if not known[row]]
    return f"no {', no '.join(gaps)}" if gaps else ""
