"""What maps have in common: the mean integrated map of scans of the other clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    asked = asked_rows(clusters, settings, model.n_clusters)
    found: dict[int, list[Tensor]] = {}
    row = 0
    for batch in cohort:
        # One by one, as `make_maps` does, so that a map does not depend on its neighbors.
        for image in batch[:, None]:
            if row in asked:
                found[row] = bare_nodes(model, image, reference, asked[row], settings)
            row += 1
    if row != len(clusters):
        raise AlignmentError(f"{row} scans do not fit clusters of shape {clusters.shape}.")
    return with_backdrop(reference, asked, found)


def asked_rows(
    clusters: NDArray[np.int64], settings: LocalizeSettings, n_clusters: int
) -> dict[int, list[Question]]:
    """Rows of the scans that a backdrop is the mean of, and for which questions each is."""
    asked: dict[int, list[Question]] = {}
    for question in target_questions(settings, n_clusters):
        for row in _draw(clusters, question, settings.seed):
            asked.setdefault(row, []).append(question)
    return dict(sorted(asked.items()))


def bare_nodes(
    model: ClusterModel,
    image: Tensor,
    reference: Reference,
    questions: Sequence[Question],
    settings: LocalizeSettings,
) -> list[Tensor]:
    """Nodes of one scan's integrated map for each question, without a backdrop.

    Args:
        model: From image to probabilities; given back as it was.
        image: Standardised, shape (1, 1, *grid).
        reference: The cohort's medians.
        questions: What is explained.
        settings: Steps.
    """
    parameter = next(model.parameters())
    bare = replace(reference.to(parameter), backdrop={})
    with borrowed(model, tuple(bare.image.shape[2:])):
        tasks = [Task(model, question, bare.layer, settings, bare) for question in questions]
        return [integrate(image.to(parameter), task).nodes for task in tasks]


def with_backdrop(
    reference: Reference,
    asked: Mapping[int, Sequence[Question]],
    found: Mapping[int, Sequence[Tensor]],
) -> Reference:
    """The reference with the mean nodes of each question.

    Args:
        reference: The cohort's medians.
        asked: Questions by row, as `asked_rows` gives them.
        found: Nodes by row, for each of its questions.
    """
    sums: dict[Question, Tensor] = {}
    counts: Counter[Question] = Counter()
    # In the order of rows, whatever order they were found in: a sum in another order differs.
    for row, questions in sorted(asked.items()):
        for question, nodes in zip(questions, found[row], strict=True):
            added = nodes.double()
            sums[question] = added + sums.get(question, torch.zeros_like(added))
            counts[question] += 1
    means = {(q.cluster, q.other): (s / counts[q]).float() for q, s in sums.items()}
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
