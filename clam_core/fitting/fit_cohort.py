"""The whole fit: scale, pretraining, features, clusters, soft assignment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
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
from clam_core.fitting.evidence import NONE, evidence
from clam_core.fitting.fit_context import FitContext
from clam_core.fitting.harmonisation.before_and_after import compare_fits
from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels
from clam_core.fitting.harmonisation.turned import TURNED, sense, turned_words
from clam_core.fitting.heads import order_head
from clam_core.fitting.make_model import make_model
from clam_core.models import ClusterModel
from clam_core.models.autoencoder import Autoencoder, seeded_autoencoder
from clam_core.settings import FitMethod, FitSettings
from clam_core.settings.harmonise import Harmonised, harmonised_sentences
from clam_core.settings.verdicts import UNSURE, caution_of_size
from clam_core.settings.views import ZONAL, for_its_view
from clam_core.training import (
    CheckpointFile,
    CohortImages,
    Context,
    InputScale,
    ScanSource,
    Trained,
    encode_with,
    fit_input_scale,
    pretrain,
    refine,
)
from clam_core.training.memory import Parts


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
        harmonised: What became of the clusters without technical directions; None where nothing
            was taken out.
        clusters_before: Clusters of a fit with nothing taken out, from 0; else None.
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
    harmonised: Harmonised | None = None
    clusters_before: NDArray[np.int64] | None = None


def fit_model(
    source: ScanSource,
    settings: FitSettings,
    context: FitContext | None = None,
    technical: TechnicalLevels | None = None,
) -> Fitted:
    """Fit the method to a cohort.

    Args:
        source: Its scans, on the grid.
        settings: Everything that the result follows from.
        context: Checkpoints, and whom to tell.
        technical: How the scans were made; directions along which its levels differ are taken
            out of what is grouped. None takes out nothing.

    Returns:
        Model, scale and what they say about the cohort.

    Raises:
        ClamError: If there are fewer scans than clusters, all scans are equal, or a scan
            cannot be used.
    """
    context = context or FitContext()
    _check_number(source.n_scans, settings.n_clusters)
    context.on_stage("Reading the scans", 0, source.n_scans)
    views = [_prepare(source, settings, context)]
    if compares_views(settings, views[0].method, source.n_scans):
        # Checkpoints hold the training of the focal view; the others have none.
        untrained = replace(context, pretrained=None, refined=None)
        for method in ZONAL:
            other = settings.model_copy(update={"method": method})
            views.append(_prepare(source, other, untrained))
    context.on_stage("Clustering", 0, 1)
    plain = [_cluster(view, context, None) for view in views]
    if technical is None:
        return _describe(_choose(plain, settings), settings.train.batch_size)
    taken = [_cluster(view, context, technical) for view in views]
    turned = {
        one.method
        for one, before in zip(taken, plain, strict=True)
        if sense(technical, before.values, _labels(one)) < TURNED
    }
    made = _choose(taken, settings, turned)
    fitted = _describe(made, settings.train.batch_size)
    # The same scans with nothing taken out: what harmonisation did is told, not believed.
    before = _describe(_choose(plain, settings), settings.train.batch_size)
    check = compare_fits(technical, before, fitted)
    return replace(
        fitted,
        harmonised=check,
        clusters_before=before.soft_assignment.argmax(axis=1),
        notes=(*harmonised_sentences(check), *turned_words(made.method, turned), *fitted.notes),
    )


@dataclass(frozen=True, eq=False)
class _View:
    """The scans as one view sees them, before anything is grouped."""

    images: CohortImages
    autoencoder: Autoencoder
    method: FitMethod
    settings: FitSettings
    trained: Trained


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


def _prepare(source: ScanSource, settings: FitSettings, context: FitContext) -> _View:
    """Scale and training of one view."""
    settings = for_its_view(settings)
    scale = fit_input_scale(source, settings.scale, settings.seed)
    images = CohortImages(source, scale, context.memory_bytes)
    autoencoder = seeded_autoencoder(source.grid, settings.network, settings.seed)
    trained = pretrain(autoencoder, images, settings.train, _phase(context.pretrained, context))
    method = choose_method(settings.method, len(source.grid), is_masked=scale.is_masked)
    return _View(images, autoencoder, method, settings, trained)


def _choose(made: list[_Made], settings: FitSettings, without: Collection[FitMethod] = ()) -> _Made:
    """The only view, or that whose groups are most evident; those `without` have no evidence."""
    if len(made) == 1:
        return made[0]
    scores = {
        one.method: NONE
        if one.method in without
        else evidence(one.values, clusterer_of(one.method), settings.n_clusters, settings.seed)
        for one in made
    }
    chosen = most_evident(scores)
    best = next(one for one in made if one.method == chosen)
    notes = [*made[0].notes, chosen_words(best.method, scores)]
    return replace(best, history=made[0].history, notes=notes, evidence=scores)


def _labels(made: _Made) -> NDArray[np.int64]:
    """Cluster of each scan by the head of a model that has just been made."""
    with torch.no_grad():
        found: NDArray[np.int64] = (
            made.model.head(torch.from_numpy(made.values).float()).argmax(1).numpy()
        )
    return found


def _cluster(view: _View, context: FitContext, technical: TechnicalLevels | None) -> _Made:
    """Features and clusters of one view."""
    model, values = make_model(view.autoencoder, view.images, view.settings, view.method, technical)
    history, notes = [*view.trained.history], [*view.trained.notes]
    if view.method == "dcec":
        phase = _phase(context.refined, context)
        refined = refine(model, view.images, view.settings.refine, phase)
        history += refined.history
        notes += refined.notes
    return _Made(model, view.images, view.method, values, history, notes)


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
