"""Map of the cohort: every scan as a point, look-alike scans near each other."""

from __future__ import annotations

from clam_core.report.charts import plane_map
from clam_core.report.html import Figures, Html, join, paragraph
from clam_core.report.material import Material
from clam_core.report.phrases import listed, number


def write(material: Material, figures: Figures) -> Html:
    """The map and how far to trust it."""
    info, sizes = material.info, material.sizes
    axes = "UMAP" if info.plane == "umap" else "Principal component"
    counts = listed([f"cluster {n} ({count})" for n, count in sizes.items()])
    caption = (
        f"The {len(material.members):,} scans on a plane ({axes}). Scans that look alike lie near "
        "each other; color and symbol tell the cluster."
    )
    trust = float(material.members["trust"].mean())
    words = (
        "Distances between far groups and the size of a group on this plane mean nothing. Of the "
        f"nearest scans of a scan, {number(100 * trust, 0)} % are its nearest on the plane as well "
        "(mean over all scans)."
    )
    alt = f"Scatter plot. {caption} Scans per cluster: {counts}."
    return join(
        [figures.add(caption, plane_map(material.members, sizes, axes, alt)), paragraph(words)]
    )
