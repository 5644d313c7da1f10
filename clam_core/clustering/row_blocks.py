"""Distances between all scans a few rows at a time: no array of scans by scans is ever held."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 64 << 20
"""Memory of one block. All distances of 2,896 scans fit in, and are one block."""


def row_blocks(n_rows: int, n_columns: int, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Rows in as few parts as fit the memory, as equal in size as can be.

    Args:
        n_rows: Rows of a matrix of eight bytes per number.
        n_columns: Its columns.
        block_bytes: Memory of one part; a single row is never divided.

    Yields:
        Slices that follow one another.
    """
    most = max(1, block_bytes // (8 * max(1, n_columns)))
    n_blocks = math.ceil(n_rows / most)
    # Equal parts: products of a last part of very few rows would be rounded another way.
    edges = np.linspace(0, n_rows, n_blocks + 1).astype(int).tolist()
    yield from map(slice, edges[:-1], edges[1:])


def distance_blocks(values: NDArray[np.floating]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Euclidean distances of all scans from all scans, some rows at a time.

    Args:
        values: Shape (n_scans, n_features).

    Yields:
        The rows, and their distances, shape (n_rows, n_scans).
    """
    from scipy.spatial.distance import cdist

    for rows in row_blocks(len(values), len(values)):
        yield rows, cdist(values[rows], values)
