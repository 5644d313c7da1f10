"""Codes that a person declared to mean missing, and the cells that hold one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from clam_core.tables.text.date_text import read_date
from clam_core.tables.text.number_text import read_number, split_unit
from clam_core.tables.text.raw_table import Decimal

_LEADING_ZERO = re.compile(r"0\d+")


def cells_with_codes(
    texts: Iterable[str], codes: Sequence[str], decimal: Decimal, *, point_is_decimal: bool = False
) -> dict[str, str]:
    """The cells that hold a code, as a text or as the same number or date.

    `-9` is also `-9.0`, under a decimal comma `-9,0`, and `-9 %`; it is neither `-9 to 5` nor
    `<-9`. A number with leading zeros is a code of another kind: only the same text matches.

    Args:
        texts: Cells of a column.
        codes: What was declared.
        decimal: Decimal mark of the column.
        point_is_decimal: Whether a point can be nothing but a decimal mark.

    Returns:
        Text of a cell to the code that it holds.
    """
    by_text = {code.casefold(): code for code in reversed(codes)}
    by_number = {
        _number(code, decimal, point=point_is_decimal): code
        for code in reversed(codes)
        if not _LEADING_ZERO.fullmatch(code)
    }
    by_date = {read_date(code): code for code in reversed(codes)}
    by_number.pop(None, None)
    by_date.pop(None, None)
    found = {}
    for text in texts:
        code = by_text.get(text.casefold())
        if code is None and by_number and not _LEADING_ZERO.fullmatch(text):
            number, _, is_limit = split_unit(text)
            value = None if is_limit else _number(number, decimal, point=point_is_decimal)
            code = None if value is None else by_number.get(value)
        if code is None and by_date:
            date = read_date(text)
            code = None if date is None else by_date.get(date)
        if code is not None:
            found[text] = code
    return found


def _number(text: str, decimal: Decimal, *, point: bool) -> float | None:
    """As cells of a column are read: by its own decimal mark, else by the other one."""
    has_point = point and text.count(".") == 1 and "," not in text
    mark: Decimal = "." if has_point else decimal
    value = read_number(text, mark)
    return read_number(text, "," if mark == "." else ".") if value is None else value
