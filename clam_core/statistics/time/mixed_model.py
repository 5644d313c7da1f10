"""Linear mixed model of visits by REML, with Satterthwaite's degrees of freedom.

Source:
    Laird & Ware (1982), Biometrics 38:963; Bates et al. (2015), J Stat Softw 67(1), for the
    profiled criterion; Giesbrecht & Burns (1985), Biometrics 41:477, and Fai & Cornelius (1996),
    J Stat Comput Simul 54:363, for degrees of freedom, as in the R package lmerTest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Values

_EDGE = 1e-4
"""Share of the residual spread below which a random effect does not vary."""


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A fitted mixed model.

    Attributes:
        coefficients: Fixed effects, shape (p,).
        covariance: Their covariance, shape (p, p).
        slopes_of_covariance: Its derivative by each parameter of the variances, shape
            (v, p, p).
        variances: Covariance of those parameters, shape (v, v).
        is_at_edge: Whether a random effect does not vary, or two go along perfectly.
        criterion: Minus twice the restricted log-likelihood.
    """

    coefficients: Values
    covariance: Values
    slopes_of_covariance: Values
    variances: Values
    is_at_edge: bool
    criterion: float


@dataclass(frozen=True, eq=False)
class _Sums:
    """Cross products of each subject: all that the likelihood needs."""

    zz: Values
    zx: Values
    zy: Values
    xx: Values
    xy: Values
    yy: float
    n: int

    def profile(self, root: Values) -> tuple[Values, Values, float, float]:
        """Fixed effects, their cross product, residual sum and log-determinants.

        Args:
            root: Cholesky factor of the covariance of the random effects over the residual
                variance, shape (q, q).
        """
        inner = np.eye(len(root)) + root.T @ self.zz @ root
        half = np.linalg.cholesky(inner)
        zx, zy = root.T @ self.zx, (root.T @ self.zy[:, :, None])
        a, b = np.linalg.solve(half, zx), np.linalg.solve(half, zy)[:, :, 0]
        cross = self.xx - np.einsum("iqp,iqr->pr", a, a)
        right = self.xy - np.einsum("iqp,iq->p", a, b)
        coefficients = np.linalg.solve(cross, right)
        rest = float(self.yy - (b**2).sum() - coefficients @ right)
        logs = 2 * float(np.log(np.diagonal(half, axis1=1, axis2=2)).sum())
        return coefficients, cross, rest, logs + float(np.linalg.slogdet(cross)[1])

    def criterion(self, root: Values) -> float:
        """Minus twice the restricted log-likelihood with the residual variance at its best."""
        _, _, rest, logs = self.profile(root)
        df = self.n - len(self.xy)
        return float(logs + df * (1 + np.log(2 * np.pi * max(rest, 1e-300) / df)))

    def at(self, parameters: Values) -> tuple[float, Values]:
        """Criterion and covariance of the fixed effects at given parameters.

        Args:
            parameters: Lower triangle of `root`, then the residual standard deviation.
        """
        residual = float(parameters[-1]) ** 2
        coefficients, cross, rest, logs = self.profile(_root(parameters[:-1]))
        df = self.n - len(coefficients)
        value = logs + df * np.log(2 * np.pi * residual) + rest / residual
        return float(value), np.asarray(residual * np.linalg.inv(cross), dtype=np.float64)


def _root(theta: Values) -> Values:
    """Lower triangular matrix of its entries."""
    q = int(np.sqrt(2 * len(theta)))
    root = np.zeros((q, q))
    root[np.tril_indices(q)] = theta
    return root


