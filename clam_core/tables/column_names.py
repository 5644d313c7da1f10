"""Names of columns: as people type them, and as labels that tell columns apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.text.raw_table import clean_header
from clam_core.tables.vocabulary import name_label


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


def told_apart(infos: Sequence[ColumnInfo]) -> list[ColumnInfo]:
    """Give columns that would share a label, such as a weight in kg and in lb, their own names.

    Args:
        infos: All columns of a table.

    Returns:
        The same in the same order; labels that nothing else has stay as they are.
    """
    n_with = Counter(info.label.casefold() for info in infos)
    return [
        replace(info, label=name_label(info.name)) if n_with[info.label.casefold()] > 1 else info
        for info in infos
    ]


def _length(parts: Sequence[str], known: Collection[str]) -> int:
    """How many parts make the next name."""
    lengths = range(len(parts), 0, -1)
    fits = [n for n in lengths if _spelled(",".join(parts[:n])) in known]
    single = [_spelled(part) in known for part in parts[: fits[0]]] if fits else []
    return 1 if not fits or all(single) else fits[0]


def _spelled(name: str) -> str:
    """A name without the blanks that stand beside commas, on one line."""
    return ",".join(clean_header(part) for part in name.split(","))
