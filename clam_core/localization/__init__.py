"""Activation maps: where in a scan its cluster is recognised, and whether the map is true."""

from clam_core.localization.backdrop import add_backdrop
from clam_core.localization.cluster_level import ClusterMeans
from clam_core.localization.faithfulness import (
    Faithfulness,
    FaithfulnessSettings,
    measure_faithfulness,
    random_smooth_map,
    summarize,
)
from clam_core.localization.maps import (
    VARIANTS,
    ActivationMaps,
    Variant,
    make_maps,
    map_layer,
    own_clusters,
    scale_maps,
)
from clam_core.localization.randomization import (
    Resemblance,
    check_randomization,
    compare_maps,
    randomize_encoder,
)
from clam_core.localization.reference import Reference, make_reference
from clam_core.localization.shares import HU_BANDS, OUTSIDE, MapShares, map_shares
from clam_core.localization.truth import (
    LesionTruth,
    auroc,
    energy_enrichment,
    is_hit,
    lesion_share,
    score_against_truth,
)
from clam_core.localization.upsample import upsample
from clam_core.localization.zones import lung_zones

__all__ = [
    "HU_BANDS",
    "OUTSIDE",
    "VARIANTS",
    "ActivationMaps",
    "ClusterMeans",
    "Faithfulness",
    "FaithfulnessSettings",
    "LesionTruth",
    "MapShares",
    "Reference",
    "Resemblance",
    "Variant",
    "add_backdrop",
    "auroc",
    "check_randomization",
    "compare_maps",
    "energy_enrichment",
    "is_hit",
    "lesion_share",
    "lung_zones",
    "make_maps",
    "make_reference",
    "map_layer",
    "map_shares",
    "measure_faithfulness",
    "own_clusters",
    "random_smooth_map",
    "randomize_encoder",
    "scale_maps",
    "score_against_truth",
    "summarize",
    "upsample",
]
