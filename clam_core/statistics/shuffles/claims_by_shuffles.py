"""P-values that are small enough to be claimed, computed again by shuffles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import Problem
from clam_core.statistics.result import Values
from clam_core.statistics.shuffles.null_draws import NullDraws
from clam_core.statistics.shuffles.null_of_problem import null_of
from clam_core.statistics.significance.correction import Correction, correct

STAGES = (499, 1_999, 9_999, 99_999)
"""Draws after which it is asked whether more of them could change what is claimed."""

PER_VARIABLE = 200
"""Draws for each counted variable: ten times as fine as the smallest p that has to be told."""

FEWEST = 1_999
"""Draws that may be made however few variables there are."""

ENOUGH = 100
"""Draws as extreme as what was seen, from which on a share is known to a tenth of it."""

LEVEL = 0.05
_CELLS_AT_ONCE = 1_000_000
_FAR = 3.0
"""Standard errors of a share of draws."""


class _Counted:
    """Draws of one variable that were made, and how many of them were as extreme."""

    def __init__(self, null: NullDraws, n: int, seed: int) -> None:
        self.null, self.n, self.seed = null, n, seed
        self.step = max(1, _CELLS_AT_ONCE // n)
        # Draws that give the observed value but for rounding are as extreme.
        self.bound = null.observed - 1e-9 * max(1.0, abs(null.observed))
        self.made = self.extreme = 0

    def up_to(self, total: int) -> None:
        while self.made < total:
            count = min(self.step, total - self.made)
            drawn = self.null.draw(count, (self.seed, self.n, self.made))
            self.extreme += int((drawn >= self.bound).sum())
            self.made += count

    def share(self, errors: float = 0.0) -> float:
        """Share of draws that are as extreme, so many standard errors above what it is."""
        extreme = self.extreme + 1
        return float(np.clip((extreme + errors * np.sqrt(extreme)) / (self.made + 1), 0.0, 1.0))


def shuffled_p_values(
    p_values: Values, problems: Mapping[int, Problem], method: Correction, seed: int
) -> Values:
    """Compute small p-values again.

    Draws can only take a claim back: the larger of the two p-values is what counts. So a variable
    that is not claimed without them needs none, and of the others more are drawn only as long as
    they can change what is claimed.

    Args:
        p_values: Those of all counted variables, shape (m,); NaN where a variable is not counted.
        problems: Position of a variable to its regression, where draws can be made.
        method: How p-values are corrected.
        seed: Draws follow from it and from the number of rows.

    Returns:
        Shares of draws that are as extreme as the statistic, shape (m,); NaN where none were made.

    Source:
        Phipson & Smyth (2010), Stat Appl Genet Mol Biol 9:39; stages as in Gandy & Hahn (2014),
        Scand J Stat 41:1083.
    """
    result = np.full(len(p_values), np.nan)
    counted = {}
    # By their numbers of rows, as variables that have the same share their shuffles.
    for place, problem in sorted(problems.items(), key=lambda one: len(one[1].y)):
        if p_values[place] < LEVEL:
            try:
                counted[place] = _Counted(null_of(problem), len(problem.y), seed)
            except NotEstimableError:
                continue
    most = min(STAGES[-1], max(FEWEST, PER_VARIABLE * int(np.isfinite(p_values).sum())))
    for stage in STAGES:
        for place in _undecided(p_values, counted, method):
            counted[place].up_to(min(stage, most))
    for place, draws in counted.items():
        result[place] = draws.share() if draws.made else np.nan
    return result


def _undecided(p_values: Values, counted: Mapping[int, _Counted], method: Correction) -> list[int]:
    """Variables that are claimed or not by the draws that are still to be made."""
    claims = []
    for errors in (-_FAR, _FAR):
        p = p_values.copy()
        for place, draws in counted.items():
            share = draws.share(errors) if draws.made else float(errors > 0)
            p[place] = max(p[place], share)
        claims.append(correct(p, method) < LEVEL)
    return [
        place
        for place, draws in counted.items()
        if claims[0][place] != claims[1][place] and draws.extreme < ENOUGH
    ]
