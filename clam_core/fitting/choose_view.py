"""Which method a view stands for, and what it needs of the settings."""

from __future__ import annotations

import math

from clam_core.settings import FitMethod, FitSettings
from clam_core.settings.verdicts import FEWEST_SCANS
from clam_core.settings.views import view_of

LEAST_AGREEMENT = 0.4
"""Adjusted Rand index between halves below which groups may be none."""
LEAST_EVIDENCE = 2.0
"""Standard deviations of cohorts without groups, below which groups may be none."""
LEAD = 2.0
"""Standard deviations that another view must be ahead of the first one by."""


def compares_views(settings: FitSettings, begun: FitMethod, n_scans: int) -> bool:
    """Whether density and texture are held against the focal view that a fit begins with.

    In a cohort of few scans noise has as much evidence as groups do. Where voxels have one
    size, what is inside a mask is a single thing (a nodule) whose size tells most, and only
    the focal view sees it: others are compared if that is asked for.

    Args:
        settings: `auto` or `best` compare.
        begun: The method that the fit begins with.
        n_scans: Scans of the cohort.
    """
    is_true_size = settings.scale.background == "air"
    compares = settings.method == "best" or (settings.method == "auto" and not is_true_size)
    return compares and begun == "profiles" and n_scans >= FEWEST_SCANS


def choose_method(method: FitMethod, n_axes: int, *, is_masked: bool) -> FitMethod:
    """The method that `auto`, `best` and `latent` begin with, for scans of two or three axes."""
    if method in {"auto", "best"} and is_masked:
        return "profiles"
    if method in {"auto", "best", "latent"}:
        return "umap" if n_axes == 2 else "graph"
    return method


def most_evident(scores: dict[FitMethod, float]) -> FitMethod:
    """The view whose groups are furthest beyond those of cohorts without groups.

    The first view stays unless another one has groups that are clearly beyond them. Where its
    own are, too, the other one must be clearly further: a small lead is chance.

    Args:
        scores: Evidence by method; the first one is what is taken without another reason.
    """
    usual = next(iter(scores))
    best = max(scores, key=lambda method: scores[method])
    is_evident = scores[usual] >= LEAST_EVIDENCE
    needed = scores[usual] + LEAD if is_evident else LEAST_EVIDENCE
    return best if scores[best] >= needed else usual


def chosen_words(method: FitMethod, scores: dict[FitMethod, float]) -> str:
    """Why the groups of one view were taken, and what to think of them.

    Args:
        method: The one that was chosen.
        scores: By method, how far its groups are beyond those of cohorts without groups; the
            first one is what is taken without another reason.
    """
    listed = ", ".join(f"{view_of(name)} {_number(score)}" for name, score in scores.items())
    if max(scores.values()) < LEAST_EVIDENCE:
        return (
            "In no view are the groups clearly beyond those of cohorts without groups "
            f"({listed} standard deviations): these groups may be none."
        )
    if scores[method] == max(scores.values()):
        return (
            f"Of the views of a scan, {view_of(method)} was chosen: its groups are furthest "
            f"beyond those of cohorts without groups ({listed} standard deviations)."
        )
    return (
        f"Of the views of a scan, {view_of(method)} was kept: no other view has groups that are "
        f"clearly further beyond those of cohorts without groups ({listed} standard deviations)."
    )


def _number(score: float) -> str:
    """One decimal; a word where scans could not be grouped."""
    return f"{score:.1f}" if math.isfinite(score) else "none"
