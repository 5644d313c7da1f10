"""Cohorts of disease that radiologists tell apart, focal and diffuse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.cohorts import Cohort, on_grid
from benchmarks.journal import Journal, Progress
from benchmarks.scores import accuracy
from clam_core.clustering import kmeans
from clam_core.fitting import fit_model, preset_settings
from clam_core.fitting.plain_rivals import in_own_units, main_axes
from clam_core.fitting.simple_views import simple_views
from clam_core.phantom import LesionSettings, SubjectSettings, make_scan
from clam_core.phantom.settings import Pattern, Zone
from clam_core.settings import FitMethod, PreprocessSettings
from clam_core.training import ScanSource

GRID, PHANTOM_GRID = (24, 24, 24), (36, 36, 36)
N_PER_GROUP = 30
FIRST_SEED = 26
"""Seeds below this one were looked at while the choice of a view was made."""
VIEWS: dict[str, FitMethod] = {
    "default": "auto",
    "focal": "profiles",
    "density": "density",
    "texture": "texture",
}
"""Views of the software by the name of their column."""
TITLE = "Patterns of disease: accuracy, mean (worst cohort)"

Grid = tuple[int, int, int]
Change = Callable[[NDArray[np.int16], NDArray[np.bool_], np.random.Generator], None]
"""Changes HU inside a mask, in place."""


@dataclass(frozen=True)
class Group:
    """What the scans of a group have.

    Attributes:
        lesions: Patterns that are drawn.
        change: What is done to the lung after that; None is nothing.
    """

    lesions: tuple[LesionSettings, ...] = ()
    change: Change | None = None


def _lesion(pattern: Pattern, zone: Zone = "lower", extent: float = 0.3) -> Group:
    return Group((LesionSettings(pattern=pattern, zone=zone, extent=extent),))


def _denser(hu: float) -> Group:
    def change(volume: NDArray[np.int16], mask: NDArray[np.bool_], _: np.random.Generator) -> None:
        volume[mask] += np.int16(hu)

    return Group(change=change)


def _emphysema(share: float) -> Group:
    def change(
        volume: NDArray[np.int16], mask: NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        holes = mask & (rng.uniform(size=mask.shape) < share)
        volume[holes] = rng.normal(-970, 8, int(holes.sum())).astype(np.int16)

    return Group(change=change)


def _denser_above(hu: float) -> Group:
    """Denser from the middle of the lungs upwards, more so the higher."""

    def change(volume: NDArray[np.int16], mask: NDArray[np.bool_], _: np.random.Generator) -> None:
        heights = np.flatnonzero(mask.any(axis=(0, 1)))
        share = (np.arange(mask.shape[2]) - heights[0]) / max(heights[-1] - heights[0], 1)
        added = hu * np.clip(2 * share - 1, 0, 1)
        volume += (mask * added).astype(np.int16)

    return Group(change=change)


def _mosaic(hu: float) -> Group:
    """Half of the lung darker and half brighter, in patches of some three voxels."""

    def change(
        volume: NDArray[np.int16], mask: NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        field = gaussian_filter(rng.normal(size=mask.shape), 1.5)
        is_bright = field > np.median(field[mask])
        volume[mask] += np.where(is_bright, hu, -hu)[mask].astype(np.int16)

    return Group(change=change)


def _ball(hu: float) -> Group:
    """A ball in the right lung that adds HU, at the same place up to 5 mm."""

    def change(
        volume: NDArray[np.int16], mask: NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        places = np.argwhere(mask)
        right = places[places[:, 0] > np.median(places[:, 0])]
        middle = right.mean(axis=0) + rng.normal(0, 0.5, 3)
        away = np.sqrt(
            sum((axis - c) ** 2 for axis, c in zip(np.indices(mask.shape), middle, strict=True))
        )
        volume[mask & (away < 2.8)] += np.int16(hu)

    return Group(change=change)


HEALTHY = Group()
ROWS: dict[str, tuple[Group, ...]] = {
    "+80 HU everywhere": (HEALTHY, _denser(80)),
    "emphysema, 20 % against 2 %": (_emphysema(0.02), _emphysema(0.20)),
    "reticulation against ground glass": (_lesion("reticulation"), _lesion("ground_glass")),
    "ground glass, all zones": (
        HEALTHY,
        Group(
            tuple(
                LesionSettings(pattern="ground_glass", zone=z, extent=0.3)
                for z in ("upper", "middle", "lower")
            )
        ),
    ),
    "consolidation": (HEALTHY, _lesion("consolidation", extent=0.2)),
    "nodules": (HEALTHY, _lesion("nodules", "upper", 0.45)),
    "small against large": (
        _lesion("consolidation", extent=0.12),
        _lesion("consolidation", extent=0.4),
    ),
    "upper against lower": (_lesion("ground_glass", "upper"), _lesion("ground_glass", "lower")),
    "three brightness levels": (_ball(150), _ball(350), _ball(600)),
    "honeycombing": (HEALTHY, _lesion("honeycombing")),
    "mosaic": (HEALTHY, _mosaic(50)),
    "denser towards the top": (HEALTHY, _denser_above(150)),
}
FINER = {"reticulation against ground glass, 44 cubed": "reticulation against ground glass"}
"""Rows on a finer grid: on 24 cubed lines below the pleura lie in the voxels of its surface."""
FINER_GRID, FINER_PHANTOM_GRID = (44, 44, 44), (64, 64, 64)
UNEQUAL = {
    "consolidation, 4:1": "consolidation",
    "+80 HU everywhere, 4:1": "+80 HU everywhere",
    "nodules, 4:1": "nodules",
}
"""Rows with 48 scans of the first group and 12 of the second."""


def pattern_cohort(row: str, seed: int) -> Cohort:
    """One cohort with varying anatomy, after the usual preprocessing.

    Args:
        row: One of `ROWS`, `UNEQUAL` or `FINER`.
        seed: Everything random follows from it.
    """
    groups = ROWS[{**UNEQUAL, **FINER}.get(row, row)]
    sizes = (48, 12) if row in UNEQUAL else (N_PER_GROUP,) * len(groups)
    rng = np.random.default_rng([seed, len(row)])
    labels = rng.permutation(np.repeat(np.arange(len(groups)), sizes))
    grids = (FINER_GRID, FINER_PHANTOM_GRID) if row in FINER else (GRID, PHANTOM_GRID)
    scans = [_scan(groups[label], grids, rng) for label in labels]
    volumes, masks = (np.stack(part) for part in zip(*scans, strict=True))
    return Cohort(row, volumes, masks, labels.astype(np.int64))


def pattern_scan(
    group: Group, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Volume and mask of one scan of a group, on the usual grid."""
    return _scan(group, (GRID, PHANTOM_GRID), rng)


