"""Integrated gradients at a layer whose activations can be seen, but not set."""

from __future__ import annotations

import torch
from torch import Tensor

from clam_core.localization.task import Task
from clam_core.models.brought.encoder import BroughtFeatures, CalledEncoder


def nodes_along(
    image: Tensor, task: Task, encoder: CalledEncoder, n_steps: int
) -> tuple[Tensor, float]:
    """What each node of the encoder's layer adds to the log-odds, from the median image on.

    Activations of a program from elsewhere cannot be set, so the path does not lead straight
    from one activation to the other: it is the image of the straight path of inputs
    x(t) = m + t (X - m). With A_j the activations at t = j / S and g_j the gradient of l there,

        n(v) = sum_k sum_j (g_j + g_(j+1))_k(v) / 2 * (A_(j+1) - A_j)_k(v)

    is a line integral, so that the nodes add up to l(X) - l(m) whatever the path, if
    nothing goes past the layer.

    Args:
        image: One scan as the encoder is given it, shape (1, 1, *grid).
        task: Question and reference, whose median image the path begins at.
        encoder: Calls the program.
        n_steps: Steps of the path.

    Returns:
        Nodes, shape (*size of the layer), and l(X) - l(m).

    Source:
        Sundararajan, Taly & Yan (2017), "Axiomatic attribution for deep networks", ICML,
        section 3, remark 2 (path methods), at an inner layer.
    """
    start = task.needed_reference.image
    shares = torch.linspace(0, 1, n_steps + 1).reshape(-1, *[1] * (image.ndim - 1))
    points = torch.cat([start + share * (image - start) for share in shares])
    with torch.no_grad():
        codes = encoder.latent(points)
    features = task.model.features
    if not isinstance(features, BroughtFeatures):
        raise TypeError("a layer is followed along inputs for encoders from elsewhere only")
    with torch.enable_grad():
        codes = codes.clone().requires_grad_()
        scores = task.question.log_odds(task.model.head(features.of_codes(codes)))
        (gradients,) = torch.autograd.grad(scores.sum(), codes)
    return encoder.nodes(start, image, gradients), float((scores[-1] - scores[0]).detach())
