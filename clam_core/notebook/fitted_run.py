"""A run in a notebook: it shows itself, and gives tables, arrays and maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.notebook.shown import as_html, as_text
from clam_core.pipeline.method.explain import Explanation, explain_scan
from clam_core.pipeline.output.annotated_data import to_anndata
from clam_core.pipeline.output.export import clusters_table
from clam_core.pipeline.summary import Summary
from clam_core.settings import LocalizeSettings
from clam_core.study import Run as StoredRun
from clam_core.study import Study as StoredStudy
from clam_core.study.associations import Associations, read_associations

if TYPE_CHECKING:
    from anndata import AnnData


class Run:
    """A finished fit of a study. Row r of every table is row r of every array.

    Args:
        study: The study, or its folder.
        name: Name of the run.
        summary: What the fit said.

    Raises:
        MissingStepError: If nothing was fitted under this name.
    """

    def __init__(
        self,
        study: StoredStudy | Path | str,
        name: str = "default",
        summary: Summary | None = None,
    ) -> None:
        opened = study if isinstance(study, StoredStudy) else StoredStudy(study)
        self.stored = StoredRun(opened, name)
        self.info = self.stored.info()
        self.summary = summary

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.stored.name

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.info.n_clusters

    def scans(self) -> pd.DataFrame:
        """One row per scan, indexed by scan_id: subject_id, cluster, confidence, q_1.., x, y."""
        return clusters_table(self.stored).set_index("scan_id")

    @property
    def latent(self) -> NDArray[np.generic]:
        """Latent codes, shape (n_scans, n_latent)."""
        return self.stored.array("latent")

    @property
    def features(self) -> NDArray[np.generic]:
        """What was clustered, shape (n_scans, n_features)."""
        return self.stored.array("features")

    @property
    def soft_assignment(self) -> NDArray[np.generic]:
        """Probability of each cluster, shape (n_scans, n_clusters)."""
        return self.stored.array("soft_assignment")

    @property
    def embedding(self) -> NDArray[np.float64]:
        """Place of each scan on the plane, shape (n_scans, 2)."""
        return self.stored.scans()[["x", "y"]].to_numpy()

    def history(self) -> pd.DataFrame:
        """One row per epoch of the training."""
        return pd.DataFrame(self.stored.history())

    def selection(self) -> dict[str, Any]:
        """What the step `select` found."""
        return self.stored.selection()

    def maps(self) -> pd.DataFrame:
        """One row per scan: whether its map is stored, and what was measured of it."""
        return self.stored.maps()

    def map(self, scan_id: str) -> NDArray[np.float32]:
        """Stored activation map of a scan, shape of the grid, in [0, 1]."""
        return self.stored.activation_map(scan_id)

    def explain(self, scan_id: str, **settings: Any) -> Explanation:  # noqa: ANN401
        """A map that is made now and not stored, with what was measured of it.

        Args:
            scan_id: A scan of the run.
            settings: Of `clam.settings.LocalizeSettings`: target=2, variant="paper", ...
        """
        asked = LocalizeSettings(**settings)
        return explain_scan(self.stored.study, self.stored, scan_id, asked)

    @property
    def cluster_maps(self) -> NDArray[np.generic]:
        """Mean map of each cluster, shape (n_clusters, *grid)."""
        return self.stored.array("cluster_maps")

    @property
    def cluster_means(self) -> NDArray[np.generic]:
        """Mean volume of each cluster, shape (n_clusters, *grid)."""
        return self.stored.array("cluster_means")

    def associations(self) -> Associations:
        """What the step `associate` found: `rows`, one per clinical column, and more tables."""
        return read_associations(self.stored)

    def to_anndata(self) -> AnnData:
        """The run as AnnData, for scanpy and viewers of embeddings."""
        return to_anndata(self.stored)

    def __repr__(self) -> str:
        return as_text(*self._shown())

    def _repr_html_(self) -> str:
        return as_html(*self._shown())

    def _shown(self) -> tuple[str, dict[str, object], tuple[str, ...]]:
        scans = self.stored.scans()
        sizes = scans["cluster"].value_counts()
        counts = [str(sizes.get(c, 0)) for c in range(1, self.n_clusters + 1)]
        facts: dict[str, object] = {
            "study": self.stored.study.name,
            "scans": len(scans),
            "clusters": f"{self.n_clusters} ({', '.join(counts)} scans)",
            "method": self.info.method,
            "confidence": f"{scans['confidence'].mean():.2f} on average",
        }
        said = self.info.notes if self.summary is None else self.summary.sentences
        return f"Run {self.name}", facts, tuple(said)
