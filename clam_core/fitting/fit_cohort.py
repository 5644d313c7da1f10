"""The whole fit: scale, pretraining, features, clusters, soft assignment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from clam_core.clustering import clusterer_of
from clam_core.errors import StudyError
from clam_core.fitting.choose_view import (
    choose_method,
    chosen_words,
    compares_views,
    most_evident,
)
from clam_core.fitting.evidence import evidence
from clam_core.fitting.heads import (
    order_head,
)
from clam_core.fitting.make_model import make_model
from clam_core.models import ClusterModel
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import FitMethod, FitSettings
from clam_core.settings.verdicts import UNSURE, caution_of_size
from clam_core.settings.views import ZONAL, for_its_view
from clam_core.training import (
    CheckpointFile,
    CohortImages,
    Context,
    EpochReport,
    InputScale,
    ScanSource,
    Sync,
    encode_with,
    fit_input_scale,
    pretrain,
    refine,
)
from clam_core.training.memory import Parts

Stage = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:  # noqa: ARG001
    return None


def _silent_epoch(report: EpochReport) -> None:  # noqa: ARG001
    return None


@dataclass(frozen=True)
class FitContext:
    """Where and how a fit runs; none of it changes its numbers.

    Attributes:
        pretrained: Checkpoint of the pretraining; None keeps nothing.
        refined: Checkpoint of the clustering phase.
        on_stage: Told what is going on.
        on_epoch: Told about each epoch.
        memory_bytes: Largest cohort that is kept in memory.
        sync: The device that trains, and the other processes.
    """

    pretrained: CheckpointFile | None = None
    refined: CheckpointFile | None = None
    on_stage: Stage = _silent
    on_epoch: Callable[[EpochReport], None] = _silent_epoch
    memory_bytes: int = 2 << 30
    sync: Sync = field(default_factory=Sync)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit of the method on a cohort.

    Attributes:
        model: From standardised images to cluster probabilities, largest cluster first.
        scale: How a volume becomes an input.
        method: The method in use.
        latent: Latent codes, shape (n_scans, n_latent), float32.
        features: What was clustered, shape (n_scans, n_features), float32.
        soft_assignment: Shape (n_scans, n_clusters), float32; rows sum to 1.
        history: One row per epoch.
        notes: What a person should know, as sentences.
        evidence: By method, how far the groups of each view are beyond those of cohorts without
            groups, in standard deviations; empty where views were not compared.
    """

    model: ClusterModel
    scale: InputScale
    method: FitMethod
    latent: NDArray[np.float32]
    features: NDArray[np.float32]
    soft_assignment: NDArray[np.float32]
    history: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    evidence: dict[FitMethod, float] = field(default_factory=dict)


def fit_model(
    source: ScanSource, settings: FitSettings, context: FitContext | None = None
) -> Fitted:
    """Fit the method to a cohort.

    Args:
        source: Its scans, on the grid.
        settings: Everything that the result follows from.
        context: Checkpoints, and whom to tell.

    Returns:
        Model, scale and what they say about the cohort.

    Raises:
        ClamError: If there are fewer scans than clusters, all scans are equal, or a scan
            cannot be used.
    """
    context = context or FitContext()
    _check_number(source.n_scans, settings.n_clusters)
    context.on_stage("Reading the scans", 0, source.n_scans)
    made = _make(source, for_its_view(settings), context)
    if compares_views(settings, made.method, source.n_scans):
        made = _best_view(source, settings, context, made)
    return _describe(made, settings.train.batch_size)


@dataclass(frozen=True, eq=False)
class _Made:
    """A model of one view, the scans as it sees them, what was clustered, and its log."""

    model: ClusterModel
    images: CohortImages
    method: FitMethod
    values: NDArray[np.floating]
    history: list[dict[str, Any]]
    notes: list[str]
    evidence: dict[FitMethod, float] = field(default_factory=dict)


def _make(source: ScanSource, settings: FitSettings, context: FitContext) -> _Made:
    """Scale, training, features and clusters of one view."""
    scale = fit_input_scale(source, settings.scale, settings.seed)
    images = CohortImages(source, scale, context.memory_bytes)
    autoencoder = seeded_autoencoder(source.grid, settings.network, settings.seed)
    trained = pretrain(autoencoder, images, settings.train, _phase(context.pretrained, context))
    context.on_stage("Clustering", 0, 1)
    method = choose_method(settings.method, len(source.grid), is_masked=scale.is_masked)
    model, values = make_model(autoencoder, images, settings, method)
    history, notes = [*trained.history], [*trained.notes]
    if method == "dcec":
        refined = refine(model, images, settings.refine, _phase(context.refined, context))
        history += refined.history
        notes += refined.notes
    return _Made(model, images, method, values, history, notes)


