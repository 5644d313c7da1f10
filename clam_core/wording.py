"""Numbers with their nouns or units, as every sentence for people writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

_VOWELS = "aeiou"

MINUS = "\u2212"
"""A minus sign; a hyphen at the start of a cell is a formula to a spreadsheet."""


@dataclass(frozen=True)
class EffectWords:
    """How an effect size is written.

    Attributes:
        words: Its name, as people write it.
        scale: What its numbers are.
        level: Percent that its interval holds. A share cannot fall below 0, so its test looks
            at one side; the interval that agrees with it holds 90 % (Steiger 2004).
    """

    words: str
    scale: str
    level: int = 95


_SHARE = ("share of the variance, 0 to 1", 90)
EFFECTS = {
    "mean_difference": EffectWords("difference of means", "unit of the variable"),
    "hedges_g": EffectWords("Hedges' g", "standard deviations"),
    "standardized_difference": EffectWords("standardized difference", "standard deviations"),
    "standardized_mean_difference": EffectWords(
        "standardized mean difference", "standard deviations"
    ),
    "omega_squared": EffectWords("omega²", *_SHARE),
    "eta_squared": EffectWords("eta²", *_SHARE),
    "eta_squared_h": EffectWords("eta² [H]", "share of the variance of ranks, 0 to 1", 90),
    "epsilon_squared": EffectWords("epsilon²", "share of the variance of ranks, 0 to 1", 90),
    "partial_r_squared": EffectWords("partial R²", *_SHARE),
    "cramers_v": EffectWords("Cramér's V", "0 to 1", 90),
    "correlation_ratio": EffectWords("correlation ratio", "0 to 1", 90),
    "rank_biserial": EffectWords("rank-biserial correlation", "\u22121 to 1"),
    "risk_difference": EffectWords("difference of shares", "\u22121 to 1"),
    "odds_ratio": EffectWords("odds ratio", "ratio, 1 is no difference"),
    "rate_ratio": EffectWords("rate ratio", "ratio, 1 is no difference"),
}


def effect_named(name: object) -> EffectWords:
    """How an effect size is written; one that is not known by its own name."""
    return EFFECTS.get(str(name), EffectWords(str(name).replace("_", " "), ""))


def effect_number(name: object, value: float) -> str:
    """An effect size: two decimals, or in the variable's own unit three digits."""
    if math.isnan(value):
        return "–"
    if str(name) == "mean_difference":
        return number_text(value)
    text = "∞" if math.isinf(value) else f"{abs(value):.2f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text


def effect_ends(name: object, low: float, high: float) -> str:
    """Its interval with what it holds, `95 % interval 0.12 to 0.45`; nothing if there is none."""
    if math.isnan(low) and math.isnan(high):
        return ""
    ends = f"{effect_number(name, low)} to {effect_number(name, high)}"
    return f"{effect_named(name).level} % interval {ends}"


def number_text(value: float) -> str:
    """A number in up to four significant digits, without an exponent where that is readable."""
    if not math.isfinite(value):
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:.{min(digits, 4)}f}".replace("-", MINUS)
    return f"{value:.2e}".replace("-", MINUS)


def plural(n: int, noun: str, many: str = "") -> str:
    """A number with its noun: `1 scan`, `2 scans`, `1,024 copies`, `3 series`.

    Args:
        n: How many.
        noun: For one of them; a noun that ends in s stays as it is.
        many: For several, where the noun has a plural of its own.

    Returns:
        Number and noun.
    """
    return f"{n:,} {noun if n == 1 else many or _several(noun)}"


def size_words(n_bytes: float) -> str:
    """An amount of data in the unit in which it is no zero: `0.4 MB`, `13.1 GB`, `70,362 GB`."""
    if n_bytes < 0.95e9:
        return f"{max(n_bytes / 1e6, 0.1):,.{1 if n_bytes < 1e7 else 0}f} MB"
    return f"{n_bytes / 1e9:,.{1 if n_bytes < 1e11 else 0}f} GB"


def _several(noun: str) -> str:
    if noun.endswith("s"):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}s"
