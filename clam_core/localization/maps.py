"""Activation maps of scans: one front for every variant, layer and cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import AlignmentError, ClamError, SettingsError
from clam_core.localization.integrated import integrated_map
from clam_core.localization.paper import paper_map
from clam_core.localization.reference import Reference
from clam_core.localization.task import Question, ScanMap, Task
from clam_core.localization.yardsticks import (
    contrast_map,
    difference_map,
    grad_cam_map,
    median_masking_map,
    occlusion_map,
    score_cam_map,
)
from clam_core.models import ClusterModel
from clam_core.models.borrowed import borrowed
from clam_core.settings import LocalizeSettings, LocalizeVariant

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Variant:
    """A kind of map.

    Attributes:
        make: From one scan and the task to its map.
        default_layer: Encoder convolution, from 1; None is the last one.
        needs_reference: Whether scans are compared with the cohort's median.
        follows_gradient: Whether the layer must lie on the way to the clusters.
    """

    make: Callable[[Tensor, Task], ScanMap]
    default_layer: int | None = None
    needs_reference: bool = True
    follows_gradient: bool = False

    def layer(self, settings: LocalizeSettings, n_layers: int) -> int:
        """The layer that is asked for, or this variant's own."""
        if settings.layer is not None:
            return settings.layer
        return n_layers if self.default_layer is None else min(self.default_layer, n_layers)


VARIANTS: dict[LocalizeVariant, Variant] = {
    "integrated": Variant(integrated_map, default_layer=2, follows_gradient=True),
    "paper": Variant(paper_map, needs_reference=False),
    "score_cam": Variant(score_cam_map, needs_reference=False),
    "contrast": Variant(contrast_map, needs_reference=False),
    "median_masking": Variant(median_masking_map),
    "grad_cam": Variant(grad_cam_map, needs_reference=False, follows_gradient=True),
    "occlusion": Variant(occlusion_map),
    "difference": Variant(difference_map),
}


@dataclass(frozen=True, eq=False)
class ActivationMaps:
    """Maps of several scans.

    Attributes:
        raw: Values on the grid, shape (n, *grid), float32; negative where a voxel
            speaks against the cluster, for variants that have a sign.
        cluster: Cluster that is explained, from 0, shape (n,).
        other: Cluster that it is held against, shape (n,); -1 is all others.
        completeness: Relative error of each map's sum, shape (n,); NaN for
            variants without this property.
        n_steps: Integration steps, shape (n,); 0 where there are none.
        nodes: `raw` before upsampling, shape (n, *size of the layer), or None.
        variant: Kind of map.
        layer: Encoder convolution, from 1.
    """

    raw: Maps
    cluster: NDArray[np.int64]
    other: NDArray[np.int64]
    completeness: NDArray[np.float64]
    n_steps: NDArray[np.int64]
    nodes: Maps | None
    variant: LocalizeVariant
    layer: int

    @property
    def positive(self) -> Maps:
        """What speaks for the cluster, in the unit of `raw`, shape (n, *grid)."""
        return np.maximum(self.raw, 0)

    @property
    def scaled(self) -> Maps:
        """What speaks for the cluster, scaled to [0, 1] per scan, shape (n, *grid)."""
        return scale_maps(self.raw)

    def within(self, masks: NDArray[np.bool_]) -> ActivationMaps:
        """The same maps, zero outside masks of shape (n, *grid).

        Outside a mask every scan has the same value, so nothing there can speak for a
        cluster; interpolation spreads the values of nodes on the rim over it.

        Raises:
            AlignmentError: If the masks have another shape than the maps.
        """
        if masks.shape != self.raw.shape:
            raise AlignmentError(f"Masks of {masks.shape} do not fit maps of {self.raw.shape}.")
        return replace(self, raw=np.where(masks, self.raw, np.float32(0)))

    def __len__(self) -> int:
        return len(self.raw)


def scale_maps(raw: Maps, peak: float | None = None) -> Maps:
    """Positive part of maps, scaled to [0, 1].

    Args:
        raw: Shape (n, *grid).
        peak: Value that becomes 1 for every scan, such as the cohort's largest, so
            that scans can be compared; zero stays zero, more is cut. None scales each
            scan from its own smallest to its own largest value.

    Returns:
        Same shape. A map that is the same everywhere becomes zero.
    """
    maps = np.maximum(raw, 0)
    if peak is not None:
        return np.minimum(maps / peak, 1) if peak > 0 else np.zeros_like(maps)
    axes = tuple(range(1, maps.ndim))
    low, high = maps.min(axis=axes, keepdims=True), maps.max(axis=axes, keepdims=True)
    span = high - low
    scaled: Maps = (maps - low) / np.where(span > 0, span, 1)
    return scaled


def map_layer(model: ClusterModel, settings: LocalizeSettings) -> int:
    """Layer that maps are made at, for which a reference is needed.

    A variant that follows gradients has its own layer, or the one that the clusters are
    read from where that is an earlier one.
    """
    variant = VARIANTS[settings.variant]
    layer = variant.layer(settings, model.autoencoder.n_layers)
    if settings.layer is None and (variant.follows_gradient or model.reads_image):
        return min(layer, model.feature_layer)
    return layer


