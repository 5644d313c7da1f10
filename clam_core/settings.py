"""Frozen, validated settings: what a step may be told, and within which bounds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clam_core.errors import SettingsError

MaskMode = Literal["auto", "lungs", "given", "none"]
CropMode = Literal["auto", "mask", "center", "none"]
Unit = Literal["HU", "arbitrary"]
LocalizeVariant = Literal[
    "integrated",
    "paper",
    "score_cam",
    "contrast",
    "median_masking",
    "grad_cam",
    "occlusion",
    "difference",
]

HU_MIN, HU_MAX = -1024, 3071
"""The range that a 12-bit CT scanner stores; voxels beyond it are metal or faults."""


def _plain(message: str) -> str:
    """Pydantic's words without its own prefix."""
    return message.removeprefix("Value error, ")


class Settings(BaseModel):
    """Base of all settings: immutable, no unknown names, one sentence on a bad value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or type(self).__name__
            message = f"Setting {where!r} cannot be used: {_plain(first['msg'])}."
            if first["loc"]:
                message = f"{message[:-1]} (it was {first['input']!r})."
            raise SettingsError(message) from None


class ReadLimits(Settings):
    """What one untrusted file may cost before its reader is stopped.

    Time grows with the size of the file, so that a small file with a lying
    header is stopped within seconds and a large scan is not.
    """

    memory_bytes: int = Field(default=4 << 30, ge=64 << 20)
    base_seconds: float = Field(default=8.0, gt=0)
    bytes_per_second: float = Field(default=8e6, gt=0)
    max_voxels: int = Field(default=1_500_000_000, gt=0)

    def seconds_for(self, n_bytes: int) -> float:
        """Time allowed for a file of `n_bytes` bytes, in seconds."""
        return self.base_seconds + n_bytes / self.bytes_per_second


class ArchiveLimits(Settings):
    """What a zip archive may hold before it is refused whole."""

    max_members: int = Field(default=100_000, gt=0)
    max_total_bytes: int = Field(default=64 << 30, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)


class TableLimits(Settings):
    """What a clinical or scans table may hold before it is refused.

    Attributes:
        max_bytes: Size of the file.
        max_unpacked_bytes: Size of a workbook or a Parquet file once unpacked.
        max_ratio: Growth of a workbook when unpacked.
        max_rows: Rows below the header.
        max_columns: Columns.
        max_cells: Rows times columns.
        max_cell_letters: Letters in one cell; Excel's own limit.
        max_letters: Letters in all cells together.
    """

    max_bytes: int = Field(default=64 << 20, gt=0)
    max_unpacked_bytes: int = Field(default=200_000_000, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)
    max_rows: int = Field(default=100_000, gt=0)
    max_columns: int = Field(default=1000, gt=0)
    max_cells: int = Field(default=5_000_000, gt=0)
    max_cell_letters: int = Field(default=32_767, gt=0)
    max_letters: int = Field(default=64 << 20, gt=0)


class PreprocessSettings(Settings):
    """How a scan in its own geometry becomes a volume on the study's grid.

    Attributes:
        grid: Voxels along each axis of the grid, 2 or 3 numbers.
        spacing_mm: Voxel size of the grid in mm. None scales the cropped box
            to the grid, so that the voxel size differs between scans.
        mask: `lungs` segments them, `given` uses the mask of the scans table,
            `none` uses no mask; `auto` is `given` where the scan has one,
            else `lungs` for CT volumes and `none` for everything else.
        crop: `mask` crops to the mask with a margin (with `spacing_mm`:
            centers on it), `center` keeps the middle, `none` keeps the field
            of view; `auto` is `mask` where there is one, else `none`.
        margin_mm: Margin around the mask in mm.
        intensity_factor: Voxels in arbitrary units are multiplied by it before
            they are stored as whole numbers; the same for every scan. HU are not.
    """

    grid: tuple[int, ...] = (88, 88, 88)
    spacing_mm: float | None = Field(default=None, gt=0, le=50)
    mask: MaskMode = "auto"
    crop: CropMode = "auto"
    margin_mm: float = Field(default=5.0, ge=0, le=100)
    intensity_factor: float = Field(default=1.0, gt=0, le=1e9)

    @model_validator(mode="after")
    def _check(self) -> PreprocessSettings:
        if len(self.grid) not in {2, 3} or not all(8 <= n <= 512 for n in self.grid):
            raise ValueError("the grid needs 2 or 3 numbers between 8 and 512")
        if self.crop == "mask" and self.mask == "none":
            raise ValueError("crop 'mask' needs a mask; choose mask 'lungs' or 'given'")
        return self


class NetworkSettings(Settings):
    """The convolutional autoencoder.

    Attributes:
        channels: Channels of each convolution (kernel 4, stride 2).
        n_latent: Size of the latent code.
        slope: Slope of the LeakyReLU below zero.
        output: The decoder ends in a linear layer; `leaky_relu` is for comparison only.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    n_latent: int = Field(default=60, ge=2, le=1024)
    slope: float = Field(default=0.1, ge=0, lt=1)
    output: Literal["linear", "leaky_relu"] = "linear"

    @model_validator(mode="after")
    def _check(self) -> NetworkSettings:
        if not 1 <= len(self.channels) <= 5 or not all(1 <= n <= 1024 for n in self.channels):
            raise ValueError("the network needs 1 to 5 convolutions of 1 to 1024 channels")
        return self


