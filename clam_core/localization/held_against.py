"""Maps beside other maps of the same scans, which must say something else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.localization.faithfulness import UNKNOWN, Faithfulness
from clam_core.models import ClusterModel
from clam_core.models.borrowed import borrowed

Map = NDArray[np.floating]


def hold_against(
    tested: list[Faithfulness],
    maps: Map,
    masks: NDArray[np.bool_] | None = None,
    *,
    other: Map | None = None,
    random: Map | None = None,
) -> list[Faithfulness]:
    """Add what maps look like beside other maps of the same scans.

    Args:
        tested: Of `measure_faithfulness`.
        maps: The maps, shape (n, *grid).
        masks: Only these voxels are compared, shape (n, *grid); None takes the whole grid.
        other: Maps of the same scans for the cluster that each is told from, same shape.
        random: Maps for the same cluster by a network of random weights, same shape.

    Returns:
        The same results with `other_likeness` and `random_likeness`.
    """
    found = []
    for row, one in enumerate(tested):
        inside = np.ones(maps.shape[1:], bool) if masks is None else masks[row]
        own = maps[row][inside]
        alike = [
            UNKNOWN if them is None else _likeness(own, them[row][inside])
            for them in (other, random)
        ]
        found.append(replace(one, other_likeness=alike[0], random_likeness=alike[1]))
    return found


def next_cluster(model: ClusterModel, image: Tensor, cluster: int) -> int:
    """The most probable cluster of a scan but one.

    Args:
        model: From image to probabilities.
        image: Standardised, shape (1, 1, *grid).
        cluster: The one that is left out, from 0.

    Returns:
        Its number, from 0.
    """
    with borrowed(model, tuple(image.shape[2:])), torch.no_grad():
        likely = model.log_assign(image.to(next(model.parameters())))[0].clone()
    likely[cluster] = -torch.inf
    return int(likely.argmax())


def _likeness(first: Map, second: Map) -> float:
    """Correlation of what two maps show; NaN if one of them is the same everywhere."""
    one, other = (np.maximum(part, 0).astype(np.float64) for part in (first, second))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return UNKNOWN
    return float(np.corrcoef(one, other)[0, 1])
