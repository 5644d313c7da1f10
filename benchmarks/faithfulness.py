"""Are the maps true? Every kind of map on cohorts where an equal blob lies in every scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.cohorts import Cohort, simulated
from benchmarks.journal import Journal, Progress
from benchmarks.scores import best_match
from benchmarks.simulation import FAMILIES, FIRST_SEED, GRID, PHANTOM_GRID, SCENARIOS
from clam_core.fitting import fit_model, preset_settings
from clam_core.localization import (
    VARIANTS,
    ActivationMaps,
    FaithfulnessSettings,
    Reference,
    add_backdrop,
    check_randomization,
    hold_against,
    make_maps,
    make_reference,
    map_layer,
    measure_faithfulness,
    randomize_encoder,
    score_against_truth,
    summarize,
)
from clam_core.models import ClusterModel
from clam_core.phantom import SimulationSettings
from clam_core.phantom.settings import Family
from clam_core.settings import FitMethod, LocalizeSettings, LocalizeVariant
from clam_core.training import CohortImages, ScanSource

HEADS: dict[str, FitMethod] = {
    "default": "auto",
    "focal view": "profiles",
    "density": "density",
    "texture": "texture",
    "latent codes": "kmeans",
}
N_SCANS, N_RANDOMIZED = 8, 4


@dataclass(frozen=True)
class Plan:
    """Which cohorts are mapped; lesions lie in the right lung, distractors in the left.

    Attributes:
        n_seeds: Cohorts per scenario; the families take turns.
        families: Kinds of lung and lesion.
        variants: Kinds of map.
    """

    n_seeds: int = 5
    families: tuple[Family, ...] = FAMILIES
    variants: tuple[LocalizeVariant, ...] = tuple(VARIANTS)

    def settings(self) -> Iterator[SimulationSettings]:
        """Settings of every cohort."""
        for seed in range(FIRST_SEED, FIRST_SEED + self.n_seeds):
            for turn, scenario in enumerate(SCENARIOS):
                yield SimulationSettings(
                    scenario=scenario,
                    anatomy="varying",
                    family=self.families[(seed + turn) % len(self.families)],
                    seed=seed,
                    grid=PHANTOM_GRID,
                    distractor=True,
                )


def measure(plan: Plan, progress: Progress, to: Path | None = None) -> pd.DataFrame:
    """Map scans with known lesions in every way, and put the maps to every test.

    Args:
        plan: Which cohorts and maps.
        progress: Told how many cohorts are done.
        to: Table (CSV) that rows are kept in; see `simulation.simulate`.

    Returns:
        One row per cohort, head and variant: means over its scans.
    """
    cohorts = list(plan.settings())
    journal = Journal(to, ("family", "scenario", "seed", "head"))
    for number, settings in enumerate(cohorts):
        for head, method in HEADS.items():
            progress("Mapped cohorts", number, len(cohorts))
            facts = {
                "family": settings.family,
                "scenario": settings.scenario,
                "seed": settings.seed,
                "head": head,
            }
            journal.take(facts, lambda s=settings, m=method: _cohort(s, m, plan.variants))  # type: ignore[misc]
    return journal.table()


def _cohort(
    settings: SimulationSettings, method: FitMethod, variants: tuple[LocalizeVariant, ...]
) -> Iterator[dict[str, Any]]:
    cohort = simulated(settings, GRID)
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    wanted = preset_settings("default", cohort.n_groups, method, seed=settings.seed)
    fitted = fit_model(source, wanted)
    images = CohortImages(source, fitted.scale).batch(torch.arange(source.n_scans))
    clusters = fitted.soft_assignment.argmax(axis=1)
    rows = lesion_scans(cohort, settings.scenario, clusters)
    accuracy = float((best_match(cohort.groups, clusters) == cohort.groups).mean())
    bench = _Bench(cohort, fitted.model, images, clusters, rows)
    for variant in variants:
        scores = bench.scores(LocalizeSettings(variant=variant, seed=settings.seed))
        yield {"variant": variant, "accuracy": accuracy, "n_scans": len(rows), **scores}


def lesion_scans(cohort: Cohort, scenario: str, clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of scans whose lesion makes their cluster: rightly clustered, the larger group's.

    Args:
        cohort: With lesions.
        scenario: In `size` and `intensity` only the lesions of the second group say
            "more"; in `presence` only that group has any.
        clusters: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        The first eight of them, shape (n,).
    """
    if cohort.lesions is None:
        return np.empty(0, dtype=np.int64)
    shown = best_match(cohort.groups, clusters) == cohort.groups
    shown &= cohort.lesions.reshape(len(shown), -1).any(axis=1)
    if scenario != "location":
        shown &= cohort.groups == 1
    return np.flatnonzero(shown)[:N_SCANS]


