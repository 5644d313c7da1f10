"""Scans that are alike, typical of a cluster, or between clusters, by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from clam_core.embedding.neighbors import borderline, nearest_scans, prototypes
from clam_core.study import Run


def similar_ids(run: Run, scan_id: str, n: int) -> list[str]:
    """The scans that are nearest to one in the run's features, nearest first."""
    row = run.scans().index.tolist().index(scan_id)
    return _ids(run, nearest_scans(run.array("features"), row, n))


def typical_ids(run: Run, cluster: int, n: int) -> list[str]:
    """The most typical scans of a cluster (from 1), the most typical first."""
    rows = prototypes(run.array("soft_assignment"), run.array("features"), cluster, n)
    return _ids(run, rows)


def borderline_ids(run: Run, cluster: int, n: int) -> list[str]:
    """The scans of a cluster (from 1) that are nearly in another one, the closest first."""
    return _ids(run, borderline(run.array("soft_assignment"), cluster, n))


def _ids(run: Run, rows: Iterable[int]) -> list[str]:
    names = run.scans().index
    return [str(names[row]) for row in rows]
