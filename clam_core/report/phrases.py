"""Numbers and lists as a reader expects them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from clam_core.files.found_scan import UNSIZED
from clam_core.statistics.cohort.summaries import titled

__all__ = [
    "interval",
    "listed",
    "number",
    "p_value",
    "percent",
    "sentence",
    "stated_sizes",
    "titled",
    "with_sign",
]


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def percent(share: float) -> str:
    """`62 %`; a dash where it is not known."""
    return "–" if math.isnan(share) else f"{100 * share:.0f}\u00a0%"


def number(value: float | None, digits: int = 2) -> str:
    """A number; a dash where it is not known."""
    if value is None or math.isnan(value):
        return "–"
    text = "∞" if math.isinf(value) else f"{abs(value):.{digits}f}"
    return f"−{text}" if value < 0 and text.strip("0.") else text


def p_value(value: float | None) -> str:
    """`0.012`, `< 0.001`; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value < 0.001:
        return "<\u00a00.001"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def with_sign(value: float | None) -> str:
    """`= 0.012`, `< 0.001`."""
    text = p_value(value)
    return text if text.startswith(("<", "–")) else f"= {text}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """`0.12 to 0.45`; a dash where it is not known."""
    if math.isnan(low) and math.isnan(high):
        return "–"
    return f"{number(low, digits)}\u00a0to\u00a0{number(high, digits)}"


def sentence(text: str) -> str:
    """A text with a capital at its start and a stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?' else '.'}"


DOUBTED = "Some of these numbers may be wrong:"
"""What stands above the doubts of columns."""


def stated_sizes(scans: pd.DataFrame) -> pd.DataFrame:
    """The table of scans without the voxel sizes of pictures, whose files do not state any."""
    if not {"format", "original_spacing_mm"} <= set(scans.columns):
        return scans
    sizes = scans["original_spacing_mm"].mask(scans["format"].isin(UNSIZED))
    return scans.assign(original_spacing_mm=sizes)
