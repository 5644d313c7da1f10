"""Principal axes with a fixed sign."""

from __future__ import annotations

import torch
from torch import Tensor


def principal_axes(centered: Tensor, n_axes: int) -> Tensor:
    """Axes of largest variance, with a fixed sign.

    Args:
        centered: Shape (n_scans, n_values), each column with mean 0.
        n_axes: How many, at most as many as there are.

    Returns:
        Orthonormal columns, shape (n_values, n_axes).
    """
    _, _, axes = torch.linalg.svd(centered, full_matrices=False)
    axes = axes[:n_axes].T
    largest = axes.abs().argmax(dim=0)
    # The sign of a singular vector is arbitrary and differs between machines.
    sign = axes.gather(0, largest[None]).sign()
    signed: Tensor = axes * torch.where(sign == 0, 1.0, sign)
    return signed
