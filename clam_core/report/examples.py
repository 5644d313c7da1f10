"""Which scans stand for a cluster."""

from __future__ import annotations

from clam_core.report.material import Material


def typical(material: Material, number: int, count: int) -> list[str]:
    """The scans of a cluster that are surest to belong to it."""
    part = material.members[material.members["cluster"] == number]
    ordered = part.sort_values("confidence", ascending=False, kind="stable")
    return [str(one) for one in ordered.index[:count]]


def borderline(material: Material, number: int, count: int) -> list[str]:
    """The scans of a cluster that are nearest to another one, without those shown as typical."""
    part = material.members[material.members["cluster"] == number]
    shown = set(typical(material, number, count))
    ordered = part.sort_values("margin", kind="stable")
    return [str(one) for one in ordered.index if one not in shown][:count]
