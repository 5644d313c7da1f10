"""Activation maps: where in a scan its cluster is recognised, and whether the map is true."""

from clam_core.localization.backdrop import (
    add_backdrop,
    asked_rows,
    bare_nodes,
    with_backdrop,
)
from clam_core.localization.cluster_level import ClusterMeans
from clam_core.localization.faithfulness import (
    Faithfulness,
    FaithfulnessSettings,
    measure_faithfulness,
    summarize,
)
from clam_core.localization.held_against import hold_against, next_cluster
from clam_core.localization.maps import (
    VARIANTS,
    ActivationMaps,
    Variant,
    check_target,
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
from clam_core.localization.reference import (
    Reference,
    drawn_rows,
    make_reference,
    median_of,
    middle_of,
)
from clam_core.localization.shares import HU_BANDS, OUTSIDE, MapShares, map_shares
from clam_core.localization.task import Question
from clam_core.localization.truth import (
    LesionTruth,
    auroc,
    energy_enrichment,
    is_hit,
    lesion_share,
    score_against_truth,
)
from clam_core.localization.upsample import upsample
from clam_core.localization.voxel_order import random_smooth_map
from clam_core.localization.zones import lung_zones, peak_place

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
    "Question",
    "Reference",
    "Resemblance",
    "Variant",
    "add_backdrop",
    "asked_rows",
    "auroc",
    "bare_nodes",
    "check_randomization",
    "check_target",
    "compare_maps",
    "drawn_rows",
    "energy_enrichment",
    "hold_against",
    "is_hit",
    "lesion_share",
    "lung_zones",
    "make_maps",
    "make_reference",
    "map_layer",
    "map_shares",
    "measure_faithfulness",
    "median_of",
    "middle_of",
    "next_cluster",
    "own_clusters",
    "peak_place",
    "random_smooth_map",
    "randomize_encoder",
    "scale_maps",
    "score_against_truth",
    "summarize",
    "upsample",
    "with_backdrop",
]
