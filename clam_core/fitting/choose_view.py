"""Which method a view stands for, and what it needs of the settings."""

from __future__ import annotations

from clam_core.settings import FitMethod, FitSettings
from clam_core.settings.views import view_of

ZONAL = ("density", "texture")
"""Methods that look at the values inside the mask themselves."""
CLUSTERER_OF = {"profiles": "kmeans", "dcec": "kmeans", "density": "tied", "texture": "tied"}
"""Clusterer of the methods that are no clusterers themselves."""
LEAST_AGREEMENT = 0.4
"""Adjusted Rand index between halves below which groups may be none."""
LEAST_EVIDENCE = 2.0
"""Standard deviations of cohorts without groups, below which groups may be none."""


def for_its_view(settings: FitSettings) -> FitSettings:
    """The settings with what their view needs.

    Density and texture are those of absolute values inside the mask; no network is trained,
    as it has no part in them.
    """
    if settings.method not in ZONAL:
        return settings
    scale: dict[str, object] = {"background": "apart", "align_brightness": False}
    if settings.method == "density":
        # Fibrosis lies below the pleura; at the rim texture would see little but the rim.
        scale["trim_rim"] = False
    return settings.model_copy(
        update={
            "scale": settings.scale.model_copy(update=scale),
            "train": settings.train.model_copy(update={"epochs": 0}),
        }
    )


def choose_method(method: FitMethod, n_axes: int, *, is_masked: bool) -> FitMethod:
    """The method that `auto`, `best` and `latent` begin with, for scans of two or three axes."""
    if method in {"auto", "best"} and is_masked:
        return "profiles"
    if method in {"auto", "best", "latent"}:
        return "umap" if n_axes == 2 else "graph"
    return method


def most_evident(scores: dict[FitMethod, float]) -> FitMethod:
    """The view whose groups are furthest beyond those of cohorts without groups.

    Where groups of no other view are clearly beyond them, the first view stays.

    Args:
        scores: Evidence by method; the first one is what is taken without another reason.
    """
    usual = next(iter(scores))
    best = max(scores, key=lambda method: scores[method])
    return best if scores[best] >= LEAST_EVIDENCE else usual


def chosen_words(method: FitMethod, scores: dict[FitMethod, float]) -> str:
    """Why the groups of one view were taken, and what to think of them.

    Args:
        method: The one that was chosen.
        scores: By method, how far its groups are beyond those of cohorts without groups.
    """
    listed = ", ".join(f"{view_of(name)} {score:.1f}" for name, score in scores.items())
    if scores[method] < LEAST_EVIDENCE:
        return (
            "In no view are the groups clearly beyond those of cohorts without groups "
            f"({listed} standard deviations): these groups may be none."
        )
    return (
        f"Of the views of a scan, {view_of(method)} was chosen: its groups are furthest beyond "
        f"those of cohorts without groups ({listed} standard deviations)."
    )
