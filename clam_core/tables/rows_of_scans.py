"""Which row of a clinical table belongs to which scan: the one place that knows a table's level."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.errors import AlignmentError

LEVELS = ("scan_id", "subject_id")
"""What a clinical table may be indexed by."""


def align_to_scans(clinical: pd.DataFrame, scans: pd.DataFrame) -> pd.DataFrame:
    """Clinical values of every scan, missing where the table has no row of it.

    Args:
        clinical: Typed values, indexed by scan_id or subject_id.
        scans: Indexed by scan_id, with the column subject_id.

    Returns:
        The columns of `clinical`, one row per scan, in the order and with the index of `scans`.

    Raises:
        AlignmentError: If the table is indexed by something else, an id occurs twice in it,
            or no id of the scans occurs in it.
    """
    ids = _ids(clinical, scans)
    if not clinical.index.is_unique:
        raise AlignmentError(
            f"A {clinical.index.name} occurs twice in the clinical table; import it again."
        )
    if not ids.isin(clinical.index).any():
        raise AlignmentError(
            f"No {clinical.index.name} of the clusters occurs in the clinical table."
        )
    return clinical.reindex(ids).set_axis(scans.index, axis="index")


def has_row(clinical: pd.DataFrame, scans: pd.DataFrame) -> pd.Series[bool]:
    """Whether the clinical table has a row of each scan, in the order of `scans`.

    Raises:
        AlignmentError: If the table is indexed by something else.
    """
    ids = _ids(clinical, scans)
    known = clinical.index.unique().get_indexer(ids) >= 0  # isin takes 100 times as long
    return pd.Series(known, index=scans.index)


def _ids(clinical: pd.DataFrame, scans: pd.DataFrame) -> pd.Index[Any]:
    """The id by which the table would hold each scan."""
    name = clinical.index.name
    if name not in LEVELS:
        raise AlignmentError(
            f"The clinical table is indexed by {name!r}; it needs scan_id or subject_id."
        )
    return scans.index if name == "scan_id" else pd.Index(scans["subject_id"])
