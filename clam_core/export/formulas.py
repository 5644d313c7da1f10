"""Formulas in disguise: text that a spreadsheet would run when a table is opened in it."""

from __future__ import annotations

import pandas as pd

from clam_core.tables.text.number_text import read_number

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutralise(text: str) -> str:
    """Text for a cell of an exported table, with an apostrophe where it could be a formula.

    Args:
        text: Any text.

    Returns:
        The text; if it begins with = + - @, a tab or a line break and is no
        number, with an apostrophe before it.

    Source:
        OWASP, "CSV injection".
    """
    if not text.startswith(_STARTS) and not text.lstrip().startswith(_STARTS):
        return text
    if read_number(text) is not None or read_number(text, ",") is not None:
        return text
    return f"'{text}"


def neutralise_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts, names of columns and index can be opened in a spreadsheet.

    Args:
        frame: Any table.

    Returns:
        A copy with `neutralise` applied to every text.
    """
    safe = frame.copy()
    for position, column in enumerate(frame.columns):
        values = frame[column] if frame.columns.is_unique else frame.iloc[:, position]
        if not pd.api.types.is_numeric_dtype(values.dtype):
            texts = values.astype(object)
            safe.isetitem(position, [neutralise(v) if isinstance(v, str) else v for v in texts])
    safe.columns = pd.Index([neutralise(str(name)) for name in frame.columns])
    if not pd.api.types.is_numeric_dtype(frame.index.dtype):
        named = [neutralise(v) if isinstance(v, str) else v for v in frame.index]
        safe.index = pd.Index(named, name=frame.index.name)
    if isinstance(frame.index.name, str):
        safe.index.name = neutralise(frame.index.name)
    return safe


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV, harmless in a spreadsheet."""
    return neutralise_frame(table).to_csv(index=False, lineterminator="\n").encode()
