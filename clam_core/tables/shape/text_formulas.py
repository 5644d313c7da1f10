"""Texts that a spreadsheet was made to keep: `="001"`, `=T("001")` and `'001`."""

from __future__ import annotations

import re

_FORMULA = re.compile(r'=\s*(?:T\(\s*)?"((?:[^"]|"")*)"(?:\s*&\s*"")?\s*\)?', re.IGNORECASE)
_NUMBER = re.compile(r"=\s*([+-]?[\d.,]*\d(?:[eE][+-]?\d+)?)")
_QUOTE = re.compile(r"'([+-]?[\d.,]*\d[\w.,-]*|[=+@-].*)")


def plain_text(text: str) -> str:
    """The text that a cell holds, without the formula or the mark that protects it.

    Args:
        text: A cell; only formulas that hold nothing but a text or a number are taken apart.
    """
    if text[:1] == "=":
        if found := _FORMULA.fullmatch(text):
            return found[1].replace('""', '"')
        if found := _NUMBER.fullmatch(text):
            return found[1]
    elif text[:1] == "'" and (found := _QUOTE.fullmatch(text)):
        return found[1]
    return text
