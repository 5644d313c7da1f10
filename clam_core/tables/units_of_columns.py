"""Unit of a column: by its name, its cells, or the size of its values."""

from __future__ import annotations

from statistics import median

from clam_core.tables.text.column import Column
from clam_core.tables.text.doubts import Doubt
from clam_core.tables.text.read_cells import Reading
from clam_core.tables.vocabulary import Meaning, name_unit

_UNITS_BY_SIZE: dict[str, tuple[tuple[float, str], ...]] = {
    "FEV1": ((10, "L"), (250, "% predicted"), (1e9, "mL")),
    "FVC": ((12, "L"), (250, "% predicted"), (1e9, "mL")),
    "VC": ((12, "L"), (250, "% predicted"), (1e9, "mL")),
    "TLC": ((15, "L"), (250, "% predicted"), (1e9, "mL")),
    "RV": ((10, "L"), (350, "% predicted"), (1e9, "mL")),
    "FRC": ((12, "L"), (350, "% predicted"), (1e9, "mL")),
    "DLCO": ((45, "mL/min/mmHg"), (1e9, "% predicted")),
    "TLCO": ((20, "mmol/min/kPa"), (1e9, "% predicted")),
    "FEV1/FVC": ((1.5, "ratio"), (150, "%"), (1e9, "")),
    "Height": ((3, "m"), (8, "ft"), (90, "in"), (1e9, "cm")),
    "SpO2": ((1.5, "ratio"), (1e9, "%")),
}
"""Unit by the median of the values, up to each bound, where the name does not say it."""

_MOST_KG = 115
"""A larger median of weights is one of pounds."""

NO_UNIT = "The name says no unit"
"""How a sentence begins that asks for the unit."""


def unit_of(
    column: Column, meaning: Meaning | None, reading: Reading, kind: str
) -> tuple[str, tuple[str, ...]]:
    """Unit by the name, the cells or the size of the values."""
    if kind not in {"continuous", "count"}:
        return "", ()
    inside = next((unit for unit, _ in column.numbers.units.most_common(1)), "")
    said = meaning is not None and meaning.unit_is_said
    named = meaning.unit if meaning and said else "" if meaning else name_unit(column.name)
    if named and inside and not named.startswith(inside):
        return inside, (Doubt(f"The name says {named!r}, but the cells say {inside!r}."),)
    if meaning is None or named:
        return named or inside, ()
    numbers = [value for value in reading.values.values() if isinstance(value, float)]
    by_size = _UNITS_BY_SIZE.get(meaning.term)
    if meaning.term == "Weight" and numbers and median(numbers) > _MOST_KG:
        by_size = ((450, "lb"), (1e9, ""))
    if meaning.unit_is_said or inside or not by_size or not numbers:
        return inside or meaning.unit, ()
    middle = median(numbers)
    unit = next(name for bound, name in by_size if middle <= bound)
    told = f"{NO_UNIT}; a median of {middle:g} does not fit any that is usual."
    if unit:
        told = f"{NO_UNIT}; a median of {middle:g} suggests {unit!r}. Set it if wrong."
    return ("" if unit == "ratio" else unit), (told,)
