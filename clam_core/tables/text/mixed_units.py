"""Numbers of one column in one unit: others are converted or left out, and said."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from clam_core.tables.text.column import Column
from clam_core.tables.text.doubts import CODES, Doubt
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.heaps import two_units
from clam_core.tables.text.raw_table import at_lines
from clam_core.tables.vocabulary import find_meaning, name_unit
from clam_core.wording import plural

_FACTORS: tuple[dict[str, float], ...] = (
    {"mm": 1, "cm": 10, "in": 25.4, "ft": 304.8, "m": 1000, "km": 1e6},
    {"mL": 1, "cL": 10, "dL": 100, "L": 1000},
    {"ng": 1e-3, "\u00b5g": 1, "mg": 1e3, "g": 1e6, "lb": 453_592_370, "kg": 1e9},
    {"days": 1, "weeks": 7, "months": 365.25 / 12, "years": 365.25},
    {"s": 1, "min": 60, "h": 3600},
    {"\u2030": 1, "%": 10},
    {"mg/L": 1, "mg/dL": 10, "g/L": 1000, "g/dL": 10_000},
    {"pg/mL": 1, "ng/mL": 1000},
    {"\u00b5mol/L": 1, "mmol/L": 1000},
    {"mL/min": 1, "L/min": 1000, "L/s": 60_000},
    {"hPa": 1, "kPa": 10},
    {"HU": 1},
)
"""How many of the smallest unit of its kind each unit is."""

_SIZES: dict[str, tuple[tuple[str, float, float, float], ...]] = {
    "Height": (("m", 0.4, 2.6, 100), ("cm", 40, 260, 1)),
    "SpO2": (("", 0.3, 1.0, 100), ("%", 30, 100, 1)),
    "FEV1/FVC": (("", 0.15, 1.2, 100), ("%", 15, 120, 1)),
    "FEV1": (("L", 0.2, 9, 1000), ("mL", 200, 9000, 1)),
    "FVC": (("L", 0.3, 11, 1000), ("mL", 300, 11_000, 1)),
    "VC": (("L", 0.3, 11, 1000), ("mL", 300, 11_000, 1)),
    "TLC": (("L", 0.8, 15, 1000), ("mL", 800, 15_000, 1)),
}
"""Units of a measure that no size leaves in doubt: unit, smallest, largest, factor to the last."""

_PREDICTED = (("", 0.1, 2.0, 100), ("% predicted", 10, 250, 1))
_CLEAR = 0.95
_NEAR = 2.0
_MOST_SPREAD = 12.0
_LEAST_GAP = 4.0
_SIMILAR = 6.0


def in_one_unit(column: Column, values: dict[str, float]) -> list[str]:
    """Bring the numbers of a column to one unit.

    Args:
        column: The cells.
        values: Text of each cell to its number; changed in place, texts that cannot be converted
            are taken out.

    Returns:
        What was converted, left out or assumed, in sentences.
    """
    told = _said_units(column, values) if column.numbers.units else []
    by_size = _by_size(column, values)
    heaps = _two_of_a_body(column, values) or ([] if by_size else _two_heaps(column, values))
    return [Doubt(text) for text in (*told, *by_size, *heaps)]


def _said_units(column: Column, values: dict[str, float]) -> list[str]:
    """Cells that say another unit than most; a unit that only some cells say."""
    numbers = column.numbers
    usual = numbers.units.most_common(1)[0][0]
    told, converted, odd = [], {}, set()
    for text, number in values.items():
        unit = numbers.unit_of.get(text, usual)
        factor = _factor(unit, usual)
        if factor is None:
            odd.add(text)
        elif unit != usual:
            converted[text] = _exact(number, factor)
    values.update(converted)
    for text in odd:
        del values[text]
    if where := column.lines_of(set(converted)):
        told.append(f"Cells with another unit than {usual!r} were converted ({_at(where)}).")
    if where := column.lines_of(odd):
        told.append(f"Cells with another unit than {usual!r} were taken as missing ({_at(where)}).")
    bare = {text for text in values if text not in numbers.unit_of}
    if usual == "%" and _are_shares(values, bare):
        values.update({text: _exact(values[text], 100) for text in bare})
        where = column.lines_of(bare)
        return [*told, *_changed(where, "without a % sign", "shares of 1", "multiplied by 100")]
    n_all = sum(column.sure[text] for text in values)
    n_usual = n_all - sum(column.sure[text] for text in bare)
    if 0 < n_usual < n_all and name_unit(column.name, header_words(column.name)) != usual:
        told.append(
            f"{n_usual:,} of {n_all:,} cells say the unit {usual!r}; the others were taken to have "
            "it, too."
        )
    return told


def _factor(unit: str, usual: str) -> float | None:
    """By what a number is multiplied to be in the usual unit; None if it cannot be."""
    if unit == usual:
        return 1.0
    known = next((units for units in _FACTORS if unit in units and usual in units), None)
    return known[unit] / known[usual] if known else None


def _are_shares(values: dict[str, float], bare: set[str]) -> bool:
    """Whether numbers without a sign are hundredths of those with one."""
    shares = [values[text] for text in bare]
    percents = [number for text, number in values.items() if text not in bare]
    if not shares or not percents or not all(0 <= share <= 1 for share in shares):
        return False
    if all(share.is_integer() for share in shares):
        return False
    # 0.5 beside 3 % may be half a per cent; 0.65 beside 71 % is 65 %
    times = 100 * median(shares) / median(percents) if median(percents) > 1 else 0
    return 1 / _SIMILAR < times < _SIMILAR


def _by_size(column: Column, values: dict[str, float]) -> list[str]:
    """Convert numbers whose size tells that they are in another unit than the rest."""
    meaning = find_meaning(column.name)
    if meaning is None or meaning.unit == "z-score":
        return []
    sizes = _PREDICTED if meaning.unit == "% predicted" else _SIZES.get(meaning.term)
    if sizes is None:
        return []
    texts = [
        {text for text, number in values.items() if low <= number <= high}
        for _, low, high, _ in sizes
    ]
    n_of = [sum(column.whole[text] for text in found) for found in texts]
    total = sum(column.whole[text] for text in values)
    if not all(n_of) or sum(n_of) < _CLEAR * total:
        return []
    said = meaning.unit if meaning.unit_is_said else ""
    names = [unit for unit, *_ in sizes]
    target = names.index(said) if said in names and said else int(n_of[1] >= n_of[0])
    odd = {text for text in texts[1 - target] if values[text] not in CODES}
    factor = sizes[0][3]
    for text in odd:
        values[text] = _exact(values[text], factor if target else 1 / factor)
    other, unit = (names[1 - target] or "shares of 1"), names[target] or "shares of 1"
    done = f"converted to {unit}"
    return _changed(column.lines_of(odd), "of another size than the rest", f"in {other}", done)


def _two_of_a_body(column: Column, values: dict[str, float]) -> list[str]:
    """Doubt heights, weights and the like that lie in two heaps as two units would."""
    known = {text: n for text, n in values.items() if n not in CODES}
    meaning = find_meaning(column.name)
    numbers = [n for text, n in known.items() for _ in range(column.whole[text])]
    is_raw = meaning is not None and meaning.unit not in {"% predicted", "z-score"}
    found = two_units(column.name, meaning.term if meaning and is_raw else "", numbers)
    if found is None:
        return []
    small, large, cut = found
    fewer = sum(n <= cut for n in numbers) <= len(numbers) / 2
    odd = {text for text, n in known.items() if (n <= cut) == fewer}
    rest = [n for text, n in known.items() if text not in odd]
    heap = [known[text] for text in odd]
    units = (small, large) if fewer else (large, small)
    return [
        f"Numbers from {min(heap):g} to {max(heap):g} ({_at(column.lines_of(odd))}) may be in "
        f"{units[0]}, those from {min(rest):g} to {max(rest):g} in {units[1]}; kept as they are. "
        "Write all of them in one unit."
    ]


def _two_heaps(column: Column, values: dict[str, float]) -> list[str]:
    """Doubt numbers that lie in two heaps a hundred or a thousand times apart."""
    known = {text: n for text, n in values.items() if n > 0 and n not in CODES}
    numbers = sorted(n for text, n in known.items() for _ in range(column.whole[text]))
    if len(numbers) < 8:
        return []
    ratios = [b / a for a, b in pairwise(numbers)]
    cut = max(range(len(ratios)), key=ratios.__getitem__) + 1
    low, high, gap = numbers[:cut], numbers[cut:], max(ratios)
    spread = max(low[-1] / low[0], high[-1] / high[0])
    times = median(high) / median(low)
    apart = next((f for f in (100, 1000) if f / _NEAR < times < f * _NEAR), 0)
    if not apart or gap < _LEAST_GAP or min(len(low), len(high)) < 3 or spread > _MOST_SPREAD:
        return []
    small = {text for text, number in known.items() if number <= low[-1]}
    lines = column.lines_of(small)
    if not lines:
        return []
    return [
        f"Numbers from {low[0]:g} to {low[-1]:g} ({_at(lines)}) and from {high[0]:g} to "
        f"{high[-1]:g}, about {apart:,} times as large: perhaps two units in one column; kept as "
        "they are. Write all of them in one unit."
    ]


def _changed(lines: list[int], which: str, taken: str, done: str) -> list[str]:
    if not lines:
        return []
    were = "was" if len(lines) == 1 else "were"
    return [
        f"{plural(len(lines), 'cell')} {which} {were} taken to be {taken} and {done} "
        f"({_at(lines)}). If that is wrong, correct the cells."
    ]


def _at(lines: list[int]) -> str:
    return at_lines(lines, 3)


def _exact(number: float, factor: float) -> float:
    """A product as a person would write it: 0.07 times 100 is 7."""
    return float(f"{number * factor:.13g}")