def _scan(
    group: Group, grids: tuple[Grid, Grid], rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """One scan, on the first grid; it is drawn on the second one."""
    scale = np.clip(1 + 0.05 * rng.normal(size=3), 0.8, 1.12)
    subject = SubjectSettings(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        parenchyma_hu=float(np.clip(-860 + 30 * rng.normal(), -945, -605)),
        seed=int(rng.integers(2**31)),
    )
    scan = make_scan(subject, group.lesions, grids[1], noise_hu=20)
    wanted = PreprocessSettings(grid=grids[0], mask="given", crop="mask")
    on = on_grid(scan, wanted)
    volume, mask = on[0].astype(np.int16), on[1].astype(np.bool_)
    if group.change is not None:
        group.change(volume, mask, rng)
    return volume, mask


def measure(n_seeds: int, progress: Progress, to: Path | None = None) -> pd.DataFrame:
    """Cluster every pattern in every way, at the true number of clusters.

    Args:
        n_seeds: Cohorts of each pattern.
        progress: Told how many are done.
        to: Table (CSV) that rows are kept in as they come, or None.

    Returns:
        One row per cohort and way: pattern, seed, way, accuracy, seconds.
    """
    rows = [*ROWS, *UNEQUAL, *FINER]
    journal = Journal(to, ("pattern", "seed"))
    for number, seed in enumerate(range(FIRST_SEED, FIRST_SEED + n_seeds)):
        for place, row in enumerate(rows):
            progress("Patterns of disease", number * len(rows) + place, n_seeds * len(rows))
            facts = {"pattern": row, "seed": seed}
            journal.take(facts, lambda r=row, s=seed: _compare(r, s))  # type: ignore[misc]
    return journal.table()


def _compare(row: str, seed: int) -> Iterator[dict[str, float | str]]:
    cohort = pattern_cohort(row, seed)
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    for way, view in VIEWS.items():
        settings = preset_settings("default", cohort.n_groups, view, seed=seed)
        start = time.perf_counter()
        fitted = fit_model(source, settings)
        seconds = time.perf_counter() - start
        yield _row(cohort, way, fitted.soft_assignment.argmax(axis=1), seconds)
    start = time.perf_counter()
    views = simple_views(source)
    seconds = time.perf_counter() - start
    values = {
        "HU histogram + k-means": views["histogram"],
        "zonal density + k-means": in_own_units(views["density"]),
        "zonal texture + k-means": in_own_units(views["texture"]),
        "PCA + k-means": main_axes(views["picture"], seed),
    }
    for way, each in values.items():
        yield _row(cohort, way, kmeans(each, cohort.n_groups, seed), seconds)


def _row(
    cohort: Cohort, way: str, clusters: NDArray[np.int64], seconds: float
) -> dict[str, float | str]:
    found = accuracy(cohort.groups, clusters)
    return {"way": way, "accuracy": found, "seconds": seconds}


def summarize_patterns(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and worst accuracy, one row per pattern and one column per way."""
    grouped = table.groupby(["pattern", "way"], sort=False)["accuracy"]
    text = grouped.mean().map("{:.2f}".format) + " (" + grouped.min().map("{:.2f}".format) + ")"
    wide = text.unstack("way").loc[list(dict.fromkeys(table["pattern"]))]
    return wide[list(dict.fromkeys(table["way"]))]
