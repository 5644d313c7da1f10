"""The default map: activation channels with a confidence per channel and position."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clam_core.localization.along_inputs import nodes_along
from clam_core.localization.task import ScanMap, Task
from clam_core.localization.upsample import upsample
from clam_core.models.brought.encoder import CalledEncoder

TOLERANCE = 0.01
"""The sum of a map may miss l(A) - l(R) by this share before the steps are doubled."""

SMALLEST_CHANGE = 1e-3
"""A change of log-odds below this counts as this when errors are made relative to it."""

# Activation values that gradients are taken of at once; bounds memory for any number of steps.
_CHUNK_NODES = 1 << 21


def integrated_map(image: Tensor, task: Task) -> ScanMap:
    """Integrate the gradient of the log-odds from the cohort's median activation to the scan's.

    With A the scan's activation, R the median and l the log-odds of the cluster,
    w_k(v) is the mean of dl / dA_k(v) over midpoint steps from R to A, and the signed
    map is U(sum_k w_k(v) (A_k(v) - R_k(v)) - B(v)). B is the backdrop, the mean of the
    first term over scans of the other clusters, or 0 where the reference has none.
    Before B is taken off, the nodes add up to l(A) - l(R).

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer, steps and reference.

    Returns:
        Signed map, nodes, error of the sum and steps taken.

    Source:
        Sundararajan, Taly & Yan (2017), "Axiomatic attribution for deep networks",
        ICML, equations 1 and 3, applied at an inner layer.
    """
    integral = integrate(image, task)
    nodes = integral.nodes
    backdrop = task.needed_reference.backdrop.get((task.question.cluster, task.question.other))
    if backdrop is not None:
        nodes = nodes - backdrop.to(nodes)
    signed = upsample(nodes[None], task.model.autoencoder)[0]
    return ScanMap(signed, nodes, integral.error, integral.n_steps)


@dataclass(frozen=True, eq=False)
class Integrated:
    """The nodes of one scan.

    Attributes:
        nodes: Contribution of each node to l(A) - l(R), shape (*size of the layer).
        error: |sum of nodes - (l(A) - l(R))| relative to l(A) - l(R).
        n_steps: Midpoint steps that were taken.
    """

    nodes: Tensor
    error: float
    n_steps: int


def integrate(image: Tensor, task: Task) -> Integrated:
    """What each node of a layer adds to the log-odds between the median and the scan.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer, steps and reference.

    Returns:
        Nodes summed over channels; the steps are doubled until they add up.
    """
    if isinstance(task.model.autoencoder, CalledEncoder):
        return _integrate_along(image, task, task.model.autoencoder)
    start = task.needed_reference.activation
    with torch.no_grad():
        end = task.model.activations(image, task.layer)
        scores = _log_odds(task, torch.cat([start, end]))
        change = float(scores[1] - scores[0])
    difference = end - start
    n_steps = task.settings.n_steps
    while True:
        nodes = _mean_gradient(task, start, difference, n_steps) * difference
        error = _error(nodes, change)
        # A map that still misses at `max_steps` is given all the same: its error is stored with it.
        if error <= TOLERANCE or 2 * n_steps > task.settings.max_steps:
            return Integrated(nodes.sum(dim=1)[0], error, n_steps)
        n_steps *= 2


def _integrate_along(image: Tensor, task: Task, encoder: CalledEncoder) -> Integrated:
    """The same where the layer can only be followed along a path of inputs."""
    n_steps = task.settings.n_steps
    while True:
        nodes, change = nodes_along(image, task, encoder, n_steps)
        error = _error(nodes, change)
        if error <= TOLERANCE or 2 * n_steps > task.settings.max_steps:
            return Integrated(nodes, error, n_steps)
        n_steps *= 2


def _error(nodes: Tensor, change: float) -> float:
    """How far the sum of the nodes is from the change of the log-odds, relative to it."""
    missed = abs(float(nodes.sum(dtype=torch.float64)) - change)
    return missed / max(abs(change), SMALLEST_CHANGE)


def _log_odds(task: Task, activation: Tensor) -> Tensor:
    return task.question.log_odds(task.model.log_assign_from(activation, task.layer))


def _mean_gradient(task: Task, start: Tensor, difference: Tensor, n_steps: int) -> Tensor:
    """Mean of dl / dA over midpoints from `start` to its end, shape of the activation."""
    per_chunk = max(1, _CHUNK_NODES // difference.numel())
    total = torch.zeros_like(difference)
    # Midpoints (s - 1/2) / S of the method's equation.
    positions = (torch.arange(n_steps, device=start.device, dtype=start.dtype) + 0.5) / n_steps
    for part in torch.split(positions, per_chunk):
        weight = part.reshape(-1, *[1] * (difference.ndim - 1))
        with torch.enable_grad():
            points = (start + weight * difference).requires_grad_()
            # Points do not mix in the network: the gradient of the sum holds each point's own.
            score = _log_odds(task, points).sum()
        total += torch.autograd.grad(score, points)[0].sum(dim=0, keepdim=True)
    return total / n_steps
