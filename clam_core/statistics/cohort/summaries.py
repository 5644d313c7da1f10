"""What a variable looks like in a cluster, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from clam_core.statistics.cohort.column_arrays import LEVELS
from clam_core.statistics.result import Values
from clam_core.wording import MINUS, number_text

_MOST_LEVELS = 8


def titled(label: str, unit: str) -> str:
    """A label with its unit, unless it says it already."""
    if not unit or f"({unit})" in label or label.endswith(f" {unit}"):
        return label
    return f"{label} ({unit})"


def percent_text(count: int, n: int) -> str:
    """Count and percentage, such as `12 (24 %)`."""
    return f"{count} ({100 * count / n:.0f} %)" if n else "0"


def decimals_of(parts: Iterable[Values]) -> int | None:
    """Decimals of the means of a variable: the smallest standard deviation shows two digits.

    Args:
        parts: Known values of each group.

    Returns:
        0 to 4; None where a fixed number of decimals would not be readable.
    """
    known = [part for part in parts if len(part) > 1]
    spreads = [float(part.std(ddof=1)) for part in known]
    spreads = [spread for spread in spreads if spread > 0]
    if not spreads or max(float(np.abs(part).max()) for part in known) >= 1e6:
        return None
    decimals = max(0, 1 - int(np.floor(np.log10(min(spreads)))))
    return decimals if decimals <= 4 else None


def mean_text(values: Values, decimals: int | None = None) -> str:
    """Mean and standard deviation, such as `3.21 ± 0.80`."""
    if len(values) == 0:
        return "–"
    parts = [float(values.mean()), *([float(values.std(ddof=1))] if len(values) > 1 else [])]
    if decimals is None:
        return " ± ".join(map(number_text, parts))
    return " ± ".join(f"{part:.{decimals}f}".replace("-", MINUS) for part in parts)


def median_text(values: Values, decimals: int | None = None) -> str:
    """Median and quartiles, such as `3 [2, 4]`; of whole numbers without needless decimals."""
    if len(values) == 0:
        return "–"
    is_whole = bool((values == np.round(values)).all()) and float(np.abs(values).max()) < 1e6
    ends = np.percentile(values, [25, 50, 75]).tolist()
    if is_whole:
        texts = [f"{round(end, 2):g}".replace("-", MINUS) for end in ends]
    elif decimals is not None:
        texts = [f"{end:.{decimals}f}".replace("-", MINUS) for end in ends]
    else:
        texts = [number_text(end) for end in ends]
    return f"{texts[1]} [{texts[0]}, {texts[2]}]"


def summarize(
    values: Values, kind: str, levels: Sequence[str] = (), decimals: int | None = None
) -> str:
    """A variable's values in one text.

    Args:
        values: Numbers, or codes of levels, of some rows; NaN where missing.
        kind: Kind of the variable.
        levels: Names of all its levels, in the order of the codes.
        decimals: Of means, see `decimals_of`.

    Returns:
        Mean ± SD, median [quartiles], or counts with percentages; the second level alone of
        two; nothing for kinds that are not compared.
    """
    seen = values[np.isfinite(values)]
    if kind == "continuous":
        return mean_text(seen, decimals)
    if kind == "count":
        return median_text(seen)
    if kind not in LEVELS:
        return ""
    if len(levels) > _MOST_LEVELS:
        return f"{len(np.unique(seen))} levels"
    counts = np.bincount(seen.astype(np.intp), minlength=len(levels)).tolist()
    parts = [
        f"{name}: {percent_text(count, len(seen))}"
        for name, count in zip(levels, counts, strict=True)
    ]
    return "; ".join(parts[1:] if kind == "binary" and len(parts) == 2 else parts)
