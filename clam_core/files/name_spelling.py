"""The ways in which one name is spelled, and the words of a file name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_SHORTENED = (("ue", "u"), ("oe", "o"), ("ae", "a"), ("aa", "a"), ("ss", "s"))


def fold(text: str) -> str:
    """Lower case without accents, for comparing names."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=1 << 16)
def spellings(text: str) -> tuple[str, str, str]:
    """A text in lower case with its umlauts in three ways.

    Args:
        text: In any Unicode form; half-width and hiragana become katakana.

    Returns:
        Without accents (`muller`), written out (`mueller`), and with every pair of
        letters that may stand for one accent shortened (`muller` for `Mueller`, too).
    """
    lower = unicodedata.normalize("NFKC", text).casefold().translate(_KATAKANA)
    plain = fold(lower.translate(_PLAIN))
    written_out = fold(lower.translate(_WRITTEN_OUT).translate(_PLAIN))
    shortened = plain
    for pair, letter in _SHORTENED:
        shortened = shortened.replace(pair, letter)
    return plain, written_out, shortened


def words_in(text: str) -> list[str]:
    """Runs of letters, taken apart where a capital follows a small letter."""
    composed = unicodedata.normalize("NFC", text)
    return [part for word in _LETTERS.findall(composed) for part in _HUMPS.split(word)]


def is_latin(word: str) -> bool:
    """Whether a word is written in Latin letters (with any accents)."""
    return all(ord(c) < 0x250 or 0x1E00 <= ord(c) < 0x1F00 or _is_wide(c) for c in word)


def _is_wide(letter: str) -> bool:
    return ord(letter) >= 0xFF00 and unicodedata.normalize("NFKC", letter).isascii()
