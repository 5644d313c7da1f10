"""A fit of volumes in memory: no study on disk, the same pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.embedding import Embedding, embed
from clam_core.fitting import FitContext, Fitted, fit_model
from clam_core.fitting.fit_cohort import look
from clam_core.localization import scale_maps
from clam_core.notebook.given import Shown
from clam_core.notebook.progress_bar import told
from clam_core.notebook.shown import as_html, as_text
from clam_core.pipeline.method.explain import ExplainedCohort, Explanation
from clam_core.pipeline.method.fit import named_settings
from clam_core.pipeline.method.in_memory import Rows, source_of_arrays
from clam_core.pipeline.method.scans_table import scans_table
from clam_core.settings import EmbedSettings, LocalizeSettings, Unit
from clam_core.settings.views import method_for
from clam_core.training import CohortImages, ScanSource


def fit_volumes(
    volumes: Rows,
    masks: Rows | None = None,
    n_clusters: int = 2,
    *,
    unit: Unit = "HU",
    intensity_factor: float = 1.0,
    preset: str = "default",
    method: str = "auto",
    views: str = "auto",
    epochs: int | None = None,
    seed: int = 0,
    is_true_size: bool = False,
    progress: Shown = True,
) -> FittedVolumes:
    """Find clusters of volumes that are already on one grid.

    Args:
        volumes: An array per scan, shape (i, j, k) or (i, j), or one array with the scan as
            first axis.
        masks: As many, not zero where a voxel counts; None uses every voxel.
        n_clusters: Number of clusters.
        unit: `HU`, or `arbitrary` for other modalities.
        intensity_factor: Volumes in arbitrary units are multiplied by it, for whole numbers
            are used: 1000 for values from 0 to 1.
        preset: `default`, `fast` or `paper`.
        method: `auto`, `dcec`, `kmeans`, `gmm`, `graph`, `umap`, `profiles`, `density` or
            `texture`.
        views: What scans are grouped by: `auto`, `focal`, `density`, `texture`, `latent`, or
            `best`, which compares them.
        epochs: Epochs of pretraining; the preset's own if not given.
        seed: Same seed, same result.
        is_true_size: Voxels have one size in mm in all scans, rather than each scan filling
            the grid.
        progress: True shows a bar, False nothing.

    Returns:
        Clusters, maps and what they follow from. The same volumes in a study give the same
        numbers.

    Raises:
        ClamError: If shapes differ, a volume cannot be used, or there are too few.
    """
    source = source_of_arrays(volumes, masks, unit, intensity_factor)
    settings = named_settings(
        *(preset, n_clusters, method_for(views, method), epochs, seed), is_true_size=is_true_size
    )
    with told(progress) as tell:
        context = FitContext(
            on_stage=tell,
            on_epoch=lambda one: tell(str(one.row["phase"]), int(one.row["epoch"]), one.n_epochs),
        )
        fitted = fit_model(source, settings, context)
        tell("Placing the scans on a map", 0, 1)
        placed = embed(fitted.features, EmbedSettings(method=settings.plane, seed=settings.seed))
    return FittedVolumes(fitted, placed, source, intensity_factor)


@dataclass(frozen=True, eq=False, repr=False)
class FittedVolumes:
    """Clusters of volumes in memory.

    Attributes:
        fitted: Model, scale, latent codes, features, soft assignment, notes.
        placed: The plane.
        source: The volumes.
        intensity_factor: What they were multiplied by.
    """

    fitted: Fitted
    placed: Embedding
    source: ScanSource
    intensity_factor: float = 1.0
    _cohorts: list[ExplainedCohort] = field(default_factory=list)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.fitted.model.n_clusters

    @property
    def clusters(self) -> NDArray[np.int64]:
        """Cluster of each volume, from 1, largest first, shape (n,)."""
        found: NDArray[np.int64] = self.soft_assignment.argmax(axis=1) + 1
        return found

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of that cluster, shape (n,)."""
        found: NDArray[np.float32] = self.soft_assignment.max(axis=1)
        return found

    @property
    def soft_assignment(self) -> NDArray[np.float32]:
        """Probability of each cluster, shape (n, n_clusters)."""
        return self.fitted.soft_assignment

    @property
    def latent(self) -> NDArray[np.float32]:
        """Latent codes, shape (n, n_latent)."""
        return self.fitted.latent

    @property
    def features(self) -> NDArray[np.float32]:
        """What was clustered, shape (n, n_features)."""
        return self.fitted.features

    @property
    def embedding(self) -> NDArray[np.float64]:
        """Place of each volume on the plane, shape (n, 2)."""
        return self.placed.positions

    def table(self) -> pd.DataFrame:
        """One row per volume: cluster, confidence, margin, x, y, trust, silhouette."""
        names = [str(row) for row in range(self.source.n_scans)]
        return scans_table(
            names, self.fitted.soft_assignment, self.fitted.features, self.placed
        ).reset_index(drop=True)

    def history(self) -> pd.DataFrame:
        """One row per epoch of the training."""
        return pd.DataFrame(self.fitted.history)

    def map(self, row: int, **settings: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Activation map of a volume, shape of the grid, in [0, 1].

        Args:
            row: Which volume, from 0.
            settings: Of `clam.settings.LocalizeSettings`: target=2, variant="paper", ...
        """
        made = self._cohort().maps([self._row(row)], LocalizeSettings(**settings))
        scaled: NDArray[np.float32] = scale_maps(made.raw)[0]
        return scaled

    def explain(self, row: int, **settings: Any) -> Explanation:  # noqa: ANN401
        """The same map with its sign, and what was measured of it."""
        return self._cohort().explain(self._row(row), LocalizeSettings(**settings))

    def assign(self, volumes: Rows, masks: Rows | None = None) -> pd.DataFrame:
        """Clusters of other volumes on the same grid: cluster, confidence, q_1, ..., q_k."""
        source = source_of_arrays(volumes, masks, self.source.unit, self.intensity_factor)
        seen = look(self.fitted.model, CohortImages(source, self.fitted.scale))
        soft = seen.soft_assignment
        table = pd.DataFrame(soft, columns=[f"q_{n + 1}" for n in range(soft.shape[1])])
        table.insert(0, "cluster", soft.argmax(axis=1) + 1)
        table.insert(1, "confidence", soft.max(axis=1))
        return table

    def _cohort(self) -> ExplainedCohort:
        """The scans as maps need them; made once, for it keeps their medians."""
        if not self._cohorts:
            images = CohortImages(self.source, self.fitted.scale)
            self._cohorts.append(ExplainedCohort(self.fitted.model, images, self.clusters - 1))
        return self._cohorts[0]

    def _row(self, row: int) -> int:
        return range(self.source.n_scans)[row]

    def __repr__(self) -> str:
        return as_text(*self._shown())

    def _repr_html_(self) -> str:
        return as_html(*self._shown())

    def _shown(self) -> tuple[str, dict[str, object], tuple[str, ...]]:
        sizes = np.bincount(self.clusters, minlength=self.n_clusters + 1)[1:]
        facts: dict[str, object] = {
            "volumes": f"{self.source.n_scans}, {' x '.join(str(n) for n in self.source.grid)}",
            "clusters": f"{self.n_clusters} ({', '.join(str(n) for n in sizes)} volumes)",
            "method": self.fitted.method,
            "confidence": f"{self.confidence.mean():.2f} on average",
        }
        return "Fitted volumes", facts, self.fitted.notes
