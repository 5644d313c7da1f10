"""What a test and an effect look like, and the sentence where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import TableError

Values = NDArray[np.float64]
Labels = NDArray[np.int64]


class NotTestableError(TableError):
    """A variable has no test; the message goes on after "not testable, because"."""


@dataclass(frozen=True)
class Tested:
    """A test of one variable against the clusters.

    Attributes:
        test: Name of the test.
        statistic: Its statistic; NaN for tests that have none.
        df: Degrees of freedom (of the numerator); NaN where there are none.
        df_residual: Degrees of freedom of the denominator; NaN where there are none.
        p_value: Two-sided p-value.
        why: Why this test was chosen, one sentence.
    """

    test: str
    statistic: float
    df: float
    df_residual: float
    p_value: float
    why: str


@dataclass(frozen=True)
class Effect:
    """An effect size with its 95 % interval.

    Attributes:
        name: Which effect size.
        size: Its value.
        ci_low: Lower end of the interval; NaN where there is none.
        ci_high: Upper end of the interval; may be infinite.
        method: How the interval was made, and its source.
    """

    name: str
    size: float
    ci_low: float
    ci_high: float
    method: str
