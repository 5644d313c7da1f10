"""The encoding of a text: stated by a mark, UTF-8, or likely by its script."""

from __future__ import annotations

import codecs
import re

from clam_core.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_USUAL = "cp1252"
_NAMES = {
    _USUAL: "Windows-1252",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "shift_jis": "Shift JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "euc_kr": "EUC-KR (Korean)",
}
"""What programs for tables write where they write no Unicode.

Of the Latin alphabets only one: the bytes of a few letters do not tell Polish from German.
"""
_JUDGED_BYTES = 1 << 16
_RUN = re.compile(rb"[\x80-\xff]+")
_LONG_RUN, _LONG_SHARE = 3, 0.3
"""Bytes beyond ASCII side by side: in words of Latin letters there are one or two."""
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")


def decode(content: bytes, name: str) -> tuple[str, str, str]:
    """Text of a file, and the encoding in words.

    Args:
        content: The whole file.
        name: Its base name, for messages.

    Returns:
        The text, the name of its encoding, and what to check where that was not stated ("" if
        there is nothing to check).

    Raises:
        ReadError: If it holds NUL characters, or is in no encoding that we know.
    """
    text, encoding, doubt = _decode(content, name)
    if "\x00" in text:
        raise ReadError(
            f"{name} holds NUL characters, so it is no plain text; save the table again as "
            "CSV (UTF-8)."
        )
    return text, encoding, doubt


def _decode(content: bytes, name: str) -> tuple[str, str, str]:
    for mark, codec, shown in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(codec), shown, ""
            except UnicodeDecodeError:
                raise ReadError(
                    f"{name} begins like {shown} but is damaged further on; save it again as "
                    "CSV (UTF-8)."
                ) from None
    try:
        return content.decode("utf-8"), "UTF-8", ""
    except UnicodeDecodeError:
        pass
    for codec in dict.fromkeys((_likeliest(content), _USUAL)):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        return text, _NAMES[codec], f"it is not UTF-8, so check letters such as {_letters(text)}"
    raise ReadError(
        f"{name} is in an encoding that is not known here; save it again as CSV (UTF-8)."
    )


def _likeliest(content: bytes) -> str:
    """Another script's encoding where words lie wholly beyond ASCII, or that of Latin letters."""
    # Each run once: thousands of lines with the same answer say no more than one of them.
    runs = set(_RUN.findall(content))
    n_long = sum(len(run) >= _LONG_RUN for run in runs)
    if n_long < _LONG_SHARE * len(runs):
        return _USUAL
    from charset_normalizer import from_bytes

    lines = {line: None for line in content.splitlines(keepends=True) if _RUN.search(line)}
    judged = b"".join(lines)[:_JUDGED_BYTES]
    best = from_bytes(judged, cp_isolation=[codec for codec in _NAMES if codec != _USUAL]).best()
    if best is None:
        return _USUAL
    # Chinese read as Korean is a mix of syllables and ideographs; Korean has hardly any of these.
    if best.encoding == "euc_kr" and _IDEOGRAPH.search(str(best)):
        return "gb18030"
    return str(best.encoding)


def _letters(text: str) -> str:
    """The first two letters beyond ASCII, for the user to compare."""
    found = list(dict.fromkeys(letter for letter in text if ord(letter) > 127))
    return " or ".join(found[:2])
