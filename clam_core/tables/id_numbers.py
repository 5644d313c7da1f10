"""Ids that a spreadsheet or a program wrote as numbers: 1001.0, 1.001E+03 and 1,001 for 1001."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DECIMALS = re.compile(r"(\d+)[.,](0+)")
_THOUSANDS = re.compile(
    r"[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:[ '’]\d{3})+"
)
_EXPONENT = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_MOST_DIGITS = 18
_MOST = 0.9


def whole_number(text: str) -> str | None:
    """The digits of an id that is written as a number and can be only this one.

    Args:
        text: A cell.

    Returns:
        `1001` for `1001.0`, `1001,00`, `1.001E+03` and `1,001`, with zeros in front as they are;
        None for other texts, for `1,000`, which may be 1 as well, and for `1.00E+05`, which has
        lost digits.
    """
    if found := _EXPONENT.fullmatch(text):
        digits, more = found[1] + (found[2] or ""), int(found[3]) + 1
        exact = more <= len(digits) <= _MOST_DIGITS and not digits[more:].strip("0")
        return digits[:more] if exact else None
    if found := _DECIMALS.fullmatch(text):
        is_thousands = len(found[2]) == 3 and _THOUSANDS.fullmatch(text)
        return None if is_thousands else found[1]
    if _THOUSANDS.fullmatch(text):
        return re.sub(r"\D", "", text)
    return None


def possible_numbers(text: str) -> set[str]:
    """All digits that an id written as a number may stand for, the unlikely among them."""
    sure = whole_number(text)
    if sure is not None:
        return {sure}
    if found := _EXPONENT.fullmatch(text):
        digits, more = found[1] + (found[2] or ""), int(found[3]) + 1
        return {digits.ljust(more, "0")} if len(digits) < more <= _MOST_DIGITS else set()
    if found := _DECIMALS.fullmatch(text):
        return {found[1], re.sub(r"\D", "", text)}
    return set()


def lost_digits(text: str) -> bool:
    """Whether an id was shortened to a power of ten, such as `1.23E+11`."""
    return _EXPONENT.fullmatch(text) is not None and whole_number(text) is None


def are_numbered(texts: Iterable[str], *, may_repeat: bool = False) -> bool:
    """Whether cells are whole numbers in some spelling, nearly all of them different.

    Args:
        texts: Cells that are not empty.
        may_repeat: Whether they may be the same, as in a column that is called an id.
    """
    known = list(texts)
    whole = all(text.isdigit() or whole_number(text) is not None for text in known)
    return whole and bool(known) and (may_repeat or len(set(known)) >= _MOST * len(known))
