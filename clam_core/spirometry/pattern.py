"""The pattern that spirometry shows, and total lung capacity where it was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Words = NDArray[np.object_]

LOW_Z = -1.645
"""A value is low if its z-score is below that of the 5th percentile."""

PATTERNS: dict[str, str] = {
    "normal": "FEV1, FVC and FEV1/FVC are not low, nor is TLC where it was measured.",
    "obstructive": "FEV1/FVC is low; TLC, where it was measured, is not.",
    "restrictive": "TLC is low, FEV1/FVC is not.",
    "possible restrictive": "FVC is low, FEV1/FVC is not; TLC was not measured.",
    "mixed": "FEV1/FVC and TLC are low.",
    "possible mixed": "FEV1/FVC and FVC are low; TLC was not measured.",
    "non-specific": "FVC is low, FEV1/FVC and TLC are not.",
    "PRISm": "FEV1 is low, FEV1/FVC, FVC and (where measured) TLC are not.",
}
"""The patterns and their definitions; low means below the 5th percentile."""


def spirometric_pattern(fev1: Values, fvc: Values, ratio: Values, tlc: Values) -> Words:
    """Name the pattern of each row from z-scores.

    Exactly one pattern is given to each row. A low FVC alone does not prove
    restriction, nor does it prove a mixed disorder: without TLC such rows are
    called possible.

    Args:
        fev1: z-scores of FEV1, shape (n_rows,).
        fvc: z-scores of FVC, shape (n_rows,).
        ratio: z-scores of FEV1/FVC, shape (n_rows,).
        tlc: z-scores of TLC, shape (n_rows,); NaN where it was not measured.

    Returns:
        A name of `PATTERNS` per row; None where one of the first three is NaN.

    Source:
        Stanojevic et al. (2022), "ERS/ATS technical standard on interpretive
        strategies for routine lung function tests", Eur Respir J 60:2101499,
        figure 8 and table 8; PRISm: Wan et al. (2014), Respir Res 15:89, with
        lower limits of normal in the place of 80 % predicted and 0.70.
    """
    known = np.isfinite(fev1) & np.isfinite(fvc) & np.isfinite(ratio)
    with_tlc, low_tlc = np.isfinite(tlc), tlc < LOW_Z
    low_ratio, low_fvc, low_fev1 = ratio < LOW_Z, fvc < LOW_Z, fev1 < LOW_Z
    rules = (
        ("normal", known),
        ("PRISm", low_fev1),
        ("non-specific", low_fvc),
        ("possible restrictive", low_fvc & ~with_tlc),
        ("restrictive", low_tlc),
        ("obstructive", low_ratio),
        ("possible mixed", low_ratio & low_fvc & ~with_tlc),
        ("mixed", low_ratio & low_tlc),
    )
    patterns = np.full(fev1.shape, None, dtype=object)
    for name, applies in rules:  # a later rule goes before an earlier one
        patterns[applies & known] = name
    return patterns


def preserved_ratio_impaired(fev1: Values, ratio: Values) -> Words:
    """Whether FEV1 is low and FEV1/FVC is not: PRISm in its wide sense.

    It contains rows with a low FVC or a low TLC, too, which
    `spirometric_pattern` calls by other names.

    Args:
        fev1: z-scores of FEV1, shape (n_rows,).
        ratio: z-scores of FEV1/FVC, shape (n_rows,).

    Returns:
        `yes` or `no` per row; None where a z-score is NaN.

    Source:
        Wan et al. (2014), Respir Res 15:89, with lower limits of normal in the
        place of 80 % predicted and 0.70.
    """
    impaired = np.where((fev1 < LOW_Z) & (ratio >= LOW_Z), "yes", "no").astype(object)
    impaired[~(np.isfinite(fev1) & np.isfinite(ratio))] = None
    return impaired
