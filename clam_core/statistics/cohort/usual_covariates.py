"""What most readers want results adjusted by."""

from __future__ import annotations

from collections.abc import Iterable

from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.vocabulary import find_meaning

_KINDS = frozenset({"continuous", "count", "binary", "nominal", "ordinal"})
_TERMS = ("Age", "Sex", "Height")


def usual_covariates(columns: Iterable[ColumnInfo]) -> tuple[str, ...]:
    """Names of the columns of age, sex and height, as far as a clinical table has them.

    Args:
        columns: Columns of the clinical table; calculated ones are passed over.
    """
    column_of: dict[str, str] = {}
    for info in columns:
        meaning = find_meaning(info.name)
        if meaning is not None and info.kind in _KINDS and not info.equation:
            column_of.setdefault(meaning.term, info.name)
    return tuple(column_of[term] for term in _TERMS if term in column_of)