def make_maps(
    model: ClusterModel,
    images: Tensor,
    settings: LocalizeSettings,
    reference: Reference | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> ActivationMaps:
    """Make the activation map of each scan.

    Scans are handled one at a time, so that a map does not depend on its neighbors.

    Args:
        model: From image to probabilities; given back as it was.
        images: Standardised, shape (n, 1, *grid).
        settings: Variant, layer, target.
        reference: The cohort's medians at `map_layer`; some variants need none.
        clusters: What `own` means, from 0, shape (n,); None is each scan's most
            probable cluster.

    Returns:
        Maps on the grid.

    Raises:
        SettingsError: If the layer, cluster or channel does not exist, or a
            reference is missing.
        AlignmentError: If shapes do not fit together.
        ClamError: If an image holds values that are not finite.
    """
    variant = VARIANTS[settings.variant]
    layer = map_layer(model, settings)
    model.autoencoder.check_layer(layer)
    images = images.to(next(model.parameters()))
    _check_images(images)
    if variant.needs_reference and reference is not None:
        reference = _fitting(reference, images, layer)
    with borrowed(model, tuple(images.shape[2:])):
        questions = _questions(model, images, settings, clusters)
        task = Task(model, Question(0), layer, settings, reference)
        made = [
            variant.make(images[row : row + 1], replace(task, question=question))
            for row, question in enumerate(questions)
        ]
    return _gather(made, questions, images, settings.variant, layer)


def own_clusters(model: ClusterModel, images: Tensor) -> NDArray[np.int64]:
    """Most probable cluster of each scan, from 0, shape (n,)."""
    with torch.no_grad():
        clusters = [int(model.log_assign(image[None]).argmax()) for image in images]
    return np.array(clusters, dtype=np.int64)


def check_target(settings: LocalizeSettings, n_clusters: int) -> None:
    """Refuse a cluster that is not there.

    Raises:
        SettingsError: With the number, and those that there are.
    """
    target = settings.target
    numbers = target if isinstance(target, tuple) else (target,)
    wrong = [int(n) for n in numbers if n != "own" and not 1 <= int(n) <= n_clusters]
    if wrong:
        raise SettingsError(
            f"A map was asked for cluster {wrong[0]}, but the model has clusters 1 to {n_clusters}."
        )


def _questions(
    model: ClusterModel,
    images: Tensor,
    settings: LocalizeSettings,
    clusters: NDArray[np.int64] | None,
) -> list[Question]:
    """What each scan's map explains."""
    if model.n_clusters < 2:
        raise SettingsError("A map tells a cluster from others; this model has only one cluster.")
    if settings.target == "own":
        own = own_clusters(model, images) if clusters is None else np.asarray(clusters)
        if own.shape != (len(images),):
            raise AlignmentError(f"{len(images)} scans do not fit clusters of shape {own.shape}.")
        questions = [Question(int(cluster)) for cluster in own]
    else:
        target = settings.target
        numbers = target if isinstance(target, tuple) else (int(target),)
        questions = [Question(*[number - 1 for number in numbers])] * len(images)
    check_target(settings, model.n_clusters)
    asked = [q.cluster for q in questions]
    if not all(0 <= n < model.n_clusters for n in asked):
        raise SettingsError(
            f"A map was asked for cluster {max(asked) + 1}, but the model has clusters 1 to "
            f"{model.n_clusters}."
        )
    return questions


def _check_images(images: Tensor) -> None:
    finite = images.flatten(1).isfinite().all(dim=1)
    if not bool(finite.all()):
        row = int((~finite).nonzero()[0])
        raise ClamError(
            f"Scan {row + 1} of {len(images)} holds values that are not finite; run preprocessing "
            "again, which marks such scans as failed."
        )


def _fitting(reference: Reference, images: Tensor, layer: int) -> Reference:
    """The reference on the images' device, checked against them."""
    if reference.layer != layer or reference.image.shape[2:] != images.shape[2:]:
        raise AlignmentError(
            f"The reference is for layer {reference.layer} and grid "
            f"{tuple(reference.image.shape[2:])}, the maps for layer {layer} and grid "
            f"{tuple(images.shape[2:])}; make the reference again."
        )
    return reference.to(images)


def _gather(
    found: list[ScanMap],
    questions: list[Question],
    images: Tensor,
    variant: LocalizeVariant,
    layer: int,
) -> ActivationMaps:
    """Maps of single scans as arrays."""
    raw = np.zeros((len(found), *images.shape[2:]), dtype=np.float32)
    for row, scan_map in enumerate(found):
        raw[row] = scan_map.signed.cpu().numpy()
    nodes = [scan_map.nodes.cpu().numpy() for scan_map in found if scan_map.nodes is not None]
    others = [-1 if question.other is None else question.other for question in questions]
    return ActivationMaps(
        raw=raw,
        cluster=np.array([question.cluster for question in questions], dtype=np.int64),
        other=np.array(others, dtype=np.int64),
        completeness=np.array([one.completeness for one in found], dtype=np.float64),
        n_steps=np.array([one.n_steps for one in found], dtype=np.int64),
        nodes=np.stack(nodes).astype(np.float32) if nodes else None,
        variant=variant,
        layer=layer,
    )
