"""Columns that contradict each other: FEV1 and FVC that were exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.describe_columns import warned
from clam_core.tables.text.doubts import Doubt
from clam_core.tables.vocabulary import find_meaning

_FEWEST, _MOST = 5, 0.5
_PAIR = ("FEV1", "FVC")


def doubted_together(columns: Sequence[ColumnInfo], frame: pd.DataFrame) -> list[ColumnInfo]:
    """Doubt FEV1 and FVC where the first is the larger one in most rows, which cannot be.

    Args:
        columns: What the columns are.
        frame: Their values.

    Returns:
        The same columns in their order, with the doubt where there is one.
    """
    places: dict[str, int] = {}
    for place, info in enumerate(columns):
        meaning = find_meaning(info.name)
        # Percents of predicted and z-scores of both may well be in any order.
        if meaning is None or meaning.term not in _PAIR or info.kind != "continuous":
            continue
        if info.unit not in {"% predicted", "%", "z-score"} and not info.equation:
            places.setdefault(meaning.term, place)
    if len(places) < len(_PAIR):
        return list(columns)
    fev1, fvc = (columns[places[term]] for term in _PAIR)
    numbers = [pd.to_numeric(frame[one.name], errors="coerce").to_numpy(dtype=np.float64)
               for one in (fev1, fvc)]  # fmt: skip
    known = np.isfinite(numbers).all(axis=0)
    larger = int((numbers[0] > numbers[1])[known].sum())
    if fev1.unit != fvc.unit or larger < _FEWEST or larger <= _MOST * known.sum():
        return list(columns)
    said = (
        f"{fev1.label} is larger than {fvc.label} in {larger} of {int(known.sum())} rows, which "
        "cannot be: perhaps the two columns were exchanged; kept as they are."
    )
    doubted = {fev1.name, fvc.name}
    return [
        warned(one, [*one.warnings, Doubt(said)]) if one.name in doubted else one for one in columns
    ]
