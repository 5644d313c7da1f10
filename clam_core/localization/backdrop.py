"""What maps have in common: the mean integrated map of scans of the other clusters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import AlignmentError
from clam_core.localization.integrated import integrate
from clam_core.localization.reference import Reference
from clam_core.localization.task import Question, Task
from clam_core.models import ClusterModel
from clam_core.models.borrowed import borrowed
from clam_core.settings import LocalizeSettings

MAX_SCANS = 32
"""Most scans that the backdrop of one question is the mean of."""


def add_backdrop(
    model: ClusterModel,
    reference: Reference,
    cohort: Iterable[Tensor],
    clusters: NDArray[np.int64],
    settings: LocalizeSettings,
) -> Reference:
    """Add what the maps of the other clusters' scans show, where the same question is asked.

    Every scan differs from the cohort's median somewhere, and a structure that all scans
    have, each at a slightly other place, gets some of every map. The mean over scans of
    the other clusters is what a map shows without the cluster; it is taken off. The
    nodes of a map then add up to l(A) less the mean of l over those scans.

    Args:
        model: From image to probabilities; given back as it was.
        reference: The cohort's medians.
        cohort: Standardised images in batches, each of shape (n, 1, *grid).
        clusters: Cluster of each scan of the cohort, from 0, shape (n_scans,).
        settings: Target, steps and seed; the layer is that of the reference.

    Returns:
        The reference with the mean nodes of each question of the target; unchanged
        where there is no scan of another cluster.

    Raises:
        AlignmentError: If the cohort has another number of scans than `clusters`.
    """
    wanted = {
        question: _draw(clusters, question, settings.seed)
        for question in target_questions(settings, model.n_clusters)
    }
    sums: dict[Question, Tensor] = {}
    row = 0
    parameter = next(model.parameters())
    bare = replace(reference.to(parameter), backdrop={})
    with borrowed(model, tuple(bare.image.shape[2:])):
        for batch in cohort:
            # One by one, as `make_maps` does, so that a map does not depend on its neighbors.
            for image in batch.to(parameter)[:, None]:
                for question in (q for q, rows in wanted.items() if row in rows):
                    task = Task(model, question, reference.layer, settings, bare)
                    nodes = integrate(image, task).nodes.double()
                    sums[question] = nodes + sums.get(question, torch.zeros_like(nodes))
                row += 1
    if row != len(clusters):
        raise AlignmentError(f"{row} scans do not fit clusters of shape {clusters.shape}.")
    means = {(q.cluster, q.other): (s / len(wanted[q])).float() for q, s in sums.items()}
    return replace(reference, backdrop=means)


def target_questions(settings: LocalizeSettings, n_clusters: int) -> list[Question]:
    """The questions that maps of a target ask: one per cluster for `own`."""
    target = settings.target
    if target == "own":
        return [Question(cluster) for cluster in range(n_clusters)]
    numbers = target if isinstance(target, tuple) else (int(target),)
    return [Question(*[number - 1 for number in numbers])]


def _draw(clusters: NDArray[np.int64], question: Question, seed: int) -> set[int]:
    """Rows of scans of the clusters that the question holds against its own."""
    is_other = clusters != question.cluster
    if question.other is not None:
        is_other = clusters == question.other
    rows = np.flatnonzero(is_other)
    if len(rows) > MAX_SCANS:
        rows = np.random.default_rng(seed).choice(rows, MAX_SCANS, replace=False)
    return {int(row) for row in rows}
