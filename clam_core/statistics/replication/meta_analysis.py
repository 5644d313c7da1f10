"""Two or more estimates of one effect brought together.

Source:
    DerSimonian & Laird (1986), "Meta-analysis in clinical trials", Control Clin Trials 7:177; as
    `rma(yi, sei, method = "FE")` and `method = "DL"` of the R package metafor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.result import Values


@dataclass(frozen=True)
class Pooled:
    """An effect over several cohorts.

    Attributes:
        fixed: Estimate, lower and upper end of its 95 % interval, weights by precision.
        random: The same, with a variance between the cohorts.
        between: That variance.
        heterogeneity_p: P-value of Cochran's Q.
    """

    fixed: tuple[float, float, float]
    random: tuple[float, float, float]
    between: float
    heterogeneity_p: float


def pool(estimates: Values, errors: Values) -> Pooled:
    """Fixed-effect and random-effects estimate.

    Args:
        estimates: One per cohort, on a scale where they are nearly normal, shape (m,).
        errors: Their standard errors, above 0, shape (m,).

    Returns:
        Both, with the heterogeneity.
    """
    from scipy.special import chdtrc

    weight = 1 / errors**2
    mean = float((weight * estimates).sum() / weight.sum())
    q, df = float((weight * (estimates - mean) ** 2).sum()), len(estimates) - 1
    between = max(0.0, (q - df) / float(weight.sum() - (weight**2).sum() / weight.sum()))
    return Pooled(
        _weighted(estimates, weight),
        _weighted(estimates, 1 / (errors**2 + between)),
        between,
        float(chdtrc(df, q)),
    )


def _weighted(estimates: Values, weight: Values) -> tuple[float, float, float]:
    mean = float((weight * estimates).sum() / weight.sum())
    width = Z / float(np.sqrt(weight.sum()))
    return mean, mean - width, mean + width
