"""Zonal features of a cohort: knots, mean and principal axes, in two passes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import StudyError
from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels, axes_without
from clam_core.fitting.principal_axes import principal_axes
from clam_core.models import Autoencoder, ZonalFeatures, ZonalKind
from clam_core.models.zonal_features import core_of, responses
from clam_core.settings import FitSettings
from clam_core.training import CohortImages, encode_with
from clam_core.training.memory import Parts

PERCENTILES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
"""Percentiles of the cohort's values inside the masks; each is a knot of texture."""
ENDS, N_FINE = (0.5, 99.5), 48
"""Percentiles between which as many knots of density lie at equal distances."""
MOST_AXES = 10
"""Principal axes of densities, at least; the fit keeps those that show groups."""
EDGES = (0.0, 0.1, 0.4, 0.6, 0.9, 1.0)
"""Shares of a zone that bands of values lie between: the darkest tenth, and so on."""
STILL = 1e-6
"""Share of the mean spread below which a mean value does not differ from scan to scan."""
FEW_SCANS, LEAST_CORE = 20, 0.4
"""Scans whose masks are looked at, and share of a mask that must be left without its surface."""
MOST_SCANS, MOST_VOXELS = 100, 20_000
"""Scans, and voxels of each, that the percentiles are taken over."""
FEW_VOXELS = 40
"""Grids with fewer voxels along an axis have nodes of 2 voxels, others of 4."""
FLOOR_SHARE = 0.3
"""Share of the mean spread of the sums that is added (as squares) to the spread of each."""
BATCH_VOXELS = 1 << 20
"""Voxels that are looked at at once: each has a share at all knots."""


