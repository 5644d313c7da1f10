"""Missing covariates by chained equations: each taken from a row that is predicted alike.

Source:
    van Buuren & Groothuis-Oudshoorn (2011), "mice: multivariate imputation by chained equations in
    R", J Stat Softw 45(3); predictive mean matching of Little (1988), J Bus Econ Stat 6:287.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.design import Covariates
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, Values

N_CYCLES, N_DONORS, FEWEST_KNOWN = 5, 5, 10
_RIDGE = 1e-5


def completed(
    covariates: Covariates, labels: Labels, outcome: Values, m: int, rng: np.random.Generator
) -> Iterator[Covariates]:
    """Complete the covariates several times.

    A covariate is predicted by all others, the clusters and the variable that is tested (left
    out, that would bias its effect to 0). A level is taken whole, with all its columns.

    Args:
        covariates: Of the rows that are tested.
        labels: Their clusters, shape (n,).
        outcome: What is known of the tested variable, columns without NaN, shape (n, p).
        m: Number of completed tables.
        rng: Randomness.

    Yields:
        The covariates without a missing value.

    Raises:
        NotEstimableError: If a covariate is known in fewer than ten rows, or never in a cluster.
    """
    blocks = {name: covariates.blocks[name] for name in covariates.names}
    known: dict[str, NDArray[np.bool_]] = {
        name: np.isfinite(block.sum(axis=1)) for name, block in blocks.items()
    }
    clusters = np.unique(labels)
    for name, seen in known.items():
        if seen.sum() < FEWEST_KNOWN:
            raise NotEstimableError(f"{name} is known in {int(seen.sum())} rows, too few to impute")
        never = [int(one) for one in clusters if not seen[labels == one].any()]
        if never:
            raise NotEstimableError(f"{name} is never known in cluster {never[0]}")
    always = np.column_stack([np.ones(len(labels)), labels[:, None] == clusters[1:], outcome])
    for _ in range(m):
        filled = {name: _start(block, known[name], rng) for name, block in blocks.items()}
        for _ in range(N_CYCLES):
            _cycle(filled, known, always, rng)
        yield Covariates(covariates.names, filled, covariates.levels)


def _start(block: Values, seen: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    filled = block.copy()
    filled[~seen] = block[rng.choice(np.flatnonzero(seen), int((~seen).sum()))]
    return filled


def _cycle(
    filled: dict[str, Values],
    known: Mapping[str, NDArray[np.bool_]],
    always: Values,
    rng: np.random.Generator,
) -> None:
    """Draw every covariate that has missing values once more, given the others as they are now."""
    for name, seen in known.items():
        if seen.all():
            continue
        others = [block for other, block in filled.items() if other != name]
        design = np.hstack([always, *others])
        block = filled[name]
        donors = _donors(design, block, seen, rng)
        block[~seen] = block[seen][donors]


def _donors(
    design: Values, block: Values, seen: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Which known row each missing one takes: one of the five that are predicted nearest."""
    x, y = design[seen], block[seen]
    gram = x.T @ x
    inverse = np.linalg.inv(gram + np.diag(_RIDGE * np.maximum(np.diag(gram), 1e-12)))
    estimate = inverse @ x.T @ y
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    free = max(len(x) - x.shape[1], 1)
    spread = np.sqrt(((y - x @ estimate) ** 2).sum(axis=0) / rng.chisquare(free, y.shape[1]))
    drawn = estimate + root @ rng.normal(size=estimate.shape) * spread
    # The known rows by the estimate, the missing ones by a draw (type 1 matching).
    predicted, wanted = x @ estimate, design[~seen] @ drawn
    distance = ((wanted[:, None, :] - predicted[None, :, :]) ** 2).sum(axis=2)
    # Equal distances are taken in a random order, as rows of a level are often predicted alike.
    distance += 1e-12 * rng.uniform(size=distance.shape)
    n_donors = min(N_DONORS, len(x))
    nearest = np.argpartition(distance, n_donors - 1, axis=1)[:, :n_donors]
    drawn_donors = rng.integers(0, n_donors, len(wanted))
    chosen: NDArray[np.intp] = nearest[np.arange(len(wanted)), drawn_donors]
    return chosen
