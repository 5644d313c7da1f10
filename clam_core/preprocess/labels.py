"""Tell a label map (a mask) from an image by its values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.preprocess.memory_order import as_stored, sample

_FEW, _MANY = 8, 256
_EQUAL_NEIGHBOURS = 0.8


def looks_like_labels(array: NDArray[np.generic]) -> bool:
    """Whether an array holds labels: very few values, or few in flat patches.

    Args:
        array: Whole numbers >= 0, shape (i, j, k) or (i, j).

    Returns:
        True for at most 8 different values; in three axes also for at most 256,
        if four fifths of the pairs of neighbouring voxels above zero are equal.
    """
    # Most images are told from few voxels, without counting all of them.
    if np.unique(sample(array)).size > _MANY:
        return False
    stored = as_stored(array)[0]
    n_values = int(np.count_nonzero(np.bincount(stored.ravel())))
    if n_values <= _FEW or n_values > _MANY or array.ndim == 2:
        return n_values <= _FEW
    first, second = stored[..., 1:], stored[..., :-1]
    is_foreground = (first != 0) & (second != 0)
    n_equal = np.count_nonzero((first == second) & is_foreground)
    return bool(n_equal >= _EQUAL_NEIGHBOURS * np.count_nonzero(is_foreground))
