"""Which scans stand for a cluster."""

from __future__ import annotations

import numpy as np

from clam_core.embedding import neighbors
from clam_core.report.material import Material


def typical(material: Material, number: int, count: int) -> list[str]:
    """The scans of a cluster that lie nearest to the mean of its scans."""
    return _ids(material, _typical(material, number, count))


def borderline(material: Material, number: int, count: int) -> list[str]:
    """The scans of a cluster that another claims nearly as much, without those that are typical."""
    soft = material.run.array("soft_assignment").astype(np.float64)
    shown = _typical(material, number, count)
    return _ids(material, neighbors.borderline(soft, number, count, shown))


def _typical(material: Material, number: int, count: int) -> neighbors.Rows:
    soft = material.run.array("soft_assignment").astype(np.float64)
    features = material.run.array("features").astype(np.float64)
    return neighbors.prototypes(soft, features, number, count)


def _ids(material: Material, rows: neighbors.Rows) -> list[str]:
    return [str(one) for one in material.members.index[rows]]
