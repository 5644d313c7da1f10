"""Other maps by name, to hold beside the default: relatives of Score-CAM, Grad-CAM, occlusion."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from clam_core.localization.masking import (
    Masking,
    channel_scores,
    chosen_channels,
    positive,
    weighted_sum,
)
from clam_core.localization.task import ScanMap, Task


def score_cam_map(image: Tensor, task: Task) -> ScanMap:
    """Score-CAM: weights are the softmax of the probability's increase over a baseline.

    Channels are scaled to [0, 1] over their nodes before upsampling, as torch-cam does.
    The baseline's score is the same for every channel and cancels in the softmax.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer and channels.

    Returns:
        The map; it has no negative part.

    Source:
        Wang et al. (2020), "Score-CAM", CVPR workshops, equations 5-8; torch-cam 0.5.
    """
    with torch.no_grad():
        channels = chosen_channels(task.model.activations(image, task.layer), task)
        how = Masking(scaled="nodes")
        scores = channel_scores(image, channels, task, how, task.question.weight)
        return positive(weighted_sum(channels, scores.softmax(dim=0), task))


def contrast_map(image: Tensor, task: Task) -> ScanMap:
    """The paper's map with weights q_c less the mean of the other clusters' probabilities.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer and channels.

    Returns:
        The map, with its sign.
    """
    question = task.question

    def score(log_assignment: Tensor) -> Tensor:
        if question.other is not None:
            return question.weight(log_assignment)
        own = log_assignment[:, question.cluster].exp()
        # The others add up to 1 - q_c, so this is their mean.
        return own - (1 - own) / (log_assignment.shape[1] - 1)

    with torch.no_grad():
        channels = chosen_channels(task.model.activations(image, task.layer), task)
        weights = channel_scores(image, channels, task, Masking(), score)
        return ScanMap(weighted_sum(channels, weights, task))


def median_masking_map(image: Tensor, task: Task) -> ScanMap:
    """The paper's masks, but the cohort's median image shows where they are zero.

    The weight of a channel is the increase of the log-odds over the median image.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer, channels and reference.

    Returns:
        The map, with its sign.
    """
    fill = task.needed_reference.image
    with torch.no_grad():
        channels = chosen_channels(task.model.activations(image, task.layer), task)
        how = Masking(fill=fill)
        scores = channel_scores(image, channels, task, how, task.question.log_odds)
        weights = scores - task.question.log_odds(task.model.log_assign(fill))
        return ScanMap(weighted_sum(channels, weights, task))


def grad_cam_map(image: Tensor, task: Task) -> ScanMap:
    """Grad-CAM on log q: each channel weighted by its mean gradient.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer and channels.

    Returns:
        The map; for a pair its sign is kept.

    Source:
        Selvaraju et al. (2017), "Grad-CAM", ICCV, equations 1 and 2.
    """
    with torch.enable_grad():
        activation = task.model.activations(image, task.layer).detach().requires_grad_()
        log_assignment = task.model.log_assign_from(activation, task.layer)
        score = task.question.log_probability(log_assignment).sum()
    gradient = torch.autograd.grad(score, activation)[0]
    weights = chosen_channels(gradient, task).flatten(1).mean(dim=1)
    values = weighted_sum(chosen_channels(activation.detach(), task), weights, task)
    return positive(values) if task.question.other is None else ScanMap(values)


def occlusion_map(image: Tensor, task: Task) -> ScanMap:
    """How much the log-odds fall when a cube is replaced by the cohort's median image.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, edge of the cubes and reference.

    Returns:
        The map, constant within each cube; where it is negative, the cube spoke
        against the cluster.

    Source:
        Zeiler & Fergus (2014), "Visualizing and understanding convolutional
        networks", ECCV, section 4.2.
    """
    fill = task.needed_reference.image[0, 0]
    signed = torch.zeros_like(image[0, 0])
    edge = task.settings.occlusion_voxels
    starts = itertools.product(*[range(0, n, edge) for n in signed.shape])
    boxes = [tuple(slice(start, start + edge) for start in corner) for corner in starts]
    size = task.chunk(image)
    with torch.no_grad():
        whole = task.question.log_odds(task.model.log_assign(image))
        for first in range(0, len(boxes), size):
            part = boxes[first : first + size]
            occluded = image.repeat(len(part), *[1] * (image.ndim - 1))
            for one, box in zip(occluded[:, 0], part, strict=True):
                one[box] = fill[box]
            scores = task.question.log_odds(task.model.log_assign(occluded))
            for box, score in zip(part, scores, strict=True):
                signed[box] = whole[0] - score
    return ScanMap(signed)


def difference_map(image: Tensor, task: Task) -> ScanMap:
    """Distance of each voxel from the cohort's median image; no model is asked.

    A map that is no better than this one tells nothing about the model.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Its reference.

    Returns:
        The map; it has no negative part.
    """
    return positive((image - task.needed_reference.image).abs()[0, 0])