def fit_mixed(y: Values, design: Values, subjects: NDArray[np.intp], random: Values) -> MixedFit:
    """Fit by restricted maximum likelihood.

    Args:
        y: Values, of a spread near 1, shape (n,).
        design: Fixed effects, full rank, shape (n, p).
        subjects: Number of each row's subject, from 0, shape (n,).
        random: Columns whose coefficients vary between subjects, shape (n, q).

    Returns:
        The fit with what degrees of freedom need.

    Raises:
        NotEstimableError: If the design is not of full rank or the criterion has no minimum.
    """
    from scipy.optimize import minimize

    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotEstimableError("time, clusters and covariates depend on each other")
    sums = _sums(y, design, subjects, random)
    q = random.shape[1]
    places = np.tril_indices(q)
    diagonal = places[0] == places[1]

    def criterion(theta: Values) -> float:
        return sums.criterion(_root(theta))

    bounds = [(0.0, None) if one else (None, None) for one in diagonal]
    starts = [np.where(diagonal, scale, 0.0) for scale in (0.3, 1.0, 5.0)]
    coarse = [minimize(criterion, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(coarse, key=lambda found: float(found.fun))
    # A gradient is zero on an edge, also where the minimum is not there: a wide simplex leaves it.
    simplex = best.x + np.vstack([np.zeros(len(best.x)), 0.3 * np.eye(len(best.x))])
    best = minimize(
        criterion, best.x, method="Nelder-Mead", bounds=bounds,
        options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000, "initial_simplex": simplex},
    )  # fmt: skip
    root = _root(best.x)
    coefficients, cross, rest, _ = sums.profile(root)
    residual = rest / (sums.n - len(coefficients))
    if not np.isfinite(best.fun) or residual <= 0:
        raise NotEstimableError("the restricted likelihood has no maximum")
    at_edge = bool((np.abs(best.x[diagonal]) < _EDGE).any())
    slopes, spread = _uncertainty(sums.at, np.append(best.x, np.sqrt(residual)))
    covariance = np.asarray(residual * np.linalg.inv(cross), dtype=np.float64)
    return MixedFit(coefficients, covariance, slopes, spread, at_edge, float(best.fun))


def _sums(y: Values, design: Values, subjects: NDArray[np.intp], random: Values) -> _Sums:
    n_subjects = int(subjects.max()) + 1

    def total(terms: Values) -> Values:
        sums = np.zeros((n_subjects, *terms.shape[1:]))
        np.add.at(sums, subjects, terms)
        return sums

    return _Sums(
        total(random[:, :, None] * random[:, None, :]),
        total(random[:, :, None] * design[:, None, :]),
        total(random * y[:, None]),
        design.T @ design,
        design.T @ y,
        float(y @ y),
        len(y),
    )


def _uncertainty(
    at: Callable[[Values], tuple[float, Values]], parameters: Values
) -> tuple[Values, Values]:
    """Derivatives of the covariance by the parameters, and the covariance of the parameters."""
    n = len(parameters)
    steps = 2e-3 * np.maximum(np.abs(parameters), 0.05)
    moves = np.eye(n) * steps

    def second(i: int, j: int, scale: float) -> float:
        a, b = moves[i] * scale, moves[j] * scale
        ends = [
            at(parameters + one * a + two * b)[0] * one * two for one in (1, -1) for two in (1, -1)
        ]
        return float(sum(ends) / (4 * steps[i] * steps[j] * scale**2))

    hessian = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            # Richardson: the error of the fourth order goes.
            hessian[i, j] = hessian[j, i] = (4 * second(i, j, 1) - second(i, j, 2)) / 3
    slopes = np.array([(at(parameters + m)[1] - at(parameters - m)[1]) / (2 * m.max())
                       for m in moves])  # fmt: skip
    values, vectors = np.linalg.eigh(hessian * np.outer(steps, steps))
    known = values > 1e-9 * values.max()
    inverse = (vectors[:, known] / values[known]) @ vectors[:, known].T
    return slopes, 2 * inverse * np.outer(steps, steps)


def satterthwaite(fit: MixedFit, contrasts: Values) -> Values:
    """Degrees of freedom of the t test of each combination of coefficients.

    Args:
        fit: The fit.
        contrasts: Shape (m, p).

    Returns:
        Shape (m,).
    """
    variance = np.einsum("mp,pr,mr->m", contrasts, fit.covariance, contrasts)
    gradient = np.einsum("mp,vpr,mr->mv", contrasts, fit.slopes_of_covariance, contrasts)
    spread = np.einsum("mv,vw,mw->m", gradient, fit.variances, gradient)
    df: Values = 2 * variance**2 / np.maximum(spread, 1e-300)
    return df


def joint_f(fit: MixedFit, contrasts: Values) -> tuple[float, float]:
    """F statistic of several combinations together and its denominator degrees of freedom.

    Args:
        fit: The fit.
        contrasts: Linearly independent, shape (m, p).

    Returns:
        F on m and the second number of degrees of freedom.
    """
    covariance = contrasts @ fit.covariance @ contrasts.T
    values, vectors = np.linalg.eigh(covariance)
    turned = vectors.T @ contrasts
    t = (turned @ fit.coefficients) ** 2 / values
    each = satterthwaite(fit, turned)
    m = len(t)
    if m == 1:
        return float(t[0]), float(each[0])
    parts = each[each > 2]
    total = float((parts / (parts - 2)).sum())
    df = 2 * total / (total - m) if total > m else 2.0
    return float(t.mean()), df
