"""Names of columns as people type them: a comma within a name is no end of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clam_core.tables.text.raw_table import clean_header


def joined_names(parts: Sequence[str], columns: Collection[str]) -> tuple[str, ...]:
    """Put names together again that were taken apart at their commas.

    Args:
        parts: Texts between commas, such as `FVC` and `L` of a column `FVC, L`.
        columns: Names of the columns that there are.

    Returns:
        The longest names that are columns; parts that belong to none stay as they are, so that
        a name that is wrong is told as it was typed. A part that is a column by itself stays one.
    """
    known = {_spelled(name): name for name in columns}
    names, start = [], 0
    while start < len(parts):
        length = _length(parts[start:], known)
        text = ",".join(parts[start : start + length])
        names.append(known.get(_spelled(text), text))
        start += length
    return tuple(names)


def _length(parts: Sequence[str], known: Collection[str]) -> int:
    """How many parts make the next name."""
    lengths = range(len(parts), 0, -1)
    fits = [n for n in lengths if _spelled(",".join(parts[:n])) in known]
    single = [_spelled(part) in known for part in parts[: fits[0]]] if fits else []
    return 1 if not fits or all(single) else fits[0]


def _spelled(name: str) -> str:
    """A name without the blanks that stand beside commas, on one line."""
    return ",".join(clean_header(part) for part in name.split(","))
