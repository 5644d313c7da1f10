"""What run.json says about a run."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from clam_core import __version__
from clam_core.clustering import clusterer_of
from clam_core.settings import Settings
from clam_core.settings.brought_encoder import BroughtEncoder
from clam_core.settings.given_numbers import GivenNumbers
from clam_core.settings.harmonise import Harmonised
from clam_core.settings.plain_look import PlainLook
from clam_core.study.json_files.migrate import RUNS as LAYOUTS

RUN_VERSION = LAYOUTS.present
Distance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RunInfo(Settings):
    """Content of run.json.

    Attributes:
        schema_version: Version of the layout of the run's folder.
        name: Name of the run.
        version: Version of this software.
        libraries: Versions of what computed the numbers.
        device: Where they were computed.
        settings: Values of `FitSettings`.
        method: The method in use: the one asked for, or the choice of `auto`.
        model: How the weights are put together again.
        plane: `umap` or `pca`: how the scans were placed on the plane.
        inputs: Digest of volumes and masks that were fitted.
        n_clusters: Number of clusters.
        usual_distances: How far the nearest other scan is at most for 99 % of the cohort, in
            its features and in its latent codes; None of a run that was made before this
            was stored.
        plain: What plain numbers say about the same scans; None of a run of layout 1.
        given: The table that was grouped in place of what a network sees; else None.
        encoder: The encoder that was brought along in place of our own; else None.
        localized: Values of `LocalizeSettings` of the stored maps; None before.
        evidence: How far the groups of each view are beyond those of cohorts without groups, in
            standard deviations, by method (None: not to be grouped so); empty where views were
            not compared.
        harmonised: What became of the clusters when differences between scanners, kernels or
            sites were taken out; None where nothing was.
        notes: Sentences on what was decided or happened on the way.
    """

    schema_version: int = RUN_VERSION
    name: str
    version: str = __version__
    libraries: dict[str, str]
    device: str
    settings: dict[str, Any]
    method: str
    model: dict[str, Any]
    plane: str
    inputs: str
    n_clusters: int
    usual_distances: tuple[Distance, Distance] | None = None
    plain: PlainLook | None = None
    given: GivenNumbers | None = None
    encoder: BroughtEncoder | None = None
    localized: dict[str, Any] | None = None
    evidence: dict[str, float | None] = Field(default_factory=dict)
    harmonised: Harmonised | None = None
    notes: tuple[str, ...] = ()

    @property
    def clusterer(self) -> str:
        """Name of the clusterer that made the clusters."""
        brought = self.given or self.encoder
        return clusterer_of(self.method if brought is None else brought.clusterer)