class ScaleSettings(Settings):
    """How a volume on the grid becomes an input of the network.

    Attributes:
        window: Lowest and highest value that is told apart, in HU (or the
            unit of the study); None takes [-1000, 400] for HU and the 0.5th
            and 99.5th percentile of the fitted cohort otherwise.
        background: What fills the voxels outside the mask: the cohort's mean
            inside the masks, air (the window's low end), or nothing.
        align_brightness: Shift each scan to a common brightness: with a mask, its
            own median inside the mask becomes 0, which then also fills the
            background; without, its median difference from the cohort's median
            image becomes zero. None does so where there are masks.
        trim_rim: Take off the layers of a mask whose voxels mix with what lies
            outside; how many follows from the cohort.
    """

    window: tuple[float, float] | None = None
    background: Literal["mean", "air", "keep"] = "mean"
    align_brightness: bool | None = None
    trim_rim: bool = True

    @model_validator(mode="after")
    def _check(self) -> ScaleSettings:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError("the window needs a low and a higher value")
        return self


class TrainSettings(Settings):
    """Pretraining of the autoencoder.

    Attributes:
        epochs: Passes over the cohort.
        batch_size: Scans per step.
        learning_rate: Step size of Adam at its highest.
        weight_decay: Decoupled weight decay (AdamW); 0 in the paper.
        schedule: `constant`, or `cosine` with a warm-up of 20 steps.
        noise_sd: Standard deviation of the noise added to the input (1 is
            that of the cohort); the target stays clean.
        shift_voxels: Each batch is moved by up to this many voxels.
        patience: Stop when the loss has not improved by 0.1 % for this many
            epochs; 0 never stops early.
        seed: Weights, order of scans, noise and shifts follow from it.
    """

    epochs: int = Field(default=50, ge=0, le=10_000)
    batch_size: int = Field(default=16, ge=1, le=4096)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    schedule: Literal["constant", "cosine"] = "cosine"
    noise_sd: float = Field(default=0.5, ge=0, le=5)
    shift_voxels: int = Field(default=1, ge=0, le=16)
    patience: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)


