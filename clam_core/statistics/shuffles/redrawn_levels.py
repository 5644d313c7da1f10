"""Levels drawn anew from the model without the clusters: for answers and ordered levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.multinomial import fit_multinomial
from clam_core.statistics.models.ordinal_model import fit_proportional_odds
from clam_core.statistics.result import Values
from clam_core.statistics.shuffles.null_draws import Key


@dataclass(frozen=True, eq=False)
class RedrawnLevels:
    """A score test of the clusters, and the chances of levels without them.

    Attributes:
        codes: Level of each row, shape (n,).
        chances: Chance of each level or a lower one, shape (n, levels).
        scores: What a row adds to the tested scores, for each level it may have; covariates are
            taken out and the scores have unit variance together, shape (n, levels, q).
    """

    codes: NDArray[np.intp]
    chances: Values
    scores: Values

    @property
    def observed(self) -> float:
        """The score statistic of the rows as they are."""
        own = self.scores[np.arange(len(self.codes)), self.codes]
        return float((own.sum(axis=0) ** 2).sum())

    def draw(self, count: int, key: Key) -> Values:
        """Statistics of levels that were drawn anew, shape (count,)."""
        uniform = np.random.default_rng(key).random((count, len(self.codes)))
        total = self.scores[:, 0].sum(axis=0)
        # From the lowest level upwards: what each step adds in the rows that take it.
        for level, step in enumerate(np.moveaxis(np.diff(self.scores, axis=1), 1, 0)):
            total = total + (uniform > self.chances[:, level]).astype(np.float64) @ step
        statistics: Values = (total**2).sum(axis=1)
        return statistics


def redrawn_levels(y: Values, null: Values, tested: Values, *, ordered: bool) -> RedrawnLevels:
    """Make the score test of columns beside others by levels that are drawn anew.

    Args:
        y: Codes 0, 1, ... of levels that all occur, shape (n,).
        null: Columns without the tested ones, with a constant first, shape (n, c).
        tested: Tested columns, shape (n, q).
        ordered: Whether the model is that of proportional odds, else the multinomial one.

    Returns:
        Observed statistic and draws.

    Raises:
        NotEstimableError: If the model without the tested columns has no finite estimate.

    Source:
        Rao (1948), Proc Camb Philos Soc 44:50, for the score test; Davison & Hinkley (1997),
        "Bootstrap methods and their application", section 4.2, for draws from the null model.
    """
    chances, scores, is_tested = (_ordered if ordered else _nominal)(y, null, tested)
    information = np.einsum("nl,nlp,nlr->pr", chances, scores, scores)
    own, others = np.flatnonzero(is_tested), np.flatnonzero(~is_tested)
    try:
        slope = np.linalg.solve(information[np.ix_(others, others)], information[others][:, own])
        free = information[np.ix_(own, own)] - information[own][:, others] @ slope
        root = np.linalg.cholesky(np.linalg.inv(free))
    except np.linalg.LinAlgError:
        raise NotEstimableError("the model has no unique estimate") from None
    # What covariates explain of the tested scores is taken out, as a refit would do.
    apart = (scores[:, :, own] - scores[:, :, others] @ slope) @ root
    return RedrawnLevels(y.astype(np.intp), np.cumsum(chances, axis=1), apart)


_Model = tuple[Values, Values, NDArray[np.bool_]]
"""Chances (n, levels), scores of every parameter (n, levels, p), which are tested (p,)."""


def _nominal(y: Values, null: Values, tested: Values) -> _Model:
    n_levels = int(y.max()) + 1
    fitted = fit_multinomial(y, null).coefficients.reshape(n_levels - 1, -1)
    predictor = np.column_stack([np.zeros(len(y)), null @ fitted.T])
    chances = np.exp(predictor - predictor.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    design = np.column_stack([null, tested])
    gaps = np.eye(n_levels)[:, 1:] - chances[:, None, 1:]
    scores = gaps[:, :, :, None] * design[:, None, None, :]
    is_tested = np.tile(np.arange(design.shape[1]) >= null.shape[1], n_levels - 1)
    return chances, scores.reshape(len(y), n_levels, -1), is_tested


def _ordered(y: Values, null: Values, tested: Values) -> _Model:
    from scipy.special import expit

    n, n_cuts = len(y), int(y.max())
    design = np.column_stack([null[:, 1:], tested])
    fitted = fit_proportional_odds(y, null[:, 1:]).coefficients
    predictor = null[:, 1:] @ fitted[n_cuts:]
    inner = expit(fitted[:n_cuts] - predictor[:, None])
    below = np.column_stack([np.zeros(n), inner, np.ones(n)])
    chances = np.diff(below, axis=1)
    scores = np.zeros((n, n_cuts + 1, n_cuts + design.shape[1]))
    density = inner * (1 - inner)
    cuts = np.arange(n_cuts)
    # A higher threshold makes the level below it likelier, and the one above it less likely.
    scores[:, cuts, cuts] = density / chances[:, :-1]
    scores[:, cuts + 1, cuts] = -density / chances[:, 1:]
    scores[:, :, n_cuts:] = (below[:, 1:] + below[:, :-1] - 1)[:, :, None] * design[:, None, :]
    first = n_cuts + null.shape[1] - 1
    return chances, scores, np.arange(scores.shape[2]) >= first