def make_zonal(
    what: Literal["density", "texture"],
    autoencoder: Autoencoder,
    images: CohortImages,
    settings: FitSettings,
    technical: TechnicalLevels | None = None,
) -> tuple[ZonalFeatures, NDArray[np.float64]]:
    """Fit zonal features to a cohort.

    Of densities, mean values of five bands of each zone in units of their spread are projected
    to their principal axes. Of texture, shares near knots are added up from below (how much of
    a zone is at most that rough), in units of their spread, and projected to the principal axes of
    each zone.

    Args:
        what: `density` or `texture`.
        autoencoder: Tells the grid; its weights have no part.
        images: The cohort, its scale with a background `apart`.
        settings: Number of features, seed.
        technical: Whose directions are taken out before axes are found; None takes out nothing.

    Returns:
        The features, and those of each scan, shape (n_scans, n_features).

    Raises:
        StudyError: If all values are equal.
    """
    how = ZonalKind(
        what,
        edges=EDGES if what == "density" else (),
        n_zones=3 if images.scale.is_masked and len(images.grid) == 3 else 1,
        block=2 if min(autoencoder.padded) < FEW_VOXELS else 4,
        steady=True,
        is_core=what == "density" and _has_core(images),
    )
    floor = torch.tensor(_floor(images))
    knots = _knots(how, floor, images, settings.seed)
    n_shares = how.n_zones * knots.numel()
    features = ZonalFeatures(how, floor, knots, torch.zeros(n_shares), torch.eye(n_shares))
    size = max(1, min(settings.train.batch_size, BATCH_VOXELS // int(np.prod(images.grid))))
    shares = encode_with(
        lambda batch: [features.shares(features.look(batch, autoencoder))],
        autoencoder,
        images,
        Parts(size, []),
    )[0].double()
    numbers = features.numbers(shares.float()).double()
    mean = numbers.mean(dim=0)
    project = _across if what == "density" else _in_each_zone
    n_axes = max(settings.n_features, MOST_AXES) if what == "density" else settings.n_features
    components = project(numbers - mean, how, n_axes, technical)
    features.mean, features.components = mean.float(), components.float()
    return features, ((numbers - mean) @ components).numpy()


def _has_core(images: CohortImages) -> bool:
    """Whether masks are thick enough to be looked at without their surface."""
    if not images.scale.is_masked or len(images.grid) != 3:
        return False
    floor = torch.tensor(_floor(images))
    rows = np.unique(np.linspace(0, len(images) - 1, FEW_SCANS).astype(int))
    inside = torch.cat([images.batch(torch.tensor([row]))[:, 0] >= floor for row in rows])
    kept = core_of(inside).flatten(1).sum(dim=1) / inside.flatten(1).sum(dim=1).clamp_min(1)
    return float(kept.median()) >= LEAST_CORE


def _across(
    centered: Tensor,
    how: ZonalKind,  # noqa: ARG001
    n_axes: int,
    technical: TechnicalLevels | None,
) -> Tensor:
    """From mean values to their principal axes, over all zones; each in units of its spread."""
    spread = _spread(centered, technical)
    # Of what does not differ at all the spread is rounding, which must not be blown up.
    still = spread <= STILL * spread.mean()
    units = torch.where(still, 0.0, 1 / torch.where(still, 1.0, spread))
    return units[:, None] * axes_without(technical, centered * units, min(n_axes, *centered.shape))


def _in_each_zone(
    centered: Tensor, how: ZonalKind, n_axes: int, technical: TechnicalLevels | None
) -> Tensor:
    """From shares, added up from below, to the principal axes of each zone.

    Each zone for itself: an axis across zones would let one speak in the place of another.
    """
    units = _added_up(len(centered.T) // len(PERCENTILES))
    spread = _spread(centered @ units, technical)
    # With a floor: dividing what hardly differs by its spread alone would blow it up.
    units = units / torch.hypot(spread, FLOOR_SHARE * spread.mean()).clamp_min(1e-12)
    # Taken out over all zones: within each, a disease that is as rough as the noise would go, too.
    kept = None if technical is None else technical.projection(centered @ units)
    units = units if kept is None else units @ kept
    per_zone = max(1, round(n_axes / how.n_zones))
    parts = torch.split(centered @ units, len(units) // how.n_zones, dim=1)
    return units @ _in_blocks([principal_axes(part, per_zone) for part in parts])


def _spread(centered: Tensor, technical: TechnicalLevels | None) -> Tensor:
    """Standard deviation of each number; within levels where these are to differ no more."""
    rows = centered if technical is None else technical.residuals(centered)
    return rows.std(dim=0, correction=0)


def _floor(images: CohortImages) -> float:
    """Standardised value half way between the window's low end and what fills the background."""
    scale = images.scale
    if scale.background is None:
        return -float(np.finfo(np.float32).max)
    return ((scale.low + scale.background) / 2 - scale.mean) / scale.sd


def _knots(how: ZonalKind, floor: Tensor, images: CohortImages, seed: int) -> Tensor:
    """Percentiles of what is looked at inside the masks, shape (n_responses, n_knots)."""
    rng = np.random.default_rng(seed)
    rows = np.unique(np.linspace(0, len(images) - 1, MOST_SCANS).astype(int))
    drawn: list[NDArray[np.float32]] = []
    for row in rows.tolist():
        image = images.batch(torch.tensor([row]))
        # The surface too, whose values reach further: knots must not end below a bright lesion.
        inside = image >= floor
        seen = responses(image, inside, how.what)[0].flatten(1)[:, inside.flatten()]
        chosen = rng.permutation(seen.shape[1])[:MOST_VOXELS]
        drawn.append(seen[:, torch.from_numpy(chosen)].numpy())
    wanted = ENDS if how.what == "density" else PERCENTILES
    values = np.percentile(np.concatenate(drawn, axis=1), wanted, axis=1).T
    span = values[:, -1:] - values[:, :1]
    if not (span > 0).all():
        raise StudyError(
            "The scans hardly differ in any value inside their masks; there is nothing to group."
        )
    if how.what == "density":
        return torch.from_numpy(np.linspace(values[:, 0], values[:, 1], N_FINE, axis=1)).float()
    # Equal percentiles (much air) would be knots without a distance: they are drawn apart a little.
    rising = np.maximum.accumulate(values, axis=1) + span * np.linspace(0, 1e-4, values.shape[1])
    return torch.from_numpy(rising).float()


def _added_up(n_parts: int) -> Tensor:
    """Matrix that adds up shares from the lowest knot on, separately for each part."""
    n_knots = len(PERCENTILES)
    return _in_blocks([torch.triu(torch.ones(n_knots, n_knots, dtype=torch.float64))] * n_parts)


def _in_blocks(parts: list[Tensor]) -> Tensor:
    """Matrices along the diagonal of one."""
    from scipy.linalg import block_diag

    return torch.from_numpy(block_diag(*(part.numpy() for part in parts)))
