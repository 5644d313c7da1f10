"""Share of p < 0.05 for every option, in clusters of several numbers and sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.error_rates.null_cohorts import CELLS
from benchmarks.error_rates.options import OPTIONS, Draw, p_values
from benchmarks.table import Figure

Progress = Callable[[str, int, int], None]

LOW, HIGH, LEVEL = 0.04, 0.06, 0.05
COLUMNS = ("seed", "k", "sizes", "option", "kind", "p_value")


def measure_error_rates(
    n_cohorts: int, n_resamples: int, progress: Progress, kept: Path | None = None, first: int = 0
) -> pd.DataFrame:
    """P-values of null cohorts: `COLUMNS`.

    Args:
        n_cohorts: Cohorts of each number and size of clusters, and each option.
        n_resamples: Shuffles within each permutation test.
        progress: Told how many cohorts are done.
        kept: CSV file to which each cohort's p-values are added as they come; or None.
        first: Seed of the first cohort.
    """
    frames = []
    for seed in range(first, first + n_cohorts):
        for cell in CELLS:
            for option in OPTIONS:
                found = p_values(Draw(cell, seed, n_resamples), option)
                head = (seed, cell.k, cell.words)
                rows = [(*head, name, kind, p) for name, kind, p in found]
                frames.append(pd.DataFrame(rows, columns=list(COLUMNS)))
        if kept is not None:
            done = pd.concat(frames[-len(CELLS) * len(OPTIONS) :])
            done.to_csv(kept, mode="a", header=not kept.exists(), index=False)
        progress("Null cohorts for every option", seed - first + 1, n_cohorts)
    return pd.concat(frames, ignore_index=True)


def error_rate_figures(found: pd.DataFrame) -> list[Figure]:
    """One line per option, number and sizes of clusters.

    Args:
        found: What `measure_error_rates` gives.
    """
    figures = []
    known = found[found["p_value"].notna()]
    for (option, k, sizes), part in known.groupby(["option", "k", "sizes"], sort=False):
        head = f"{option}, {k} clusters, {sizes}"
        claims = part[part["kind"] == "headline"]
        values = part[part["kind"] != "headline"]
        by_kind = values.groupby("kind", sort=False)["p_value"].apply(lambda p: (p < LEVEL).mean())
        # Columns of one cohort share its clusters, so that cohorts and not columns are independent.
        by_cohort = (values["p_value"] < LEVEL).groupby(values["seed"]).mean()
        share, error = float(by_cohort.mean()), _error(by_cohort)
        named = ", ".join(f"{kind} {one:.3f}" for kind, one in by_kind.items())
        how = f"{len(values):,} tests in {len(by_cohort):,} cohorts: {named}"
        figures.append(
            Figure(head, f"{share:.4f} ± {error:.4f}", f"{LOW} to {HIGH}", _reached(share, error),
                   how)
        )  # fmt: skip
        if len(claims):
            rate = float((claims["p_value"] < LEVEL).mean())
            error = float(np.sqrt(rate * (1 - rate) / len(claims)))
            verdict = "yes" if rate <= LEVEL + 2 * error else "no"
            figures.append(
                Figure(f"Headline with 24 families: {head}", f"{rate:.4f} ± {error:.4f}",
                       "at most 0.05", verdict, f"{len(claims):,} cohorts with a finding claimed")
            )  # fmt: skip
    return figures


def _error(shares: pd.Series) -> float:
    """Monte-Carlo error of a mean over cohorts."""
    return float(shares.std(ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else float("nan")


def _reached(share: float, error: float) -> str:
    """Whether the share lies within the limits; `conservative` below; as far as chance allows."""
    if not np.isfinite(error):
        return ""
    if share > HIGH + 2 * error:
        return "no"
    if share < LOW - 2 * error:
        return "conservative"
    return "yes"
