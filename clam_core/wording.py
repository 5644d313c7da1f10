"""Numbers with their nouns or units, as every sentence for people writes them."""

from __future__ import annotations

_VOWELS = "aeiou"


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