def controls(
    maps: NDArray[np.float32],
    masks: NDArray[np.bool_] | None,
    other: NDArray[np.float32],
    difference: NDArray[np.float32],
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Maps of scans, and what must not get a green badge in their place.

    Args:
        maps: Shape (n, *grid).
        masks: Voxels that are shuffled; None shuffles all.
        other: Maps of the same scans for the other cluster.
        difference: The model-free maps.
    """
    shuffled, rng = maps.copy(), np.random.default_rng(0)
    for row, one in enumerate(shuffled):
        inside = np.ones(one.shape, bool) if masks is None else masks[row]
        one[inside] = rng.permutation(one[inside])
    yield "real", maps
    yield "shuffled", shuffled
    yield "flipped", np.ascontiguousarray(maps[:, ::-1])
    yield "other", other
    yield "difference", difference


@dataclass(frozen=True, eq=False)
class _Bench:
    """A fitted cohort, ready to be mapped in every way."""

    cohort: Cohort
    model: ClusterModel
    images: Tensor
    clusters: NDArray[np.int64]
    rows: NDArray[np.int64]

    def scores(self, settings: LocalizeSettings) -> dict[str, float]:
        """All tests of one kind of map, means over scans."""
        reference = self._reference(settings)
        maps = self._maps(settings, reference, self.clusters[self.rows])
        masks = None if self.cohort.masks is None else self.cohort.masks[self.rows]
        others = self._maps(settings, reference, 1 - self.clusters[self.rows])
        beside = {"other": others.raw}
        if not self.model.reads_image:
            beside["random"] = self._of_random(settings)
        greens = {}
        for control, raw in controls(maps.raw, masks, others.raw, self._difference(reference)):
            tested = measure_faithfulness(
                self.model,
                self.images[self.rows],
                replace(maps, raw=raw),
                reference,
                FaithfulnessSettings(seed=settings.seed),
                masks,
            )
            held = hold_against(tested, raw, masks, **beside)
            greens[control] = summarize(held)
        moved = greens.pop("real")
        names = ("deletion_auc", "insertion_auc", "average_drop", "increase_in_confidence")
        return {
            **self._truth(maps),
            **{name: moved[name] for name in (*names, "share_moved_as_it_should")},
            **{f"green_{name}": one["share_moved_as_it_should"] for name, one in greens.items()},
            "randomization": self._randomization(maps, settings, reference),
            "other_cluster": _alike(maps.positive, others.positive),
            "completeness": float(np.max(maps.completeness)),
        }

    def _reference(self, settings: LocalizeSettings) -> Reference:
        layer = map_layer(self.model, settings)
        reference = make_reference(self.model, [self.images], layer, settings.seed)
        if settings.variant != "integrated":
            return reference
        return add_backdrop(self.model, reference, [self.images], self.clusters, settings)

    def _maps(
        self, settings: LocalizeSettings, reference: Reference, clusters: NDArray[np.int64]
    ) -> ActivationMaps:
        return make_maps(self.model, self.images[self.rows], settings, reference, clusters)

    def _difference(self, reference: Reference) -> NDArray[np.float32]:
        """The model-free map: distance of each voxel from the cohort's median image."""
        away: NDArray[np.float32] = (self.images[self.rows] - reference.image).abs()[:, 0].numpy()
        return away

    def _of_random(self, settings: LocalizeSettings) -> NDArray[np.float32]:
        """The same maps by a network of random weights."""
        blind = replace(self, model=randomize_encoder(self.model, settings.seed))
        reference = blind._reference(settings)
        return blind._maps(settings, reference, self.clusters[self.rows]).raw

    def _truth(self, maps: ActivationMaps) -> dict[str, float]:
        lesions, distractors = self.cohort.lesions, self.cohort.distractors
        if lesions is None or distractors is None:
            return {}
        truths = [
            score_against_truth(one, lesions[row], distractors[row]).as_dict()
            for one, row in zip(maps.raw, self.rows, strict=True)
        ]
        frame = pd.DataFrame(truths).astype(float)
        return {str(name): float(value) for name, value in frame.mean().items()}

    def _randomization(
        self, maps: ActivationMaps, settings: LocalizeSettings, reference: Reference
    ) -> float:
        if self.model.reads_image:
            return float("nan")  # no weights have a part in these maps
        few = slice(N_RANDOMIZED)
        some = replace(maps, raw=maps.raw[few], cluster=maps.cluster[few], other=maps.other[few])
        images = self.images[self.rows[few]]
        clusters = self.clusters if reference.backdrop else None
        compared = check_randomization(self.model, images, some, settings, [self.images], clusters)
        return float(np.nanmean([one.pearson for one in compared]))


def _alike(maps: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Mean correlation of each map with another one of the same scan."""
    correlations = [_correlation(one, other) for one, other in zip(maps, others, strict=True)]
    return float(np.nanmean(correlations)) if np.isfinite(correlations).any() else float("nan")


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    if first.max() == first.min() or second.max() == second.min():
        return float("nan")
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


COLUMNS = {
    "lesion_share": "on the lesion",
    "peak_on_lesion": "peak on the lesion",
    "deletion_auc": "deletion (low)",
    "insertion_auc": "insertion (high)",
    "share_moved_as_it_should": "green",
    "green_shuffled": "green: shuffled",
    "green_flipped": "green: left for right",
    "green_other": "green: other cluster's",
    "green_difference": "green: model-free",
    "randomization": "random weights (low)",
    "other_cluster": "other cluster (low)",
}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row per head and kind of map, means over cohorts; the share with its worst cohort.

    Args:
        table: Of `measure`.

    Returns:
        Text, columns as in `COLUMNS`.
    """
    grouped = table.groupby(["head", "variant"], sort=False)
    means = grouped[list(COLUMNS)].mean().map("{:.2f}".format)
    worst = grouped["lesion_share"].min().map("{:.2f}".format)
    means["lesion_share"] = means["lesion_share"] + " (" + worst + ")"
    return means.rename(columns=COLUMNS)
