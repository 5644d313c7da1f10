"""Maps, number of clusters, plane and associations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, model_validator

from clam_core.settings.base import Settings

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
    methods: tuple[Literal["kmeans", "gmm", "graph", "tied"], ...] = ("kmeans", "gmm", "graph")

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


FEWEST_TABLES = 5
"""Completed tables or draws of labels; fewer do not tell how far their estimates spread."""


class AssociateSettings(Settings):
    """Which clinical variables are compared between the clusters, and how.

    Attributes:
        adjust: Columns of the clinical table to adjust by, such as age and site.
        adjust_by: Whether covariates enter a model of each variable (`regression`), or a model
            of the clusters whose inverse probabilities weight the rows (`weights`).
        impute: Completed tables where covariates are missing (5 or more; predictive mean matching,
            pooled by Rubin's rules); 0 leaves rows with a missing covariate out.
        label_draws: Draws of the clusters from the soft assignment (5 or more), whose pooled test
            stands beside the test of the clusters; 0 makes none.
        correction: How p-values are corrected for their number: Benjamini-Hochberg,
            Holm, or Benjamini-Yekutieli.
        repeated: Subjects with several scans: `one_row` chooses one scan of each,
            `cluster_robust` keeps all and allows for their dependence.
        pick: Which scan `one_row` chooses: the most confident of the `majority`
            cluster, or the one of highest `confidence`.
        used_in_clustering: Columns that the clusters were made from, or that follow
            from the same image; they are described without a p-value.
        other_images: Columns whose names say that a program read them out of an image, which was
            not one of these scans; they are tested.
        confounders: Columns of the confounding panel; None takes acquisition and
            demographics.
        min_cluster_size: Clusters with fewer subjects are left out of all tests.
        n_resamples: Label shuffles of a permutation test.
        power: Power at which the smallest detectable effect is stated.
        banner_from: Strength of the link of clusters and a possible confounder; a warning
            is shown where p is below 0.05 and the interval reaches it.
        within: Column of sites or scanners within which clusters are compared as well;
            None takes the site, or else the scanner, where that is known.
        survival_time: Column with the time to an event or to the last contact.
        survival_event: Column that says whether the event was seen.
        event_level: Level of `survival_event` that means it was; None takes `yes` beside
            `no`, 1 beside 0, `dead` and the like, and asks for all else.
        survival_horizon: Until when the mean time free of the event is taken; None takes the
            longest time that every cluster reaches.
        competing_levels: Levels of `survival_event` that mean another event that ends the
            chance of this one, such as death before a transplant.
        rate_count: Column with the number of events of each row, such as exacerbations.
        rate_time: Column with the time in which they were counted.
        equivalence: Name of a column with numbers to the difference of means, in its unit, below
            which clusters count as alike; None names no column.
        equivalence_sd: The same for all other columns with numbers, in standard deviations
            within clusters; None tests only those that are named.
        table_numbers: How Table 1 describes numbers: by `mean` and standard deviation, by
            `median` and quartiles, or by `both`.
        seed: Label shuffles follow from it.
    """

    adjust: tuple[str, ...] = ()
    adjust_by: Literal["regression", "weights"] = "regression"
    impute: int = Field(default=0, ge=0, le=200)
    label_draws: int = Field(default=0, ge=0, le=200)
    correction: Literal["bh", "holm", "by"] = "bh"
    repeated: Literal["one_row", "cluster_robust"] = "one_row"
    pick: Literal["majority", "confidence"] = "majority"
    used_in_clustering: tuple[str, ...] = ()
    other_images: tuple[str, ...] = ()
    confounders: tuple[str, ...] | None = None
    min_cluster_size: int = Field(default=2, ge=2, le=1000)
    n_resamples: int = Field(default=9999, ge=99, le=1_000_000)
    power: float = Field(default=0.8, gt=0.05, lt=1)
    banner_from: float = Field(default=0.3, gt=0, le=1)
    within: str | None = None
    survival_time: str | None = None
    survival_event: str | None = None
    event_level: str | None = None
    survival_horizon: float | None = Field(default=None, gt=0)
    competing_levels: tuple[str, ...] = ()
    rate_count: str | None = None
    rate_time: str | None = None
    equivalence: dict[str, PositiveFloat] | None = None
    equivalence_sd: float | None = Field(default=None, gt=0, le=10)
    table_numbers: Literal["both", "mean", "median"] = "both"
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> AssociateSettings:
        if (self.survival_time is None) != (self.survival_event is None):
            raise ValueError("survival needs the column of the time and that of the event")
        if (self.rate_count is None) != (self.rate_time is None):
            raise ValueError("a rate needs the column of the counts and that of the time at risk")
        for name, number in (("impute", self.impute), ("label_draws", self.label_draws)):
            if 0 < number < FEWEST_TABLES:
                raise ValueError(
                    f"{name} needs {FEWEST_TABLES} or more, as fewer do not tell how far they "
                    f"differ; it was {number}"
                )
        if self.competing_levels and self.survival_event is None:
            raise ValueError("competing events need the column of the event")
        return self
