"""Columns that a program read out of a CT: densitometry, lung volumes, radiomics, image quality."""

from __future__ import annotations

import re

from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.text.header_words import header_words

_PHRASES = (
    *("laa", "% laa", "low attenuation", "low attenuation area", "emphysema index"),
    *("perc15", "perc 15", "pd15", "pd 15", "15th percentile", "percentile density"),
    *("mean lung density", "mld", "mean lung attenuation", "lung density", "mean lung hu"),
    *("mean hu", "median hu", "lung volume", "ct volume", "ct lung volume", "lung mass"),
    *("high attenuation area", "haa", "lung kurtosis", "lung skewness", "lung entropy"),
    *("wall area percent", "pi10", "air trapping index", "agatston", "calcium score"),
    *("radiomics", "qct", "quantitative ct", "noise hu", "snr", "cnr", "image noise"),
    *("mask quality", "lung mask volume"),
)
"""Names in words, in which every word stands beside the next."""

_LAA = re.compile(r"(^|[^a-z])laa([^a-z]|$)")
_CLASSES = "(firstorder|glcm|glrlm|glszm|gldm|ngtdm)"
_RADIOMICS = re.compile(
    r"^(original|wavelet|log[\W_]sigma|square|squareroot|exponential|logarithm|gradient|lbp)"
    rf"[\w.\- ]*(shape|{_CLASSES})|(^|_){_CLASSES}_"
)
"""Feature names of PyRadiomics and of the Image Biomarker Standardisation Initiative."""


def is_from_image(info: ColumnInfo) -> bool:
    """Whether a column's name or label says that it was measured in an image by a program.

    Args:
        info: The column; scores that people gave to images are none of these.
    """
    return any(_says_so(name) for name in dict.fromkeys((info.name, info.label)))


def _says_so(name: str) -> bool:
    lower = name.lower()
    if _LAA.search(lower) or _RADIOMICS.search(lower):
        return True
    words = f" {' '.join(header_words(name))} "
    return any(f" {phrase} " in words for phrase in _PHRASES)
