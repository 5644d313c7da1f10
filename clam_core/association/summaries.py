"""What a variable looks like in a cluster, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.association.typed import LEVELS, NUMBERS, codes_of

_MOST_LEVELS = 8


def number_text(value: float) -> str:
    """A number in up to four significant digits, without an exponent where that is readable."""
    if not np.isfinite(value):
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        digits = 0 if value == 0 else max(0, 2 - int(np.floor(np.log10(abs(value)))))
        return f"{value:.{min(digits, 4)}f}"
    return f"{value:.2e}"


def percent_text(count: int, n: int) -> str:
    """Count and percentage, such as `12 (24 %)`."""
    return f"{count} ({100 * count / n:.0f} %)" if n else "0"


def mean_text(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Mean and standard deviation, such as `3.21 ± 0.80`."""
    if len(values) == 0:
        return "–"
    spread = f" ± {number_text(float(values.std(ddof=1)))}" if len(values) > 1 else ""
    return number_text(float(values.mean())) + spread


def median_text(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Median and quartiles, such as `3 [2, 4]`."""
    if len(values) == 0:
        return "–"
    low, middle, high = (number_text(float(x)) for x in np.percentile(values, [25, 50, 75]))
    return f"{middle} [{low}, {high}]"


def summarize(column: pd.Series[Any], kind: str) -> str:
    """A variable's values in one sentence-like text.

    Args:
        column: Values of some rows, with all levels of the variable as its categories.
        kind: Kind of the variable.

    Returns:
        Mean ± SD, median [quartiles], or counts with percentages.
    """
    seen = column.dropna()
    if kind in NUMBERS:
        values = pd.to_numeric(seen, errors="coerce").dropna().to_numpy(dtype=np.float64)
        return mean_text(values) if kind == "continuous" else median_text(values)
    if kind not in LEVELS or len(seen) == 0:
        return "" if kind not in LEVELS else "–"
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = [str(one) for one in column.cat.categories]
        counts = [int((seen == one).sum()) for one in column.cat.categories]
    else:
        codes, names = codes_of(seen)
        counts = np.bincount(codes, minlength=len(names)).tolist()
    if kind == "binary" and len(names) == 2:
        names, counts = names[1:], counts[1:]
    parts = [f"{name}: {percent_text(count, len(seen))}" for name, count in zip(names, counts)]
    if len(parts) > _MOST_LEVELS:
        return f"{len(parts)} levels"
    return "; ".join(parts)
