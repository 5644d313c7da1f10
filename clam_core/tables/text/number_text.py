"""Numbers as people write them: decimal comma or point, thousands, units, limits."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from clam_core.tables.text.lab_marks import marked_cells, without_marks
from clam_core.tables.text.raw_table import Decimal
from clam_core.tables.text.units import unit_of

_GROUP = r"[1-9]\d{0,2}"
_SPACED = rf"{_GROUP}(?:[ '\u2019\xa0\u202f\u2009]\d{{3}})+"
_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    indian = r"[1-9]\d?(?:,\d\d)+,\d{3}|" if thousands == "," else ""  # lakh and crore
    whole = rf"(?:{indian}{_GROUP}(?:{thousands}\d{{3}})+|{_SPACED}|\d+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+){_EXPONENT}")


_GRAMMAR: dict[str, re.Pattern[str]] = {".": _pattern(r"\.", ","), ",": _pattern(",", r"\.")}
_DOUBTFUL = re.compile(rf"[+-]?{_GROUP}[.,]\d{{3}}")
_PLAIN = re.compile(r"[+-]?\d+")
_SEPARATORS = re.compile("[ '\u2019\xa0\u202f\u2009]")
_MINUS = re.compile("^[\u2012\u2013\u2212\ufe63\uff0d](?=[\\d.,])")
_LIMIT = re.compile(r"(?:[<>\u2264\u2265]=?|=<|=>)\s*")
_ABOUT = re.compile(r"(?:~|\u2248|ca\.?|approx\.?)\s*", re.IGNORECASE)

_DICOM_AGE = re.compile(r"(\d{3})([DWMY])")
_DICOM_AGES = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
"""DICOM PS3.5, value representation AS: 018M is no length."""
_UNIT_AT_END = re.compile(r"^(.*?[\d.,])\s*([^\d.,\s].*)$", re.DOTALL)


@dataclass
class Numbers:
    """What the cells of a column are when they are read as numbers.

    Attributes:
        decimal: Decimal mark of the column.
        values: Text of a cell to its number; texts that are no number are absent.
        n_doubtful: Cells such as `1,234` that the other mark would change.
        doubtful: One of them.
        n_other_mark: Cells with the other decimal mark.
        n_limits: Cells such as `<5`, taken as 5.
        units: How many cells end with which unit.
        unit_of: Text of a cell to its unit, where it has one.
        marks: How many cells have which mark of a laboratory, such as `H`.
    """

    decimal: Decimal
    values: dict[str, float] = field(default_factory=dict)
    n_doubtful: int = 0
    doubtful: str = ""
    n_other_mark: int = 0
    n_limits: int = 0
    units: Counter[str] = field(default_factory=Counter)
    unit_of: dict[str, str] = field(default_factory=dict)
    marks: Counter[str] = field(default_factory=Counter)


def read_number(text: str, decimal: Decimal = ".") -> float | None:
    """A number alone in a cell.

    Args:
        text: The cell.
        decimal: Decimal mark; the other of point and comma, an apostrophe or a
            blank may separate thousands.

    Returns:
        The number; None if the text is none.
    """
    if _PLAIN.fullmatch(text) and text.isascii():
        return float(text)
    if not text.isascii():
        text = _SEPARATORS.sub(" ", _in_ascii(text, decimal))
    if not text.isascii() or not _GRAMMAR[decimal].fullmatch(text):
        return None
    thousands = "," if decimal == "." else "."
    plain = _SEPARATORS.sub("", text).replace(thousands, "").replace(",", ".")
    value = float(plain)
    return value if math.isfinite(value) else None


def _in_ascii(text: str, decimal: Decimal) -> str:
    """Digits of any script, the Arabic marks, and the dashes that stand for a minus."""
    text = _MINUS.sub("-", text)
    text = text.replace("\u066b", decimal).replace("\u066c", " ")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def read_numbers(
    cells: Counter[str],
    default: Decimal,
    *,
    point_is_decimal: bool,
    default_is_sure: bool = False,
    named: tuple[str, str] = ("", ""),
    counted: Counter[str] | None = None,
) -> Numbers:
    """Read the cells of a column as numbers.

    Args:
        cells: Each text of the column and how often it occurs.
        default: Decimal mark where the column itself does not tell.
        point_is_decimal: Whether a point is always a decimal mark, as in cells
            that a workbook or a Parquet file holds as numbers.
        default_is_sure: Whether the user said so.
        named: Name of the column, and its unit by that name.
        counted: How often each text is to be counted, if not as often as in `cells`; what the
            texts mean follows from `cells` alone.

    Returns:
        The numbers, and what about them should be said.
    """
    marked = marked_cells(cells, *named)
    parts = {text: split_unit(one.text) for text, one in marked.items()}
    bare = Counter[str]()
    for text, n in cells.items():
        bare[parts[text][0]] += n
    evidence = _evidence(bare)
    decimal = default
    if evidence["."] != evidence[","]:
        decimal = "." if evidence["."] > evidence[","] else ","
    numbers = Numbers(decimal)
    proven = evidence[decimal] > 0 or (default_is_sure and decimal == default)
    for text in cells:
        n = (cells if counted is None else counted)[text]
        number, unit, is_limit = parts[text]
        mark: Decimal = "." if point_is_decimal and number.count(".") == 1 else decimal
        mark = decimal if "," in number else mark
        value = read_number(number, mark)
        if value is None:
            value = read_number(number, "," if mark == "." else ".")
            numbers.n_other_mark += n * (value is not None)
        if value is None:
            continue
        numbers.values[text] = value
        numbers.n_limits += n * is_limit
        if unit:
            numbers.units[unit] += cells[text]
            numbers.unit_of[text] = unit
        if n and marked[text].mark:
            numbers.marks[marked[text].mark] += n
        doubtful = _DOUBTFUL.fullmatch(number) is not None and not proven
        if n and doubtful and ("," in number or mark == ","):
            numbers.n_doubtful += n
            numbers.doubtful = min(numbers.doubtful or text, text)
    return numbers


def split_unit(text: str) -> tuple[str, str, bool]:
    """Number, unit and whether the number is only a limit.

    Args:
        text: A cell such as `80 %`, `<5`, `170cm`.

    Returns:
        The text of the number alone, its unit or an empty text, and True for
        a limit; the cell as it is if it does not end with a unit that we know.
    """
    if _PLAIN.fullmatch(text):
        return text, "", False
    if found := _DICOM_AGE.fullmatch(text):
        return found[1], _DICOM_AGES[found[2]], False
    limit = _LIMIT.match(text)
    about = None if limit else _ABOUT.match(text)
    start = limit or about
    number = text[start.end() :] if start else text
    unit = ""
    found = _UNIT_AT_END.match(number)
    if found and (known := unit_of(found[2].rstrip("."))):
        number, unit = found[1].strip(), known
    return number, unit, bool(start)


def detect_decimal(cells: Iterable[str], default: Decimal) -> Decimal:
    """The decimal mark that most numbers of a table leave no doubt about.

    Args:
        cells: Cells of the table that are not empty.
        default: The answer if no cell tells.

    Returns:
        `.` or `,`.
    """
    evidence = _evidence(Counter(split_unit(without_marks(cell).text)[0] for cell in cells))
    if evidence["."] == evidence[","]:
        return default
    return "." if evidence["."] > evidence[","] else ","


def _evidence(cells: Counter[str]) -> Counter[str]:
    """How many cells prove which decimal mark: `80,5` and `1.234,5` prove a comma."""
    evidence: Counter[str] = Counter()
    for text, n in cells.items():
        if ("." not in text and "," not in text) or _DOUBTFUL.fullmatch(text):
            continue
        fits = [mark for mark, grammar in _GRAMMAR.items() if grammar.fullmatch(text)]
        if len(fits) == 1:
            evidence[fits[0]] += n
    return evidence
