"""Maps against known lesions: distractor share, enrichment, pointing game, AUROC."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

Map = NDArray[np.floating]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LesionTruth:
    """How well one map finds a known lesion; NaN where it cannot be said.

    Attributes:
        lesion_share: See `lesion_share`; NaN without a distractor.
        peak_on_lesion: Whether the map is higher somewhere on the lesion than
            anywhere on the distractor; None without a distractor.
        enrichment: See `energy_enrichment`.
        hit: See `is_hit`.
        hit_nearby: The same within a tolerance.
        auroc: See `auroc`.
    """

    lesion_share: float
    peak_on_lesion: bool | None
    enrichment: float
    hit: bool
    hit_nearby: bool
    auroc: float

    def as_dict(self) -> dict[str, float | bool | None]:
        """Names and values, for a table."""
        return asdict(self)


def score_against_truth(
    activation_map: Map, lesion: Mask, distractor: Mask | None = None, tolerance_voxels: float = 4
) -> LesionTruth:
    """Hold a map against the lesion that makes the scan's cluster.

    Args:
        activation_map: Shape (*grid); negative values count as zero.
        lesion: Voxels of the lesion, same shape.
        distractor: An equal blob that every scan has, same shape, or None.
        tolerance_voxels: For `hit_nearby`.

    Returns:
        All scores.

    Raises:
        AlignmentError: If shapes differ.
    """
    share, peak = float("nan"), None
    if distractor is not None:
        share = lesion_share(activation_map, lesion, distractor)
        shown = _positive(activation_map, distractor)
        if lesion.any() and distractor.any():
            peak = bool(shown[lesion].max() > shown[distractor].max())
    return LesionTruth(
        lesion_share=share,
        peak_on_lesion=peak,
        enrichment=energy_enrichment(activation_map, lesion),
        hit=is_hit(activation_map, lesion),
        hit_nearby=is_hit(activation_map, lesion, tolerance_voxels),
        auroc=auroc(activation_map, lesion),
    )


def lesion_share(activation_map: Map, lesion: Mask, distractor: Mask) -> float:
    """Mean on the lesion over the sum of the means on lesion and distractor.

    Args:
        activation_map: Shape (*grid); negative values count as zero.
        lesion: Same shape.
        distractor: Same shape.

    Returns:
        1 if the map avoids the distractor, 0.5 if it cannot tell the two apart;
        NaN if either is empty or the map is zero on both.
    """
    shown = _positive(activation_map, lesion)
    _positive(activation_map, distractor)
    if not lesion.any() or not distractor.any():
        return float("nan")
    on_lesion, on_distractor = float(shown[lesion].mean()), float(shown[distractor].mean())
    total = on_lesion + on_distractor
    return on_lesion / total if total > 0 else float("nan")


def energy_enrichment(activation_map: Map, lesion: Mask) -> float:
    """Share of the map's energy on the lesion over the lesion's share of the voxels.

    Args:
        activation_map: Shape (*grid); negative values count as zero.
        lesion: Same shape.

    Returns:
        1 for a map that is the same everywhere; NaN for an empty map or lesion.
    """
    shown = _positive(activation_map, lesion)
    total = float(shown.sum())
    if total <= 0 or not lesion.any():
        return float("nan")
    return float(shown[lesion].sum()) / total / float(lesion.mean())


def is_hit(activation_map: Map, lesion: Mask, tolerance_voxels: float = 0) -> bool:
    """Pointing game: whether the peak of the map lies on the lesion, or near it.

    Args:
        activation_map: Shape (*grid); negative values count as zero. Of several equal
            peaks the first in index order counts.
        lesion: Same shape.
        tolerance_voxels: Largest distance from the lesion that still counts.

    Returns:
        False for a map without a peak, and for an empty lesion.

    Source:
        Zhang et al. (2018), "Top-down neural attention by excitation backprop",
        IJCV 126, section 4.2.
    """
    shown = _positive(activation_map, lesion)
    if not lesion.any() or shown.max() <= shown.min():
        return False
    peak = np.unravel_index(int(shown.argmax()), shown.shape)
    offsets = np.argwhere(lesion) - np.array(peak)
    return bool(np.square(offsets).sum(axis=1).min() <= tolerance_voxels**2)


def auroc(activation_map: Map, lesion: Mask) -> float:
    """Probability that a lesion voxel has a higher value than another voxel; ties count half.

    Args:
        activation_map: Shape (*grid); negative values count as zero.
        lesion: Same shape.

    Returns:
        0.5 for a map that tells nothing; NaN if the lesion is empty or everything.

    Source:
        Hanley & McNeil (1982), Radiology 143: the Mann-Whitney statistic.
    """
    from scipy.stats import rankdata

    shown = _positive(activation_map, lesion)
    n_lesion = int(lesion.sum())
    n_rest = lesion.size - n_lesion
    if n_lesion == 0 or n_rest == 0:
        return float("nan")
    ranks = rankdata(shown).reshape(shown.shape)
    # Mann-Whitney U: the rank sum less the least that it can be.
    above = float(ranks[lesion].sum()) - n_lesion * (n_lesion + 1) / 2
    return above / (n_lesion * n_rest)


def _positive(activation_map: Map, mask: Mask) -> NDArray[np.float64]:
    """Positive part of a map that has the mask's shape."""
    if activation_map.shape != mask.shape:
        raise AlignmentError(
            f"A map of shape {activation_map.shape} does not fit a mask of shape {mask.shape}."
        )
    return np.maximum(activation_map, 0).astype(np.float64)
