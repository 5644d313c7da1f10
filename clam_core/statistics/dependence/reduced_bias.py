"""Least squares whose errors depend within subjects: CR2 with its own degrees of freedom.

Source:
    Bell & McCaffrey (2002), "Bias reduction in standard errors for linear regression with
    multi-stage samples", Surv Methodol 28:169; Pustejovsky & Tipton (2018), "Small-sample methods
    for cluster-robust variance estimation and hypothesis testing in fixed effects models", J Bus
    Econ Stat 36:672, for the joint test (HTZ), as in R's clubSandwich.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError, solve_information
from clam_core.statistics.result import Labels, Values

_TINY = 1e-10


class NoSpreadError(NotEstimableError):
    """The covariance by subject says nothing; shuffled subjects may."""


@dataclass(frozen=True, eq=False)
class ReducedBias:
    """Least squares with a covariance by subject.

    Under independent rows of one variance the parts that subjects g and h add to the tested
    coefficients s and t have the covariance `own[g, s, t] (g = h) + sides[g, s] C sides[h, t]`.

    Attributes:
        coefficients: Shape (p,).
        covariance: CR2, shape (p, p).
        own: Shape (subjects, q, q).
        sides: Shape (subjects, q, 2 p).
        middle: C, shape (2 p, 2 p).
        tested: Positions of the tested coefficients, shape (q,).
    """

    coefficients: Values
    covariance: Values
    own: Values
    sides: Values
    middle: Values
    tested: NDArray[np.intp]

    def df_of_each(self) -> Values:
        """Satterthwaite's degrees of freedom of each tested coefficient, shape (q,)."""
        expected, products = self._moments(np.eye(len(self.tested)))
        each = range(len(self.tested))
        return np.array([expected[s, s] ** 2 / products[s, s, s, s] for s in each])

    def df_of(self, point: Values) -> float:
        """Satterthwaite's degrees of freedom of a combination of the tested coefficients, (q,)."""
        own = np.einsum("s,gst,t->g", point, self.own, point)[:, None, None]
        sides = np.einsum("s,gsp->gp", point, self.sides)[:, None, :]
        one = replace(self, own=own, sides=sides, tested=self.tested[:1])
        return float(one.df_of_each()[0])

    def joint(self) -> tuple[float, float]:
        """F of the tested coefficients together, and its residual degrees of freedom.

        Raises:
            NoSpreadError: If their covariance is singular or too few subjects carry it.
        """
        q = len(self.tested)
        expected, _ = self._moments(np.eye(q))
        values, vectors = np.linalg.eigh(expected)
        if not (values > _TINY * values.max()).all():
            raise NoSpreadError("too few subjects tell how far values spread")
        _, products = self._moments(vectors / np.sqrt(values) @ vectors.T)
        # Wishart: the variances of all entries of the standardized covariance add to q (q + 1) / n.
        total = np.einsum("stst->", products) + np.einsum("stts->", products)
        eta = q * (q + 1) / float(total)
        part = self.coefficients[self.tested]
        own = self.covariance[np.ix_(self.tested, self.tested)]
        try:
            statistic = float(part @ np.linalg.solve(own, part))
        except np.linalg.LinAlgError:
            raise NoSpreadError("nothing varies within a cluster") from None
        residual = eta - q + 1
        if residual < 1 or not np.isfinite(statistic):
            raise NoSpreadError("too few subjects tell how far values spread")
        return residual / (eta * q) * statistic, residual

    def _moments(self, root: Values) -> tuple[Values, Values]:
        """Expected covariance (q, q), and sums over pairs of subjects of products of kernels.

        The kernels are those of the coefficients times `root`; the products of kernel s, u with
        kernel t, v stand at [s, t, u, v].
        """
        own = np.einsum("as,gst,tb->gab", root, self.own, root)
        sides = np.einsum("as,gsp->gap", root, self.sides)
        on_diagonal = np.einsum("gsp,pr,gtr->gst", sides, self.middle, sides)
        expected = (own + on_diagonal).sum(axis=0)
        gram = np.einsum("gsp,gtr->stpr", sides, sides)
        turned = np.einsum("pq,stqr->stpr", self.middle, gram)
        products = np.einsum("uvpr,tsrp->stuv", turned, turned)
        for one, other in ((own, own), (own, on_diagonal), (on_diagonal, own)):
            products = products + np.einsum("gsu,gtv->stuv", one, other)
        return expected, products


