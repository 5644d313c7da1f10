"""The paper's map: activation channels weighted by what the model says to the masked scan."""

from __future__ import annotations

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


def paper_map(image: Tensor, task: Task) -> ScanMap:
    """Weight each channel by the cluster's probability for the image masked by it.

    With A_k the channels of the layer and U the upsampling to the grid, H_k is U(A_k)
    scaled to [0, 1] over the scan, w_k = q_c(f(X o H_k)), map = ReLU(sum_k w_k U(A_k)).
    X is the standardised input, so that X o H_k is the cohort's mean where H_k is zero.
    A constant channel has H_k = 0, as 0 / 0 has to be something: its weight is that of
    the all-zero image. For "A rather than B" the weights are q_A - q_B.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        task: Question, layer and channels.

    Returns:
        The map; for a pair its sign is kept.

    Source:
        Ryan et al. (2022), J. Med. Imaging 9(2), section 2.4. Their published script
        loops over channels 0 to 10 of 64; `channels=range(11)` gives that.
    """
    with torch.no_grad():
        channels = chosen_channels(task.model.activations(image, task.layer), task)
        weights = channel_scores(image, channels, task, Masking(), task.question.weight)
        values = weighted_sum(channels, weights, task)
    return positive(values) if task.question.other is None else ScanMap(values)
