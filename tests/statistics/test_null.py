"""Under the null hypothesis p-values are as small as chance makes them, no smaller, no larger."""

import numpy as np
import pytest

from clam_core.settings import AssociateSettings
from clam_core.statistics.models.adjust import Outcome, soft_test
from clam_core.statistics.models.adjust import adjust as adjust_outcome
from clam_core.statistics.models.design import Covariates
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.significance.choose_test import compare
from clam_core.statistics.significance.correction import correct

SETTINGS = AssociateSettings(n_resamples=999)
N, SIZES = 150, (70, 50, 30)


def variables(rng):
    """Variables of every kind, as a clinical table has them; each p with a fair discreteness."""
    return {
        "continuous": rng.normal(size=N),
        "skewed": rng.lognormal(0, 0.8, N),
        "ordinal": rng.choice(6, N, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05]).astype(float),
        "binary": (rng.uniform(size=N) < 0.4).astype(float),
        "nominal": rng.choice(4, N, p=[0.4, 0.3, 0.2, 0.1]).astype(float),
        "count": rng.negative_binomial(1.5, 0.2, N).astype(float),
        "zeros": (rng.uniform(size=N) < 0.4) * np.round(rng.gamma(2, 7, N)),
    }


KIND = {"skewed": "continuous", "zeros": "count"}


def share_below(n_shuffles, n_tables, seed, which):
    """Share of p < 0.05 for each variable over shuffles of the labels."""
    rng = np.random.default_rng(seed)
    found = {}
    for _ in range(n_tables):
        table = variables(rng)
        extra = rng.normal(size=(N, 2))
        covariates = Covariates(("x",), {"x": extra}, {})
        for _ in range(n_shuffles // n_tables):
            labels = rng.permutation(np.repeat([1, 2, 3], SIZES))
            for name, values in table.items():
                outcome = Outcome(KIND.get(name, name), values, labels)
                p = which(name, outcome, covariates, rng)
                found.setdefault(name, []).append(p)
    return {name: float(np.mean(np.array(p) < 0.05)) for name, p in found.items()}


def crude(name, outcome, covariates, rng):
    seed = int(rng.integers(1 << 31))
    settings = SETTINGS.model_copy(update={"seed": seed})
    try:
        return compare(name, outcome.kind, outcome.values, outcome.labels, settings).tested.p_value
    except NotTestableError:
        return np.nan


def adjusted(name, outcome, covariates, rng):
    return adjust_outcome(outcome, covariates).adjusted.p_value


def soft(name, outcome, covariates, rng):
    q = np.eye(3)[outcome.labels - 1] + rng.dirichlet(np.ones(3), N)
    return soft_test(outcome, q / 2).p_value


def test_shares_of_small_p_values_are_about_right():
    shares = share_below(100, 5, 0, crude)
    assert all(share <= 0.13 for share in shares.values()), shares
    assert 0.03 < np.mean(list(shares.values())) < 0.07, shares


@pytest.mark.slow
def test_crude_shares_lie_between_4_and_6_percent():
    shares = share_below(4000, 40, 1, crude)
    assert all(0.04 <= share <= 0.06 for share in shares.values()), shares


@pytest.mark.slow
def test_adjusted_and_soft_shares_lie_between_3_5_and_6_5_percent():
    # Likelihood-ratio and robust tests are approximate: half a percent of slack on both sides.
    for which in (adjusted, soft):
        shares = share_below(3000, 30, 2, which)
        assert all(0.035 <= share <= 0.065 for share in shares.values()), (which, shares)


@pytest.mark.slow
def test_false_discoveries_under_the_null_are_as_rare_as_promised():
    rng = np.random.default_rng(3)
    tables, false = 300, 0
    for _ in range(tables):
        labels = rng.permutation(np.repeat([1, 2, 3], SIZES))
        p = [crude(name, Outcome(KIND.get(name, name), values, labels), None, rng)
             for name, values in variables(rng).items()]  # fmt: skip
        false += bool((correct(np.array(p)) < 0.05).any())
    assert false / tables <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / tables)