def fit_reduced_bias(
    y: Values, design: Values, subjects: Labels, weights: Values, tested: NDArray[np.intp]
) -> ReducedBias:
    """Fit by weighted least squares.

    Args:
        y: Shape (n,).
        design: Shape (n, p), full rank, with its constant.
        subjects: Subject of each row, from 0, shape (n,).
        weights: Of each row, shape (n,).
        tested: Positions of the coefficients to be tested.

    Returns:
        The fit.

    Raises:
        NotEstimableError: If the design is not of full rank.
    """
    bread = solve_information((design * weights[:, None]).T @ design)
    coefficients = bread @ (design * weights[:, None]).T @ y
    residuals = y - design @ coefficients
    squared = bread @ ((design * weights[:, None] ** 2).T @ design) @ bread
    # t (I - H)(I - H)' t' of two subjects, t being what a subject's residuals are multiplied by.
    middle = np.block([[squared, -bread], [-bread, np.zeros_like(bread)]])
    if len(np.unique(subjects)) == len(y):
        parts, own, sides = _single_rows((design, weights, residuals), bread, squared, tested)
    else:
        how = (design, weights, residuals)
        parts, own, sides = _rows_of_subjects(how, subjects, bread, squared, tested)
    return ReducedBias(coefficients, parts.T @ parts, own, sides, middle, tested)


_Rows = tuple[Values, Values, Values]
"""Design, weights and residuals."""
_Carried = tuple[Values, Values, Values]
"""What each subject adds to the coefficients; `own` and `sides` of `ReducedBias`."""


def _single_rows(rows: _Rows, bread: Values, squared: Values, tested: NDArray[np.intp]) -> _Carried:
    """The same of subjects with one row each, without a loop over them."""
    x, w, residuals = rows
    inner = 1 - 2 * w * np.einsum("ip,pr,ir->i", x, bread, x)
    inner += np.einsum("ip,pr,ir->i", x, squared, x)
    kept = inner > _TINY
    adjustment = np.where(kept, 1 / np.sqrt(np.where(kept, inner, 1.0)), 0.0)
    carried = (x * (w * adjustment)[:, None]) @ bread
    of_tested = carried[:, tested]
    own = np.einsum("gs,gt->gst", of_tested, of_tested)
    plain, weighted = (np.einsum("gs,gp->gsp", of_tested, one) for one in (x, w[:, None] * x))
    return carried * residuals[:, None], own, np.concatenate([plain, weighted], axis=2)


def _rows_of_subjects(
    rows: _Rows, subjects: Labels, bread: Values, squared: Values, tested: NDArray[np.intp]
) -> _Carried:
    design, weights, residuals = rows
    order = np.argsort(subjects, kind="stable")
    ends = np.cumsum(np.bincount(subjects))
    known: dict[bytes, Values] = {}
    parts, carried = [], []
    for where in np.split(order, ends[:-1]):
        x, w = design[where], weights[where]
        key = x.tobytes() + w.tobytes()
        if key not in known:
            known[key] = (x * w[:, None]).T @ _adjustment(x, w, bread, squared)
        # What a subject adds to the coefficients: bread X'W A e.
        row = bread @ known[key]
        parts.append(row @ residuals[where])
        own = row[tested]
        carried.append((np.einsum("sn,tn->st", own, own), own @ x, own @ (w[:, None] * x)))
    own, plain, weighted = (np.stack(one) for one in zip(*carried, strict=True))
    return np.stack(parts), own, np.concatenate([plain, weighted], axis=2)


def _adjustment(x: Values, w: Values, bread: Values, squared: Values) -> Values:
    """A of one subject: the root of the pseudo-inverse of its residuals' covariance."""
    hat = x @ bread @ (x * w[:, None]).T
    inner = np.eye(len(x)) - hat - hat.T + x @ squared @ x.T
    values, vectors = np.linalg.eigh(inner)
    kept = values > _TINY
    root: Values = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return root
