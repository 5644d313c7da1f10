"""What stands below a table: sums, means and other numbers that belong to no row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clam_core.files.personal_names import fold
from clam_core.tables.text.header_words import word_set
from clam_core.tables.text.raw_table import some

_SUMMARY = word_set(
    """
    total totals totale sum sums subtotal summe gesamt insgesamt somme suma mean means average avg
    averages mittelwert mittel durchschnitt moyenne media promedio median mediane mediana sd std
    stdev stddev standardabweichung min minimum max maximum range spannweite count counts anzahl
    sem iqr
    """
) | {"standard deviation", "grand total", "mean sd", "ecart type", "desviacion estandar"}
_NUMBERS_BELOW = word_set("n p")
_FOOTNOTE = re.compile(
    r"[*\u2020\u2021\u00a7\u00b9\u00b2].*|\S+:\s.*|(?:\S+\s+){2,}\S.*", re.DOTALL
)
_MARKS = re.compile(r"[^\w ]+")
_MOST = 12
_LONGEST = 40

Row = Sequence[str | None]


def n_rows_below(rows: Sequence[Row], width: int) -> int:
    """How many rows at the end are sums or means of the columns, or footnotes.

    Args:
        rows: The rows below the header.
        width: Number of columns.

    Returns:
        Rows that begin with a word such as `Total`, or hold a sentence alone; never all of them.
    """
    n = 0
    for row in reversed(rows[-_MOST:]):
        if not (_sums_up(row) or (width > 2 and _is_footnote(row))):
            break
        n += 1
    return n if n < len(rows) else 0


def _sums_up(row: Row) -> bool:
    first, *others = [cell for cell in row if cell]
    word = " ".join(_MARKS.sub(" ", fold(first)).split()) if len(first) <= _LONGEST else ""
    numbers = bool(others) and all(any(c.isdigit() for c in cell) for cell in others)
    return word in _SUMMARY or (word in _NUMBERS_BELOW and numbers)


def _is_footnote(row: Row) -> bool:
    return len(row) == 1 and row[0] is not None and _FOOTNOTE.fullmatch(row[0]) is not None


def note_below(rows: Sequence[Row], lines: Sequence[int]) -> str:
    """Which rows were left out because they belong to nobody."""
    named = [
        f"{_short(next(cell for cell in row if cell))!r} (line {line})"
        for row, line in zip(rows, lines, strict=True)
    ]
    were = "row below the table was" if len(named) == 1 else "rows below the table were"
    return f"{len(named)} {were} left out as sums or footnotes: {some(named)}."


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026"
