"""Accuracy on cohorts with known groups, beside other ways to cluster the same scans."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.cohorts import Cohort, digits, nodules, pictures, simulated
from benchmarks.journal import Journal, Progress
from benchmarks.rivals import SIZE_ALONE, rivals, size_and_kmeans
from benchmarks.scores import accuracy, mutual_information
from clam_core.fitting import fit_model, preset_settings
from clam_core.phantom import SimulationSettings
from clam_core.phantom.settings import Anatomy, Family, Scenario
from clam_core.settings import FitSettings
from clam_core.training import ScanSource

SCENARIOS: tuple[Scenario, ...] = ("presence", "size", "location", "intensity")
FAMILIES: tuple[Family, ...] = ("chest", "ellipsoid", "crescent", "bullae")
PHANTOM_GRID, GRID = (36, 36, 36), (24, 24, 24)
FIRST_SEED = 30
"""Seeds below this one were looked at while the method was chosen."""
MANY_SCANS = 5_000
"""From here on DCEC is also run as its authors run it, which needs many steps an epoch."""


@dataclass(frozen=True)
class Plan:
    """Which cohorts are made.

    Attributes:
        anatomies: `fixed`, `varying`, `hard`.
        n_seeds: Seeds of each kind.
        families: Kinds of lung and lesion.
    """

    anatomies: tuple[Anatomy, ...] = ("fixed", "varying", "hard")
    n_seeds: int = 5
    families: tuple[Family, ...] = FAMILIES

    def settings(self) -> Iterator[SimulationSettings]:
        """Settings of every cohort; the side of the lesion is random.

        Every family with varying anatomy; with the other two the families take turns.
        """
        for seed in range(FIRST_SEED, FIRST_SEED + self.n_seeds):
            for anatomy in self.anatomies:
                for turn, scenario in enumerate(SCENARIOS):
                    in_turn = self.families[(seed + turn) % len(self.families)]
                    for family in self.families if anatomy == "varying" else (in_turn,):
                        yield SimulationSettings(
                            scenario=scenario,
                            anatomy=anatomy,
                            side="random",
                            family=family,
                            seed=seed,
                            grid=PHANTOM_GRID,
                        )


def simulate(plan: Plan, progress: Progress, to: Path | None = None) -> pd.DataFrame:
    """Cluster every cohort in every way, at the true number of clusters.

    Args:
        plan: Which cohorts.
        progress: Told how many are done.
        to: Table (CSV) that rows are kept in as they come; what it holds is not
            measured again. None keeps nothing.

    Returns:
        One row per cohort and way: family, scenario, anatomy, seed, way, accuracy, nmi,
        seconds.
    """
    cohorts = list(plan.settings())
    journal = Journal(to, ("family", "scenario", "anatomy", "seed"))
    for number, settings in enumerate(cohorts):
        progress("Simulated cohorts", number, len(cohorts))
        facts = {
            "family": settings.family,
            "scenario": settings.scenario,
            "anatomy": settings.anatomy,
            "seed": settings.seed,
        }
        journal.take(facts, lambda s=settings: _compare_simulated(s))  # type: ignore[misc]
    return journal.table()


def real(
    data: Path, progress: Progress, to: Path | None = None, *, n_seeds: int = 3, full: bool = False
) -> pd.DataFrame:
    """The same on real scans and pictures with known groups.

    Args:
        data: Folder with `lidc_voi3d_dev`, `mednist1200` and `mnist10k`.
        progress: Told what is done.
        to: As for `simulate`.
        n_seeds: Fits of each way; the 10,000 digits are fitted once.
        full: The 10,000 digits too.

    Returns:
        One row per cohort, seed and way: cohort, seed, way, accuracy, nmi, seconds.
    """
    makers: list[tuple[int, Callable[[], Cohort]]] = [
        (n_seeds, lambda: nodules(data / "lidc_voi3d_dev", masked=True)),
        (n_seeds, lambda: nodules(data / "lidc_voi3d_dev", masked=False)),
        (n_seeds, lambda: pictures(data / "mednist1200")),
    ]
    if full:
        makers.append((1, lambda: digits(data / "mnist10k")))
    journal = Journal(to, ("cohort", "seed"))
    for number, (n_fits, make) in enumerate(makers):
        cohort = make()
        for seed in range(FIRST_SEED, FIRST_SEED + n_fits):
            progress("Real cohorts", number, len(makers))
            facts = {"cohort": cohort.name, "seed": seed}
            default = preset_settings(
                "default", cohort.n_groups, seed=seed, is_true_size=cohort.masks is not None
            )
            journal.take(facts, lambda c=cohort, d=default: compare(c, d))  # type: ignore[misc]
    return journal.table()


def _compare_simulated(settings: SimulationSettings) -> Iterator[dict[str, float | str]]:
    cohort = simulated(settings, GRID)
    return compare(cohort, preset_settings("default", cohort.n_groups, seed=settings.seed))


def compare(cohort: Cohort, default: FitSettings) -> Iterator[dict[str, float | str]]:
    """Every way on one cohort, from the same volumes and masks.

    Args:
        cohort: With known groups.
        default: Settings that the ways of this software start from; all use their seed.

    Yields:
        way, accuracy, nmi, seconds.
    """
    compared = ways(default, len(cohort.grid), is_masked=cohort.masks is not None)
    if len(cohort.volumes) >= MANY_SCANS:
        compared["DCEC, as in its own paper"] = dcec_of_many(default)
    for way, settings in compared.items():
        yield _timed(cohort, way, lambda s=settings: _clusters(cohort, s))  # type: ignore[misc]
    others = rivals()
    if cohort.sizes_mm is not None:
        others = {**others, SIZE_ALONE: size_and_kmeans}
    for way, rival in others.items():
        yield _timed(cohort, way, lambda r=rival: r(cohort, default.seed))  # type: ignore[misc]


def ways(
    default: FitSettings, n_axes: int = 3, *, is_masked: bool = True
) -> dict[str, FitSettings]:
    """Ways of this software: the default, one view, the same without training, latent codes."""
    focal = default.model_copy(update={"method": "profiles"}) if is_masked else default
    untrained = focal.model_copy(update={"train": default.train.model_copy(update={"epochs": 0})})
    latent = default.model_copy(update={"method": "kmeans"})
    paper = default.model_copy(update={"method": "dcec"})
    settings_of = {
        "default": default,
        **({"focal view": focal} if is_masked else {}),
        "untrained encoder, same features": untrained,
        "latent codes + k-means": latent,
        "DCEC": paper,
    }
    if not is_masked and n_axes == 3:
        settings_of["UMAP + Gaussian mixture"] = default.model_copy(update={"method": "umap"})
    if not is_masked and n_axes == 2:
        settings_of["graph on latent codes"] = default.model_copy(update={"method": "graph"})
    return settings_of


def dcec_of_many(default: FitSettings) -> FitSettings:
    """DCEC as its authors train it on digits: wider, longer, targets every 140 steps.

    Not theirs: noise and shifts of up to two pixels while it is pretrained. Their inputs
    lie in [0, 1], where the squared error of digits is a tenth of that of our
    standardised ones, so that their weight of clustering, 0.1, is 1 here.

    Source:
        Guo et al. (2017), "Deep clustering with convolutional autoencoders", ICONIP, section 4.
    """
    values = {"epochs": 60, "batch_size": 64, "shift_voxels": 2}
    train = default.train.model_copy(update=values)
    values = {"epochs": 60, "batch_size": 128, "refresh_every": 2}
    refine = default.refine.model_copy(
        update={**values, "learning_rate": 1e-3, "clustering_weight": 1.0}
    )
    network = default.network.model_copy(update={"channels": (32, 64, 128)})
    changed = {"method": "dcec", "kernel": "unit", "network": network, "train": train}
    return default.model_copy(update={**changed, "refine": refine})


def _clusters(cohort: Cohort, settings: FitSettings) -> NDArray[np.int64]:
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    clusters: NDArray[np.int64] = fit_model(source, settings).soft_assignment.argmax(axis=1)
    return clusters


def _timed(
    cohort: Cohort, way: str, cluster: Callable[[], NDArray[np.int64]]
) -> dict[str, float | str]:
    start = time.perf_counter()
    clusters = cluster()
    return {
        "way": way,
        "accuracy": accuracy(cohort.groups, clusters),
        "nmi": mutual_information(cohort.groups, clusters),
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


def summarize_real(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and worst accuracy and mean NMI, one row per cohort and way.

    Args:
        table: Of `real`.

    Returns:
        Columns accuracy (`mean (worst)` as text) and nmi, in the order of the table.
    """
    grouped = table.groupby(["cohort", "way"], sort=False)
    accuracies = grouped["accuracy"]
    text = (
        accuracies.mean().map("{:.3f}".format) + " (" + accuracies.min().map("{:.3f}".format) + ")"
    )
    return pd.DataFrame({"accuracy": text, "nmi": grouped["nmi"].mean().map("{:.3f}".format)})