class RefineSettings(Settings):
    """The clustering phase of DCEC: reconstruction and clustering loss together.

    Attributes:
        epochs: Passes over the cohort.
        clustering_weight: Weight of KL(p || q) beside the reconstruction (gamma
            in the paper).
        refresh_every: Epochs between two computations of the target.
        learning_rate: Step size of Adam.
        batch_size: Scans per step.
        tolerance: Stop when a smaller share of scans changed cluster between
            two refreshes.
        seed: Order of scans.
    """

    epochs: int = Field(default=50, ge=0, le=10_000)
    clustering_weight: float = Field(default=0.1, ge=0, le=1000)
    refresh_every: int = Field(default=10, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0, le=1)
    batch_size: int = Field(default=16, ge=1, le=4096)
    tolerance: float = Field(default=0.001, ge=0, lt=1)
    seed: int = Field(default=0, ge=0)


class LocalizeSettings(Settings):
    """Activation maps: which kind, of which layer, and for which cluster.

    Attributes:
        variant: Name of the kind of map.
        layer: Encoder convolution, counted from 1; None is the variant's own
            (the last one, or the second for `integrated`).
        target: `own` explains the cluster of each scan, a number that cluster
            (from 1), two numbers "the first rather than the second".
        n_steps: Midpoint steps from the cohort's median activation to the scan's.
        max_steps: Where the sum of a map misses its due by more than 1 %, the
            steps are doubled up to this number.
        channels: Channels that are used by variants with one weight per channel,
            counted from 0; None uses all.
        chunk: Masked images per pass; None follows from the size of the grid.
        occlusion_voxels: Edge of the cubes of `occlusion`.
        seed: Draws the scans of the reference where the cohort is large.
    """

    variant: LocalizeVariant = "integrated"
    layer: int | None = Field(default=None, ge=1)
    target: str | int | tuple[int, int] = "own"
    n_steps: int = Field(default=16, ge=1, le=4096)
    max_steps: int = Field(default=256, ge=1, le=4096)
    channels: tuple[int, ...] | None = None
    chunk: int | None = Field(default=None, ge=1)
    occlusion_voxels: int = Field(default=8, ge=1, le=256)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> LocalizeSettings:
        if self.target != "own":
            pair = self.target if isinstance(self.target, tuple) else (self.target,)
            if not all(isinstance(n, int) and n >= 1 for n in pair) or len(set(pair)) < len(pair):
                raise ValueError(
                    "the target is 'own', the number of a cluster (from 1), or two different ones"
                )
        if self.channels is not None:
            unique = set(self.channels)
            if not unique or min(unique) < 0 or len(unique) < len(self.channels):
                raise ValueError("channels are different numbers from 0")
        return self


class SelectSettings(Settings):
    """How the number of clusters is chosen.

    Attributes:
        k_min: Smallest number of clusters that is tried.
        k_max: Largest number that is tried; fewer where there are few scans.
        n_bootstrap: Resampled cohorts per number of clusters.
        n_seeds: Fits with different starts per number of clusters.
        n_references: Cohorts without structure that the real one is compared with.
        seed: Starts, resampling and references follow from it.
        methods: Clusterers; the first is judged, the others show whether they agree.
    """

    k_min: int = Field(default=2, ge=2, le=50)
    k_max: int = Field(default=8, ge=2, le=50)
    n_bootstrap: int = Field(default=30, ge=2, le=1000)
    n_seeds: int = Field(default=5, ge=2, le=100)
    n_references: int = Field(default=30, ge=20, le=1000)
    seed: int = Field(default=0, ge=0)
    methods: tuple[Literal["kmeans", "gmm", "graph"], ...] = ("kmeans", "gmm", "graph")

    @model_validator(mode="after")
    def _check(self) -> SelectSettings:
        if self.k_min > self.k_max:
            raise ValueError(f"k_min {self.k_min} lies above k_max {self.k_max}")
        if not self.methods or len(set(self.methods)) != len(self.methods):
            raise ValueError("name at least one method, and each only once")
        return self