def _best_view(
    source: ScanSource, settings: FitSettings, context: FitContext, focal: _Made
) -> _Made:
    """Of focal findings, density and texture the one whose groups are most evident."""
    # Checkpoints hold the training of the focal view; the others have none.
    untrained = replace(context, pretrained=None, refined=None)
    made = [focal]
    for method in ZONAL:
        other = settings.model_copy(update={"method": method})
        made.append(_make(source, for_its_view(other), untrained))
    scores = {
        one.method: evidence(
            one.values, clusterer_of(one.method), settings.n_clusters, settings.seed
        )
        for one in made
    }
    chosen = most_evident(scores)
    best = next(one for one in made if one.method == chosen)
    notes = [*focal.notes, chosen_words(best.method, scores)]
    return replace(best, history=focal.history, notes=notes, evidence=scores)


def _describe(made: _Made, batch_size: int) -> Fitted:
    """What the finished model says about the cohort, largest cluster first."""
    looked = look(made.model, made.images, batch_size)
    # Sizes by the head, not by the hard clusters: it moves scans near borders, and it decides.
    order = order_head(made.model.head, looked.soft_assignment)
    soft_assignment = looked.soft_assignment[:, order]
    return Fitted(
        model=made.model,
        scale=made.images.scale,
        method=made.method,
        latent=looked.latent,
        features=looked.features,
        soft_assignment=soft_assignment,
        history=made.history,
        notes=(*made.notes, *group_doubts(soft_assignment)),
        evidence=made.evidence,
    )


@dataclass(frozen=True, eq=False)
class Looked:
    """What a model says about scans.

    Attributes:
        latent: Shape (n_scans, n_latent), float32.
        features: Shape (n_scans, n_features), float32.
        soft_assignment: Shape (n_scans, n_clusters), float32.
    """

    latent: NDArray[np.float32]
    features: NDArray[np.float32]
    soft_assignment: NDArray[np.float32]


def look(model: ClusterModel, images: CohortImages, batch_size: int = 16) -> Looked:
    """Latent codes, features and soft assignments of scans.

    Args:
        model: From standardised images to cluster probabilities.
        images: The scans, standardised with the run's own scale.
        batch_size: Scans at once; changes nothing but time and memory.
    """
    network = model.autoencoder

    def see(batch: Tensor) -> list[Tensor]:
        activations = model.activations(batch, model.feature_layer)
        features = model.features(activations, network)
        last = (
            network.activations(batch, network.n_layers)
            if model.reads_image
            else network.advance(activations, model.feature_layer)
        )
        return [network.latent(last), features, model.head(features).exp()]

    parts = encode_with(see, model, images, Parts(batch_size, []))
    latent, features, soft_assignment = (part.float().numpy() for part in parts)
    return Looked(latent, features, soft_assignment)


def group_doubts(soft_assignment: NDArray[np.float32]) -> list[str]:
    """Sentences on a small cohort, clusters that no scan belongs to, or that are hardly apart."""
    n_clusters = soft_assignment.shape[1]
    counts = np.bincount(soft_assignment.argmax(axis=1), minlength=n_clusters)
    caution = caution_of_size(len(soft_assignment))
    sentences = [caution] if caution else []
    sentences += [
        f"No scan belongs most to cluster {c + 1}; fit fewer clusters."
        for c in np.flatnonzero(counts == 0)
    ]
    unsure = float((soft_assignment.max(axis=1) < UNSURE).mean())
    if unsure > 0.5:
        sentences.append(
            f"{100 * unsure:.0f} % of the scans lie between clusters (confidence below "
            f"{UNSURE:g}); the groups are not clearly separated."
        )
    return sentences


def _phase(checkpoint: CheckpointFile | None, context: FitContext) -> Context:
    """The context of one phase; what its checkpoint holds is gone on from."""
    return Context(checkpoint, checkpoint is not None, context.on_epoch, context.sync)


def _check_number(n_scans: int, n_clusters: int) -> None:
    if n_scans <= n_clusters:
        raise StudyError(
            f"{n_scans} scans cannot form {n_clusters} clusters; add scans or fit fewer clusters."
        )
