"""What plain numbers say beside a fit, as it is stored with a run, and in words for people."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from clam_core.settings.base import Settings

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Index = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Hu = Annotated[float, Field(allow_inf_nan=False)]

SAME_GROUPS = 0.8
"""Adjusted Rand index from which two ways to group the scans are called the same."""
DIFFERS = 0.25
"""Share of the variation between clusters from which a difference is spoken of."""

RIVAL_WORDS = {
    "histogram": "a plain histogram of densities",
    "density": "a plain table of densities by zone",
    "pca": "the principal components of a coarse picture",
}
VIEW_WORDS = {
    "clustered": "what was grouped",
    "density": "density in lower, middle and upper zones",
    "texture": "texture (how much neighbouring voxels differ)",
}


class DensityDifference(Settings):
    """The zone in which the clusters differ most in density.

    Attributes:
        zone: `lower`, `middle` or `upper` third of the masks.
        share: Share of the variation of its median that lies between clusters.
        clusters: Clusters that have scans, from 1.
        medians: Median over their scans of the zone's median, HU.
    """

    zone: str
    share: Share
    clusters: tuple[int, ...]
    medians: tuple[Hu, ...]


class PlainLook(Settings):
    """Plain ways to group the same scans, and how far plain views are apart.

    Attributes:
        agreement: Adjusted Rand index of each rival (k-means with as many clusters) with
            the clusters of the run; None where it cannot form as many.
        stability: Mean adjusted Rand index of each rival with itself over draws of four
            fifths of the scans; None as above. A continuum can be cut in a stable way, too.
        apart: Share of the variation of each view that lies between the clusters, less
            what chance gives.
        density: Where density differs most; None where there are no masks of lungs in HU.
    """

    agreement: dict[str, Index | None]
    stability: dict[str, Index | None] = Field(default_factory=dict)
    apart: dict[str, Share]
    density: DensityDifference | None = None


def plain_sentences(look: PlainLook) -> list[str]:
    """What the plain look says, for people."""
    return [*_of_rivals(look), *_of_density(look)]


def _of_rivals(look: PlainLook) -> list[str]:
    known = {name: value for name, value in look.agreement.items() if value is not None}
    same = [RIVAL_WORDS.get(name, name) for name, value in known.items() if value >= SAME_GROUPS]
    if same:
        also = _listed(same)
        verb = "finds" if len(same) == 1 else "find"
        return [f"{also[0].upper()}{also[1:]} {verb} the same groups."]
    if not known:
        return []
    best = max(known, key=lambda name: known[name])
    return [
        f"No plain way finds the same groups; {RIVAL_WORDS.get(best, best)} comes nearest, with an "
        f"agreement of {known[best]:.2f} (1: the same groups, 0: no more than chance)."
    ]


def _of_density(look: PlainLook) -> list[str]:
    found = look.density
    if found is None:
        return []
    if found.share < DIFFERS:
        return ["These groups hardly differ in density in any zone as a whole."]
    each = [
        f"{value:.0f} HU in cluster {cluster}".replace("-", "−")
        for cluster, value in zip(found.clusters, found.medians, strict=True)
    ]
    return [
        f"These groups differ in density, most in the {found.zone} zones: the median is "
        f"{_listed(each)}."
    ]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
