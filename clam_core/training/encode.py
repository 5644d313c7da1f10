"""Encoding: latent codes and soft assignments of a cohort, whatever its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from clam_core.models.autoencoder import Autoencoder
from clam_core.models.borrowed import borrowed
from clam_core.models.cluster_model import ClusterModel
from clam_core.training.images import CohortImages
from clam_core.training.memory import Parts, is_out_of_memory


@dataclass(frozen=True)
class Encoded:
    """What the network says about a cohort.

    Attributes:
        latent: Latent codes, shape (n_scans, n_latent).
        soft_assignment: Shape (n_scans, n_clusters), rows sum to 1; None without a head.
        notes: What a person should know, as sentences.
    """

    latent: Tensor
    soft_assignment: Tensor | None
    notes: tuple[str, ...]


def encode(
    model: Autoencoder | ClusterModel,
    images: CohortImages,
    batch_size: int = 16,
    device: str | torch.device = "cpu",
) -> Encoded:
    """Latent codes of all scans, and their soft assignments where the model has a head.

    Args:
        model: Given back on its device and in its mode.
        images: The cohort, standardised.
        batch_size: Scans at once; changes nothing but time and memory.
        device: Where it is computed.

    Returns:
        float32 tensors on the processor.

    Raises:
        StudyError: If a scan cannot be used.
        SettingsError: If a single scan does not fit into memory.
    """
    autoencoder = model.autoencoder if isinstance(model, ClusterModel) else model

    def both(batch: Tensor) -> list[Tensor]:
        last = autoencoder.activations(batch, autoencoder.n_layers)
        latent = autoencoder.latent(last)
        if not isinstance(model, ClusterModel):
            return [latent]
        return [latent, model.log_assign_from(last, autoencoder.n_layers).exp()]

    notes: list[str] = []
    parts = Parts(batch_size, notes)
    encoded = encode_with(both, model, images, parts, device)
    return Encoded(encoded[0], encoded[1] if len(encoded) > 1 else None, tuple(notes))


def encode_with(
    function: Callable[[Tensor], list[Tensor]],
    model: nn.Module,
    images: CohortImages,
    parts: Parts,
    device: str | torch.device = "cpu",
) -> list[Tensor]:
    """Any function of the images, batch by batch, without gradients.

    Args:
        function: From images, shape (n, 1, *grid), to tensors with one row per image.
        model: What the function uses; in evaluation mode meanwhile.
        images: The cohort, standardised.
        parts: Scans at once.
        device: Where it is computed.

    Returns:
        The tensors for all scans, on the processor.

    Raises:
        StudyError: If a scan cannot be used.
        SettingsError: If a single scan does not fit into memory.
    """
    place = torch.device(device)
    encoded: list[list[Tensor]] = []
    parts.fit(images.grid, place)
    with borrowed(model, images.grid, place), torch.no_grad():
        batches = torch.split(torch.arange(len(images)), parts.size)
        for batch in images.stream(batches):
            encoded.extend(_in_parts(function, batch, parts, place))
    return [torch.cat(column) for column in zip(*encoded, strict=True)]


def _in_parts(
    function: Callable[[Tensor], list[Tensor]], batch: Tensor, parts: Parts, place: torch.device
) -> list[list[Tensor]]:
    """The function of a batch, in as many parts as memory needs."""
    while True:
        try:
            return [
                [tensor.cpu() for tensor in function(batch[part].to(place))]
                for part in parts.split(len(batch))
            ]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside `except`: there the exception still holds the tensors that filled the memory.
        parts.halve(len(batch), tuple(batch.shape[2:]))
