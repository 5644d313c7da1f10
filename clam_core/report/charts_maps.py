"""Where maps lie: two lungs in thirds per cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping

from clam_core.report.charts import ink_on
from clam_core.report.html import Html, tag
from clam_core.report.svg import QUIET, coordinate, drawing, label

SIDES, THIRDS = ("right", "left"), ("upper", "middle", "lower")
_PALE, _STRONG = (255, 244, 230), (217, 95, 14)
_WIDE, _TALL = 210, 210


def has_lungs(rows: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether most of what lies in zones lies in zones of a left and a right lung."""
    paired = sum(sum(_inside(row).values()) for row in rows.values())
    return paired > 0.5 * sum(sum(row.values()) for row in rows.values()) > 0


def lungs(rows: Mapping[str, Mapping[str, float]], alt: str) -> Html:
    """Two lungs in thirds per cluster, darker where more of the maps lies.

    Args:
        rows: Share by zone (`right upper` ...), per cluster.
        alt: What is seen.

    Returns:
        The drawing, as a radiologist looks at it: the patient's right on the left.
    """
    darkest = max(max(_inside(row).values(), default=0.0) for row in rows.values()) or 1.0
    per_line = min(len(rows), 3)
    parts = []
    for place, (name, row) in enumerate(rows.items()):
        x, y = (place % per_line) * _WIDE + _WIDE / 2, (place // per_line) * _TALL
        parts.append(label(x, y + 14, name, "middle", font_weight="600"))
        parts.append(label(x - 84, y + 34, "R", "middle", fill=QUIET))
        parts.append(label(x + 84, y + 34, "L", "middle", fill=QUIET))
        for side in SIDES:
            for number, third in enumerate(THIRDS):
                share = row.get(f"{side} {third}", 0.0)
                parts += _zone((x, y + 24), side, number, (share, share / darkest))
    n_lines = math.ceil(len(rows) / per_line)
    return drawing(per_line * _WIDE, n_lines * _TALL, alt, *parts)


def _inside(row: Mapping[str, float]) -> dict[str, float]:
    return {f"{a} {b}": row.get(f"{a} {b}", 0.0) for a in SIDES for b in THIRDS}


def _zone(at: tuple[float, float], side: str, third: int, share: tuple[float, float]) -> list[Html]:
    """One third of a lung; `at` is the middle above the lungs."""
    height, sign = 160.0, -1 if side == "right" else 1
    rows = [(third + n / 8) / 3 for n in range(9)]
    outer = [(at[0] + sign * (8 + 62 * _width(depth)), at[1] + height * depth) for depth in rows]
    inner = [(at[0] + sign * 8, at[1] + height * depth) for depth in reversed(rows)]
    corners = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in [*outer, *inner])
    color = _mix(share[1])
    middle = at[1] + height * (third + 0.5) / 3 + 5
    wide = 62 * _width((third + 0.5) / 3)
    return [
        tag("path", d=f"M{corners}Z", fill=color, stroke=QUIET),
        label(at[0] + sign * (8 + wide / 2), middle, f"{100 * share[0]:.0f} %", "middle",
              fill=ink_on(color)),
    ]  # fmt: skip


def _width(depth: float) -> float:
    """How far a lung reaches sideways, 0 to 1, from its apex (0) to its base (1)."""
    return math.sqrt(max(0.05, 1 - max(0.0, (0.72 - depth) / 0.74) ** 2))


def _mix(strength: float) -> str:
    parts = [round(a + (b - a) * strength) for a, b in zip(_PALE, _STRONG, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in parts)
