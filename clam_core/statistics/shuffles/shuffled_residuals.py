"""Residuals shuffled between the rows: for numbers, counts and ranks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Values
from clam_core.statistics.shuffles.null_draws import Key

_ALONE = 1e-9
_RIDGE = 1e-10
"""Of a covariance's trace: where a shuffle leaves a cluster without spread, it is not singular."""


@dataclass(frozen=True, eq=False)
class ShuffledResiduals:
    """Residuals of a model without the clusters, and the design that has them.

    Attributes:
        residuals: Shape (n,).
        basis: Orthonormal columns of the design, those that are tested last, shape (n, p).
        inflation: What a squared residual is multiplied by for the covariance, shape (n,); none
            for one variance of all rows.
        n_tested: Tested columns q.
    """

    residuals: Values
    basis: Values
    inflation: Values | None
    n_tested: int

    @property
    def observed(self) -> float:
        """The statistic of the rows as they are."""
        return float(self._statistics(self.residuals[None])[0])

    def draw(self, count: int, key: Key) -> Values:
        """Statistics of shuffled residuals, shape (count,)."""
        return self._statistics(self.residuals[_orders(len(self.residuals), count, key)])

    def _statistics(self, residuals: Values) -> Values:
        """Wald's statistic of the tested columns, for residuals of shape (m, n)."""
        q = self.n_tested
        tested = self.basis[:, -q:]
        loads = residuals @ self.basis
        scores = loads[:, -q:]
        if self.inflation is None:
            within = (residuals**2).sum(axis=1) - (loads**2).sum(axis=1)
            pooled: Values = (scores**2).sum(axis=1) / np.maximum(within, 1e-300)
            return pooled
        left = residuals - loads @ self.basis.T
        first, second = np.triu_indices(q)
        products = tested[:, first] * tested[:, second] * self.inflation[:, None]
        cells = (left * left) @ products
        covariance = np.empty((len(residuals), q, q))
        covariance[:, first, second] = covariance[:, second, first] = cells
        trace = np.einsum("mqq->m", covariance)
        covariance[:, range(q), range(q)] += _RIDGE * trace[:, None] + 1e-300
        solved = np.linalg.solve(covariance, scores[:, :, None])[:, :, 0]
        statistics: Values = (scores * solved).sum(axis=1)
        return statistics


@lru_cache(maxsize=2)
def _orders(n: int, count: int, key: Key) -> NDArray[np.intp]:
    """Orders of n rows, shape (count, n); kept, as all variables without gaps share them."""
    rows = np.tile(np.arange(n, dtype=np.intp), (count, 1))
    return np.random.default_rng(key).permuted(rows, axis=1)


def shuffled_residuals(
    y: Values, null: Values, tested: Values, *, power: int | None
) -> ShuffledResiduals:
    """Make the test of columns beside others by shuffled residuals.

    The statistic is Wald's with a covariance that allows for unequal spread; of clusters alone
    and HC2 it is the statistic of Welch's test. So p is exact where rows can be exchanged, and
    right in large clusters where only their means are alike.

    Args:
        y: Values, shape (n,).
        null: Columns without the tested ones, with a constant, shape (n, c).
        tested: Tested columns, shape (n, q).
        power: 1 for HC2, 2 for HC3: squared residuals are divided by (1 - leverage) as often.
            None for one variance of all rows.

    Returns:
        Observed statistic and draws.

    Raises:
        NotEstimableError: If the columns are not of full rank.

    Source:
        Freedman & Lane (1983), J Bus Econ Stat 1:292; Chung & Romano (2013), Ann Stat 41:484;
        DiCiccio & Romano (2017), J Am Stat Assoc 112:1211.
    """
    design = np.column_stack([null, tested])
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    basis, triangle = np.linalg.qr(design / scale)
    if not (np.abs(np.diag(triangle)) > 1e-9 * np.sqrt(len(y))).all():
        raise NotEstimableError("the model has no unique estimate")
    others = basis[:, : null.shape[1]]
    residuals = y - others @ (others.T @ y)
    if power is None:
        return ShuffledResiduals(residuals, basis, None, tested.shape[1])
    leverage = (basis**2).sum(axis=1)
    # Rows alone on their coefficient have residual 0 and would give 0 / 0.
    alone = leverage > 1 - _ALONE
    inflation = np.where(alone, 0.0, 1 / np.where(alone, 1.0, 1 - leverage) ** power)
    return ShuffledResiduals(residuals, basis, inflation, tested.shape[1])
