"""Numbers with their nouns, as every sentence for people writes them."""

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


def _several(noun: str) -> str:
    if noun.endswith("s"):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}s"
