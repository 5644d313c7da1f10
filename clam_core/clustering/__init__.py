"""Hard clusterers on a feature matrix, names of clusters, and numbers that heads need."""

from clam_core.clustering.k_means import kmeans
from clam_core.clustering.methods import cluster_each, cluster_scans, clusterer_of
from clam_core.clustering.mixture import Mixture, gmm, mixture_parameters, refine_mixture
from clam_core.clustering.naming import order_by_size
from clam_core.clustering.neighbor_graph import graph
from clam_core.clustering.spread import cluster_centers, student_scale

__all__ = [
    "Mixture",
    "cluster_centers",
    "cluster_each",
    "cluster_scans",
    "clusterer_of",
    "gmm",
    "graph",
    "kmeans",
    "mixture_parameters",
    "order_by_size",
    "refine_mixture",
    "student_scale",
]
