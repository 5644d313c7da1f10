"""New scans on a plane that exists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.embedding.plane import pca_plane
from clam_core.errors import AlignmentError

N_NEIGHBORS = 5


def place(
    new_features: NDArray[np.floating],
    features: NDArray[np.floating],
    positions: NDArray[np.floating],
    method: str,
) -> NDArray[np.float64]:
    """Place new scans on the plane of a run, leaving the others where they are.

    Nothing but the run's features and positions is needed. On a PCA plane the new
    scans are projected on its axes. On a UMAP plane each goes to the mean of its
    nearest scans' positions, weighted by the inverse square of the distance, so that
    a scan of the run comes out where it is. One new scan does not move another.

    Args:
        new_features: Shape (n_new, n_features).
        features: Of the scans that the plane was made from, shape (n_scans, n_features).
        positions: Their positions, shape (n_scans, 2).
        method: `umap` or `pca`, as the embedding says.

    Returns:
        Shape (n_new, 2).

    Raises:
        AlignmentError: If the shapes do not fit together.

    Source:
        Shepard (1968), "A two-dimensional interpolation function for irregularly-spaced
        data", Proc. ACM National Conference.
    """
    from scipy.spatial.distance import cdist

    if new_features.ndim != 2 or new_features.shape[1] != features.shape[1]:
        raise AlignmentError(
            f"New features of shape {new_features.shape} do not fit a plane made from "
            f"{features.shape[1]} features per scan."
        )
    if len(features) != len(positions):
        raise AlignmentError(
            f"{len(features)} rows of features do not fit {len(positions)} positions."
        )
    if method == "pca":
        return pca_plane(features, new_features)
    n_neighbors = min(N_NEIGHBORS, len(features))
    distance = cdist(new_features, features)
    near = np.argsort(distance, axis=1, kind="stable")[:, :n_neighbors]
    squared = np.square(np.take_along_axis(distance, near, axis=1))
    # At distance 0 the weight is finite, and large enough to leave the other neighbors none.
    tiny = 1e-18 * max(
        float(np.square(features - features.mean(axis=0)).sum(axis=1).mean()), 1e-300
    )
    weights = 1 / np.maximum(squared, tiny)
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[np.float64] = (weights[:, :, None] * np.asarray(positions)[near]).sum(axis=1)
    return placed
