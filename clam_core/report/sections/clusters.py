"""Clusters: mean scan, mean map, typical and borderline scans of each."""

from __future__ import annotations

import pandas as pd

from clam_core.figures.slice_style import Plane
from clam_core.report.examples import borderline, typical
from clam_core.report.html import Figures, Html, join, paragraph, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import listed, number, percent
from clam_core.report.pictures import image, mean_pictures, scan_picture, strength_key
from clam_core.report.sections.differences import differences
from clam_core.report.sections.number_of_clusters import jaccard_of
from clam_core.settings.verdicts import UNSURE, caution_of_size
from clam_core.wording import plural


def missing(material: Material) -> str:
    """Why there are no maps in this section."""
    if material.maps is None:
        return "The step 'localize' has not been run: scans are shown without maps."
    return ""


def write(material: Material, figures: Figures) -> Html:
    """A table of all clusters, then the profile of each."""
    note = missing(material)
    parts = [paragraph(note, class_="missing")] if note else []
    parts.append(_overview(material))
    if caution := caution_of_size(len(material.members)):
        parts.append(paragraph(caution))
    parts += [
        tag("section", *_profile(material, n, figures), class_="cluster")
        for n in material.numbers
        if material.sizes[n]
    ]
    return join(parts)


def _overview(material: Material) -> Html:
    jaccard = jaccard_of(material)
    rows = []
    for n in material.numbers:
        part = material.members[material.members["cluster"] == n]
        rows.append(
            {
                "Cluster": material.title(n),
                "Scans": f"{len(part):,} ({percent(len(part) / len(material.members))})",
                "Confidence, mean": number(float(part["confidence"].mean())),
                f"Confidence below {UNSURE:g}": str(int((part["confidence"] < UNSURE).sum())),
                "Silhouette, mean": number(float(part["silhouette"].mean())),
                "Jaccard": number(jaccard[n - 1]) if len(jaccard) >= n else "–",
            }
        )
    caption = (
        "Clusters of this run, the largest first. Confidence: probability of the scan's own "
        "cluster. Jaccard: how well the cluster is found again in resampled cohorts."
    )
    return table(pd.DataFrame(rows), caption)


def _profile(material: Material, n: int, figures: Figures) -> list[Html]:
    size = plural(material.sizes[n], "scan")
    return [
        tag("h3", f"{material.title(n)} ({size})"),
        _means(material, n, figures),
        _examples(material, n, figures),
        differences(material, n),
    ]


def _means(material: Material, n: int, figures: Figures) -> Html:
    if material.maps is None:
        return Html("")
    drawn = mean_pictures(material, n)
    if not drawn:
        return Html("")
    planes = listed([plane for plane, _, _ in drawn])
    is_3d = len(drawn) > 1
    pictures = []
    for kind in ("", " with its mean map"):
        for plane, alone, both in drawn:
            alt = f"Mean scan of cluster {n}{kind}{f', {plane}' if is_3d else ''}."
            pictures.append(image(both if kind else alone, alt, plane if is_3d else None))
    where = f" ({planes}) at the peak of the mean map" if is_3d else ""
    sides = " R, L: right and left of the patient; A, P: front and back." if is_3d else ""
    caption = (
        f"Cluster {n}: mean of its scans{where}, alone and with the mean map; colors are the same "
        f"for all clusters.{sides}"
    )
    return figures.add(caption, *pictures, class_=f"pictures-{len(drawn)}", key=strength_key())


def _examples(material: Material, n: int, figures: Figures) -> Html:
    count = material.settings.n_examples
    kinds = (
        ("Typical", "nearest to the mean of the cluster", typical(material, n, count)),
        ("Borderline", "the smallest margin to another cluster", borderline(material, n, count)),
    )
    drawn, with_map = [], False
    is_3d = material.study.info.spatial_dims == 3
    plane: Plane | None = "axial" if is_3d else None
    confidences = material.members["confidence"]
    for name, _, scan_ids in kinds:
        for scan_id in scan_ids:
            picture, has_map = scan_picture(material, scan_id)
            with_map = with_map or has_map
            confidence = number(float(confidences[scan_id]))
            alt = (
                f"{name} scan {scan_id} of cluster {n}, confidence {confidence}, "
                f"{_what(is_3d=is_3d, has_map=has_map)}."
            )
            text = tag("span", f"{name}: {scan_id} ({confidence})")
            drawn.append(tag("div", image(picture, alt, plane), text, class_="example"))
    what = _what(is_3d=is_3d, has_map=with_map)
    rules = "; ".join(f"{name.lower()}: {rule}" for name, rule, ids in kinds if ids)
    caption = f"Cluster {n}: examples ({rules}); {what}. In brackets: confidence."
    key = strength_key() if with_map else None
    return figures.add(caption, *drawn, class_="examples", key=key)


def _what(*, is_3d: bool, has_map: bool) -> str:
    """What a picture of a scan shows."""
    if not is_3d:
        return "with its own map" if has_map else "without a map"
    return "axial slice at the peak of its own map, with the map" if has_map else "middle slice"