class EmbedSettings(Settings):
    """The plane on which the scans are shown.

    Attributes:
        method: `umap`, or `pca` (principal components).
        n_neighbors: Scans that count as near for UMAP; fewer where there are few.
        min_dist: How close UMAP may put two points.
        seed: The layout follows from it.
    """

    method: Literal["umap", "pca"] = "umap"
    n_neighbors: int = Field(default=15, ge=2, le=500)
    min_dist: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)


class AssociateSettings(Settings):
    """Which clinical variables are compared between the clusters, and how.

    Attributes:
        adjust: Columns of the clinical table to adjust by, such as age and site.
        correction: How p-values are corrected for their number: Benjamini-Hochberg,
            Holm, or Benjamini-Yekutieli.
        repeated: Subjects with several scans: `one_row` chooses one scan of each,
            `cluster_robust` keeps all and allows for their dependence.
        pick: Which scan `one_row` chooses: the most confident of the `majority`
            cluster, or the one of highest `confidence`.
        used_in_clustering: Columns that the clusters were made from, or that follow
            from the same image; they are described without a p-value.
        confounders: Columns of the confounding panel; None takes acquisition and
            demographics.
        min_cluster_size: Clusters with fewer subjects are left out of all tests.
        n_resamples: Label shuffles of a permutation test.
        power: Power at which the smallest detectable effect is stated.
        banner_from: Cramer's V of cluster and an acquisition column from which a
            warning is shown.
        seed: Label shuffles follow from it.
    """

    adjust: tuple[str, ...] = ()
    correction: Literal["bh", "holm", "by"] = "bh"
    repeated: Literal["one_row", "cluster_robust"] = "one_row"
    pick: Literal["majority", "confidence"] = "majority"
    used_in_clustering: tuple[str, ...] = ()
    confounders: tuple[str, ...] | None = None
    min_cluster_size: int = Field(default=2, ge=2, le=1000)
    n_resamples: int = Field(default=9999, ge=99, le=1_000_000)
    power: float = Field(default=0.8, gt=0.05, lt=1)
    banner_from: float = Field(default=0.3, gt=0, le=1)
    seed: int = Field(default=0, ge=0)


FitMethod = Literal["auto", "dcec", "kmeans", "gmm", "graph", "umap", "profiles"]
Preset = Literal["default", "fast", "paper"]


class FitSettings(Settings):
    """From volumes to clusters.

    Attributes:
        method: `profiles` groups position-tolerant features of the activations;
            `kmeans`, `gmm`, `graph`, `umap` (a mixture on their UMAP) and `dcec` (the
            paper) group latent codes; `auto` is `profiles` where all scans have
            masks, else `graph`.
        n_clusters: Number of clusters.
        network: The autoencoder.
        scale: How volumes become inputs.
        train: Pretraining.
        refine: The clustering phase of `dcec`.
        kernel: Distances in units of the spread within clusters (`scaled`), or as
            they are (`unit`, the paper).
        n_features: Numbers that profiles are projected to.
        feature_layer: Encoder layer that profiles are read from; None takes the
            deepest one with at least ten nodes along each axis.
        smooth: Nodes along each axis over which profiles average first.
        mirror: Whether left and right count as the same for profiles.
        plane: How scans are placed on the map that people look at.
        seed: Everything random follows from it.
    """

    method: FitMethod = "auto"
    n_clusters: int = Field(default=2, ge=2, le=50)
    network: NetworkSettings = NetworkSettings(n_latent=10)
    scale: ScaleSettings = ScaleSettings()
    train: TrainSettings = TrainSettings()
    refine: RefineSettings = RefineSettings()
    kernel: Literal["scaled", "unit"] = "scaled"
    n_features: int = Field(default=8, ge=1, le=200)
    feature_layer: int | None = Field(default=None, ge=1, le=5)
    smooth: Literal[1, 3, 5] = 3
    mirror: bool = True
    plane: Literal["umap", "pca"] = "umap"
    seed: int = Field(default=0, ge=0)
