"""Does a map move the assignment as it should? Deletion, insertion, drop and increase."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from clam_core.errors import AlignmentError
from clam_core.localization.maps import ActivationMaps, scale_maps
from clam_core.localization.reference import Reference
from clam_core.localization.task import Question
from clam_core.localization.voxel_order import Order, area_under, map_order, random_order
from clam_core.models import ClusterModel
from clam_core.models.borrowed import borrowed
from clam_core.settings import Settings
from clam_core.settings.verdicts import MORE_THAN_PLAIN, SAME_MAP

Map = NDArray[np.floating]

SMALLEST_GAIN = 0.01
"""Gain over random maps, in mean confidence summed over the two curves, that counts as moving."""
UNKNOWN = float("nan")


class FaithfulnessSettings(Settings):
    """How maps are put to the test.

    Attributes:
        n_steps: Steps from no voxel replaced to all of them.
        n_random: Random smooth maps that each map must beat.
        smooth_voxels: Standard deviation of the smoothing of random maps.
        chunk_voxels: Voxels that go through the network at once. Two images of 88 cubed took
            half the time of eight, whose activations the system hands out page by page anew.
        seed: Draws the random maps, and the order of voxels with equal values.
    """

    n_steps: int = Field(default=20, ge=2, le=1000)
    n_random: int = Field(default=3, ge=1, le=100)
    smooth_voxels: float = Field(default=4.0, ge=0, le=64)
    chunk_voxels: int = Field(default=2 * 88**3, ge=1)
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Faithfulness:
    """How the confidence of one scan follows its map.

    Attributes:
        confidence: Probability of the explained cluster, before anything is replaced.
        deletion_auc: Area under the confidence as voxels are replaced by the cohort's
            median image, highest map values first; low is good.
        insertion_auc: The same as voxels of the scan replace those of the median
            image; high is good. The map turned upside down has the two swapped.
        random_deletion_auc: Lowest deletion AUC of the random maps.
        random_insertion_auc: Highest insertion AUC of the random maps.
        drop: Share of the confidence that is lost when only what the map shows is kept.
        increased: Whether the confidence rises then.
        selectivity: Insertion less deletion AUC over the share of the squared distance from the
            median image that is replaced, -1 to 1; NaN in maps of versions that had no such test.
        plain_selectivity: That of the model-free map, the distance itself.
        other_likeness: Correlation with the map of the same scan for the cluster it is told
            from; NaN where that was not made, or is the same everywhere.
        random_likeness: Correlation with the map of the same scan by a network of random
            weights; NaN as above.
    """

    confidence: float
    deletion_auc: float
    insertion_auc: float
    random_deletion_auc: float
    random_insertion_auc: float
    drop: float
    increased: bool
    selectivity: float = UNKNOWN
    plain_selectivity: float = UNKNOWN
    other_likeness: float = UNKNOWN
    random_likeness: float = UNKNOWN

    @property
    def beats_plain(self) -> bool:
        """Moves the assignment with less of the scan replaced than the model-free map does."""
        return not self.selectivity - self.plain_selectivity < MORE_THAN_PLAIN

    @property
    def is_of_its_cluster(self) -> bool:
        """Unlike the map of the same scan for the other cluster."""
        return not self.other_likeness >= SAME_MAP

    @property
    def is_of_its_weights(self) -> bool:
        """Unlike the map of the same scan by a network of random weights."""
        return not self.random_likeness >= SAME_MAP

    @property
    def beats_random(self) -> bool:
        """Better than every random map in deletion and in insertion, and not by a trifle."""
        lower = self.random_deletion_auc - self.deletion_auc
        higher = self.insertion_auc - self.random_insertion_auc
        return min(lower, higher) > 0 and lower + higher >= SMALLEST_GAIN

    @property
    def beats_reversed(self) -> bool:
        """Better than the same map upside down."""
        return self.deletion_auc < self.insertion_auc

    @property
    def moved_as_it_should(self) -> bool:
        """Whether the assignment followed the map, and no plainer map does as well."""
        moves = self.beats_random and self.beats_reversed and self.beats_plain
        return moves and self.is_of_its_cluster and self.is_of_its_weights

    @property
    def verdict(self) -> str:
        """The badge of this map."""
        if self.moved_as_it_should:
            return "This map moved the assignment as it should."
        return "This map did not move the assignment as it should."

    def as_dict(self) -> dict[str, float | bool]:
        """Names and values, for a table."""
        return {**asdict(self), "moved_as_it_should": self.moved_as_it_should}


def measure_faithfulness(
    model: ClusterModel,
    images: Tensor,
    maps: ActivationMaps,
    reference: Reference,
    settings: FaithfulnessSettings,
    masks: NDArray[np.bool_] | None = None,
) -> list[Faithfulness]:
    """Put the maps of several scans to the test.

    Args:
        model: The model that the maps explain; given back as it was.
        images: Standardised, shape (n, 1, *grid).
        maps: Their maps.
        reference: Its median image takes the place of what is deleted.
        settings: Steps and random maps.
        masks: Only these voxels are replaced, shape (n, *grid), so that a map cannot
            win by telling the body from its surroundings; None takes the whole grid.

    Returns:
        One result per scan.

    Raises:
        AlignmentError: If shapes differ.
    """
    if images.shape[2:] != maps.raw.shape[1:] or len(images) != len(maps):
        raise AlignmentError(
            f"Images of shape {tuple(images.shape)} do not fit maps of {maps.raw.shape}."
        )
    if masks is not None and masks.shape != maps.raw.shape:
        raise AlignmentError(f"Masks of {masks.shape} do not fit maps of {maps.raw.shape}.")
    images = images.to(next(model.parameters()))
    fill = reference.to(images).image[0, 0]
    judged = []
    with borrowed(model, tuple(fill.shape)), torch.no_grad():
        for row, image in enumerate(images[:, 0]):
            other = int(maps.other[row])
            question = Question(int(maps.cluster[row]), None if other < 0 else other)
            mask = None if masks is None or not masks[row].any() else masks[row]
            trial = _Trial(model, question, image, fill, mask, settings)
            judged.append(trial.judge(maps.raw[row]))
    return judged


def summarize(results: Sequence[Faithfulness]) -> dict[str, float]:
    """Faithfulness of a run.

    Args:
        results: Of its scans.

    Returns:
        Number of scans, mean AUCs, average drop and increase in confidence (shares of
        1) and the share of scans whose map moved the assignment as it should.

    Source:
        Chattopadhay et al. (2018), "Grad-CAM++", WACV, section 4.1.
    """
    if not results:
        return {"n_scans": 0}
    names = ("deletion_auc", "insertion_auc", "random_deletion_auc", "random_insertion_auc")
    means = {name: float(np.mean([getattr(one, name) for one in results])) for name in names}
    return {
        "n_scans": len(results),
        **means,
        "average_drop": float(np.mean([one.drop for one in results])),
        "increase_in_confidence": float(np.mean([one.increased for one in results])),
        "share_moved_as_it_should": float(np.mean([one.moved_as_it_should for one in results])),
    }


@dataclass(frozen=True, eq=False)
class _Trial:
    """One scan, ready to have voxels replaced."""

    model: ClusterModel
    question: Question
    image: Tensor
    fill: Tensor
    mask: NDArray[np.bool_] | None
    settings: FaithfulnessSettings

    def judge(self, signed: Map) -> Faithfulness:
        shown = torch.from_numpy(scale_maps(signed[None])[0]).to(self.image)
        # As Grad-CAM++ multiplies image and map, but what the map hides is the median, not black.
        kept = self.fill + shown * (self.image - self.fill)
        # Curves end where all curves end: nothing replaced, or everything within the mask.
        ends = self.confidence(torch.stack([self.image, self.empty]))
        before, after = float(ends[0]), float(self.confidence(kept[None]))
        deletion, insertion = self.aucs(map_order(signed, self.settings.seed, self.mask), ends)
        seeds = range(self.settings.seed, self.settings.seed + self.settings.n_random)
        how = (signed.shape, self.settings.smooth_voxels, self.settings.seed)
        blind = [self.aucs(random_order(*how, seed), ends) for seed in seeds]
        # A map that is no better than this one tells nothing about the model.
        plain = (self.image - self.fill).abs().cpu().numpy()
        seed, mask = self.settings.seed, self.mask
        return Faithfulness(
            confidence=before,
            deletion_auc=deletion,
            insertion_auc=insertion,
            random_deletion_auc=min(one[0] for one in blind),
            random_insertion_auc=max(one[1] for one in blind),
            drop=max(0.0, before - after) / before if before > 0 else 0.0,
            increased=after > before,
            selectivity=self.selectivity(map_order(signed, seed, mask), ends),
            plain_selectivity=self.selectivity(map_order(plain, seed, mask), ends),
        )

    @functools.cached_property
    def empty(self) -> Tensor:
        """The scan with everything replaced that may be, shape (*grid)."""
        if self.mask is None:
            return self.fill
        # Insertion starts here, not from the fill alone: outside the mask nothing is judged.
        inside = torch.from_numpy(self.mask).to(self.image.device)
        return torch.where(inside, self.fill, self.image)

    def selectivity(self, order: Order, ends: Tensor) -> float:
        """Insertion less deletion AUC where what is replaced is measured by how much it differs.

        The curves run over the share of the squared distance from the fill that has been
        replaced, not over the number of voxels: to replace everything that is bright at once
        is dear, and voxels that hardly differ cost nothing, so that maps of any resolution
        are held against each other fairly.
        """
        inside = order if self.mask is None else order[self.mask.ravel()[order]]
        energy = (self.image - self.fill).square().double().cpu().numpy().ravel()[inside]
        spent = np.cumsum(energy)
        fractions = np.linspace(0, 1, self.settings.n_steps + 1)[1:-1]
        counts = np.searchsorted(spent, fractions * spent[-1], side="right")
        deletion, insertion = self.aucs(order, ends, counts)
        return insertion - deletion

    def aucs(
        self, order: Order, ends: Tensor, n_replaced: NDArray[np.intp] | None = None
    ) -> tuple[float, float]:
        """Deletion and insertion AUC of an order of voxels.

        Args:
            order: Flat indices of voxels of the grid, the first one is replaced first.
            ends: Confidence with no voxel replaced, and with all of them.
            n_replaced: Voxels that are replaced at each step but the first and the last; None
                replaces as many at every step.
        """
        ranks = torch.from_numpy(self.ranks(order)).to(self.image.device)
        n_voxels = ranks.numel() if self.mask is None else int(self.mask.sum())
        fractions = np.linspace(0, 1, self.settings.n_steps + 1)
        wanted = np.round(fractions[1:-1] * n_voxels) if n_replaced is None else n_replaced
        counts = torch.tensor(wanted, device=self.image.device)
        deleted, inserted = [ends[:1]], [ends[1:]]
        size = max(1, self.settings.chunk_voxels // ranks.numel())
        for part in torch.split(counts, size):
            first = ranks < part.to(ranks.dtype).reshape(-1, *[1] * ranks.ndim)
            deleted.append(self.confidence(torch.where(first, self.fill, self.image)))
            inserted.append(self.confidence(torch.where(first, self.image, self.empty)))
        deleted.append(ends[1:])
        inserted.append(ends[:1])
        return area_under(torch.cat(deleted), fractions), area_under(torch.cat(inserted), fractions)

    def ranks(self, order: Order) -> Order:
        """Place of each voxel in an order, from 0, shape (*grid); outside the mask the last."""
        inside = order if self.mask is None else order[self.mask.ravel()[order]]
        # Above every count, so that voxels outside the mask are never replaced.
        n_voxels = self.image.numel()
        ranks = np.full(n_voxels, n_voxels, dtype=np.int32)
        ranks[inside] = np.arange(inside.size, dtype=np.int32)
        return ranks.reshape(self.image.shape)

    def confidence(self, images: Tensor) -> Tensor:
        """Probability of the cluster, shape (n,), of images, shape (n, *grid)."""
        return self.question.confidence(self.model.log_assign(images[:, None]))
