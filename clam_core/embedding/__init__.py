"""Latent codes on a plane: UMAP or PCA, how far each point can be trusted, new scans."""

from clam_core.embedding.placing import place
from clam_core.embedding.plane import Embedding, embed, pca_plane, spread_out
from clam_core.embedding.trust import n_trusted_neighbors, trust
from clam_core.embedding.unlike import Usual, nearest_ratio, usual_distance, voxel_measures

__all__ = [
    "Embedding",
    "Usual",
    "embed",
    "n_trusted_neighbors",
    "nearest_ratio",
    "pca_plane",
    "place",
    "spread_out",
    "trust",
    "usual_distance",
    "voxel_measures",
]
