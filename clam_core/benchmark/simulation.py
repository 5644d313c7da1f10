"""Accuracy on cohorts with known groups, beside other ways to cluster the same scans."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.benchmark.cohorts import Cohort, digits, nodules, pictures, simulated
from clam_core.benchmark.rivals import RIVALS
from clam_core.benchmark.scores import accuracy, mutual_information
from clam_core.fitting import fit_model, preset_settings
from clam_core.phantom import SimulationSettings
from clam_core.phantom.settings import Anatomy, Family, Scenario
from clam_core.settings import FitSettings
from clam_core.training import ScanSource

Progress = Callable[[str, int, int], None]

SCENARIOS: tuple[Scenario, ...] = ("presence", "size", "location", "intensity")
FAMILIES: tuple[Family, ...] = ("chest", "ellipsoid", "crescent", "bullae")
PHANTOM_GRID, GRID = (36, 36, 36), (24, 24, 24)
FIRST_SEED = 30
"""Seeds below this one were looked at while the method was chosen."""


@dataclass(frozen=True)
class Plan:
    """Which cohorts are made.

    Attributes:
        anatomies: `fixed`, `varying`, `hard`.
        n_seeds: Cohorts of each kind.
        families: Kinds of lung and lesion.
    """

    anatomies: tuple[Anatomy, ...] = ("fixed", "varying", "hard")
    n_seeds: int = 5
    families: tuple[Family, ...] = FAMILIES

    def settings(self) -> Iterator[SimulationSettings]:
        """Settings of every cohort; the side of the lesion is random."""
        for anatomy in self.anatomies:
            for seed in range(FIRST_SEED, FIRST_SEED + self.n_seeds):
                for family in self.families:
                    for scenario in SCENARIOS:
                        yield SimulationSettings(
                            scenario=scenario,
                            anatomy=anatomy,
                            side="random",
                            family=family,
                            seed=seed,
                            grid=PHANTOM_GRID,
                        )


def simulate(plan: Plan, progress: Progress) -> pd.DataFrame:
    """Cluster every cohort in every way, at the true number of clusters.

    Args:
        plan: Which cohorts.
        progress: Told how many are done.

    Returns:
        One row per cohort and way: family, scenario, anatomy, seed, way, accuracy, nmi,
        seconds.
    """
    cohorts = list(plan.settings())
    rows = []
    for number, settings in enumerate(cohorts):
        progress("Simulated cohorts", number, len(cohorts))
        cohort = simulated(settings, GRID)
        facts = {
            "family": settings.family,
            "scenario": settings.scenario,
            "anatomy": settings.anatomy,
            "seed": settings.seed,
        }
        rows += [{**facts, **row} for row in compare(cohort, settings.seed)]
    return pd.DataFrame(rows)


def real(data: Path, progress: Progress, *, full: bool = False) -> pd.DataFrame:
    """The same on real scans and pictures with known groups.

    Args:
        data: Folder with `lidc_voi3d_dev`, `mednist1200` and `mnist10k`.
        progress: Told what is done.
        full: The 10,000 digits too.

    Returns:
        One row per cohort and way: cohort, way, accuracy, nmi, seconds.
    """
    makers: list[Callable[[], Cohort]] = [
        lambda: nodules(data / "lidc_voi3d_dev", masked=True),
        lambda: nodules(data / "lidc_voi3d_dev", masked=False),
        lambda: pictures(data / "mednist1200"),
    ]
    if full:
        makers.append(lambda: digits(data / "mnist10k"))
    rows = []
    for number, make in enumerate(makers):
        progress("Real cohorts", number, len(makers))
        cohort = make()
        rows += [
            {"cohort": cohort.name, **row}
            for row in compare(cohort, FIRST_SEED, is_true_size=cohort.masks is not None)
        ]
    return pd.DataFrame(rows)


def compare(
    cohort: Cohort, seed: int, *, is_true_size: bool = False
) -> Iterator[dict[str, float | str]]:
    """Every way on one cohort, from the same volumes and masks.

    Args:
        cohort: With known groups.
        seed: Of every way.
        is_true_size: See `fitting.preset_settings`.

    Yields:
        way, accuracy, nmi, seconds.
    """
    default = preset_settings("default", cohort.n_groups, seed=seed, is_true_size=is_true_size)
    for way, settings in ways(default).items():
        yield _timed(cohort, way, lambda s=settings: _clusters(cohort, s))  # type: ignore[misc]
    for way, rival in RIVALS.items():
        yield _timed(cohort, way, lambda r=rival: r(cohort, seed))  # type: ignore[misc]


def ways(default: FitSettings) -> dict[str, FitSettings]:
    """Ways of this software: the default, the same without training, and latent codes."""
    untrained = default.model_copy(update={"train": default.train.model_copy(update={"epochs": 0})})
    latent = default.model_copy(update={"method": "kmeans"})
    paper = default.model_copy(update={"method": "dcec"})
    return {
        "default": default,
        "untrained encoder, same features": untrained,
        "latent codes + k-means": latent,
        "DCEC": paper,
    }


def _clusters(cohort: Cohort, settings: FitSettings) -> NDArray[np.int64]:
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    found: NDArray[np.int64] = fit_model(source, settings).soft_assignment.argmax(axis=1)
    return found


def _timed(
    cohort: Cohort, way: str, cluster: Callable[[], NDArray[np.int64]]
) -> dict[str, float | str]:
    start = time.perf_counter()
    found = cluster()
    return {
        "way": way,
        "accuracy": accuracy(cohort.groups, found),
        "nmi": mutual_information(cohort.groups, found),
        "seconds": time.perf_counter() - start,
    }


def summarize(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean and worst accuracy, one row per way and one column per group of cohorts.

    Args:
        table: Of `simulate`.
        by: Columns that make the groups.

    Returns:
        `mean (worst)` as text, ways in the order of the table.
    """
    grouped = table.groupby(["way", *by], sort=False)["accuracy"]
    text = grouped.mean().map("{:.3f}".format) + " (" + grouped.min().map("{:.2f}".format) + ")"
    return text.unstack(by).loc[list(dict.fromkeys(table["way"]))]
