"""The network, soft assignments, and the two joined: images in, cluster probabilities out."""

from clam_core.models.assignment import log_odds, log_soft_assign, soft_assign, target_distribution
from clam_core.models.autoencoder import Autoencoder
from clam_core.models.cluster_model import ClusterModel
from clam_core.models.features import Features, LatentFeatures
from clam_core.models.heads import GaussianHead, Head, MixtureHead, StudentHead
from clam_core.models.profile_features import ProfileFeatures, ProfileKind
from clam_core.models.weights import describe_model, model_tensors, rebuild_model
from clam_core.models.zonal_features import ZonalFeatures, ZonalKind

__all__ = [
    "Autoencoder",
    "ClusterModel",
    "Features",
    "GaussianHead",
    "Head",
    "LatentFeatures",
    "MixtureHead",
    "ProfileFeatures",
    "ProfileKind",
    "StudentHead",
    "ZonalFeatures",
    "ZonalKind",
    "describe_model",
    "log_odds",
    "log_soft_assign",
    "model_tensors",
    "rebuild_model",
    "soft_assign",
    "target_distribution",
]
