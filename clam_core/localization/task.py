"""What a map explains, and what one scan's map consists of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clam_core.errors import SettingsError
from clam_core.localization.reference import Reference
from clam_core.models import ClusterModel, log_odds
from clam_core.settings import LocalizeSettings

# Two masked images of 88 cubed at once were fastest on a processor; a GPU needs more to fill it.
_VOXELS = {"cpu": 2 * 88**3}
_VOXELS_ELSEWHERE = 64 * 88**3


@dataclass(frozen=True)
class Question:
    """Why this cluster, rather than all others or one other?

    Attributes:
        cluster: The cluster, from 0.
        other: The cluster to hold against it, from 0; None takes all others.
    """

    cluster: int
    other: int | None = None

    def log_odds(self, log_assignment: Tensor) -> Tensor:
        """The score l, shape (n,), of log-probabilities, shape (n, n_clusters)."""
        return log_odds(log_assignment, *self._indices(log_assignment))

    def confidence(self, log_assignment: Tensor) -> Tensor:
        """Probability of the cluster, shape (n,): q_c, or q_A / (q_A + q_B) for a pair."""
        # sigmoid(log q - log (1 - q)) = q, and of a pair q_A / (q_A + q_B), without dividing.
        return self.log_odds(log_assignment).sigmoid()

    def weight(self, log_assignment: Tensor) -> Tensor:
        """Weight of a masked image in the paper's map, shape (n,): q_c, or q_A - q_B for a pair."""
        probability = log_assignment.exp()
        if self.other is None:
            return probability[:, self.cluster]
        return probability[:, self.cluster] - probability[:, self.other]

    def log_probability(self, log_assignment: Tensor) -> Tensor:
        """Shape (n,): log q_c, or log q_A - log q_B for a pair."""
        if self.other is None:
            return log_assignment[:, self.cluster]
        return log_assignment[:, self.cluster] - log_assignment[:, self.other]

    def _indices(self, log_assignment: Tensor) -> tuple[Tensor, Tensor | None]:
        n_rows = log_assignment.shape[0]
        device = log_assignment.device
        cluster = torch.full((n_rows,), self.cluster, device=device)
        if self.other is None:
            return cluster, None
        return cluster, torch.full((n_rows,), self.other, device=device)


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that is known before one scan's map is made.

    Attributes:
        model: From image to probabilities, borrowed already.
        question: What is explained.
        layer: Encoder convolution, from 1.
        settings: Steps, channels and chunk size.
        reference: The cohort's medians, on the model's device; None where the
            variant needs none.
    """

    model: ClusterModel
    question: Question
    layer: int
    settings: LocalizeSettings
    reference: Reference | None = None

    @property
    def needed_reference(self) -> Reference:
        """The cohort's medians.

        Raises:
            SettingsError: If there are none.
        """
        if self.reference is None:
            raise SettingsError(
                f"Maps of variant {self.settings.variant!r} compare a scan with the cohort's "
                "median; pass the reference made from the cohort."
            )
        return self.reference

    def chunk(self, image: Tensor) -> int:
        """Images of this size that go through the network at once."""
        if self.settings.chunk is not None:
            return self.settings.chunk
        n_voxels = _VOXELS.get(image.device.type, _VOXELS_ELSEWHERE)
        return max(1, n_voxels // image[0].numel())


@dataclass(frozen=True, eq=False)
class ScanMap:
    """The map of one scan.

    Attributes:
        signed: Values on the grid, shape (*grid); its positive part is the map.
        nodes: The same before upsampling, shape (*size of the layer), or None.
        completeness: |sum of nodes - (l(A) - l(R))| relative to l(A) - l(R);
            NaN for variants without this property.
        n_steps: Steps that were taken; 0 where there are none.
    """

    signed: Tensor
    nodes: Tensor | None = None
    completeness: float = float("nan")
    n_steps: int = 0
