"""The network, soft assignments, and the two joined: images in, cluster probabilities out."""

from clam_core.models.assignment import log_odds, log_soft_assign, soft_assign, target_distribution
from clam_core.models.autoencoder import Autoencoder
from clam_core.models.cluster_model import ClusterModel
from clam_core.models.features import Features, LatentFeatures
from clam_core.models.heads import Head, MixtureHead, StudentHead

__all__ = [
    "Autoencoder",
    "ClusterModel",
    "Features",
    "Head",
    "LatentFeatures",
    "MixtureHead",
    "StudentHead",
    "log_odds",
    "log_soft_assign",
    "soft_assign",
    "target_distribution",
]
