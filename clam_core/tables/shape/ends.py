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
_MARKS = re.compile(r"[^\w ]+")
_MOST = 12


def n_summary_rows(rows: Sequence[Sequence[str | None]]) -> int:
    """How many rows at the end of a table are sums or means of its columns.

    Args:
        rows: The rows below the header.

    Returns:
        Rows that begin with a word such as `Total`; never all of them.
    """
    n = 0
    for row in reversed(rows[-_MOST:]):
        first = next((cell for cell in row if cell), "")
        if len(first) > 40 or " ".join(_MARKS.sub(" ", fold(first)).split()) not in _SUMMARY:
            break
        n += 1
    return n if n < len(rows) else 0


def summary_note(rows: Sequence[Sequence[str | None]], lines: Sequence[int]) -> str:
    """Which rows were left out because they sum up others."""
    named = [
        f"{next(cell for cell in row if cell)!r} (line {line})"
        for row, line in zip(rows, lines, strict=True)
    ]
    are = "row below the table sums" if len(named) == 1 else "rows below the table sum"
    return f"{len(named)} {are} up others and {'was' if len(named) == 1 else 'were'} left out: " + (
        f"{some(named)}."
    )
