"""Clusters: mean scan, mean map, typical and borderline scans of each."""

from __future__ import annotations

import pandas as pd

from clam_core.association.strength import strengths
from clam_core.figures.associations import LEVEL
from clam_core.report.examples import borderline, typical
from clam_core.report.html import Figures, Html, join, paragraph, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import listed, number, percent, plural
from clam_core.report.pictures import image, mean_pictures, scan_picture
from clam_core.report.sections.number import jaccard_of


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
                "Cluster": f"Cluster {n}",
                "Scans": f"{len(part):,} ({percent(len(part) / len(material.members))})",
                "Confidence, mean": number(float(part["confidence"].mean())),
                "Confidence below 0.6": str(int((part["confidence"] < 0.6).sum())),
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
        tag("h3", f"Cluster {n} ({size})"),
        paragraph(_differences(material, n)),
        _means(material, n, figures),
        _examples(material, n, figures),
    ]


def _differences(material: Material, n: int) -> str:
    """The variables that differ most between the clusters, with this cluster's values."""
    found = material.associations
    if found is None or n not in found.about["clusters"]:
        return ""
    rows = found.rows[found.rows["p_adjusted"] < LEVEL].set_index("variable")
    sizes = strengths(found.rows).set_index("variable")["strength"].abs()
    names = [name for name in sizes.sort_values(ascending=False).index if name in rows.index][:3]
    if not names:
        return "No clinical variable differs between the clusters after correction."
    parts = [
        f"{rows.loc[name, 'label']}: {rows.loc[name, f'summary_cluster_{n}']} "
        f"(all: {rows.loc[name, 'summary']})"
        for name in names
    ]
    return f"In the variables that differ most between the clusters: {'. '.join(parts)}."


def _means(material: Material, n: int, figures: Figures) -> Html:
    if material.maps is None:
        return Html("")
    drawn = mean_pictures(material, n)
    if not drawn:
        return Html("")
    planes = listed([plane for plane, _, _ in drawn])
    pictures = [
        *(image(alone, f"Mean scan of cluster {n}, {plane}.") for plane, alone, _ in drawn),
        *(image(both, f"Mean scan of cluster {n} with its mean map, {plane}.")
          for plane, _, both in drawn),
    ]  # fmt: skip
    caption = (
        f"Cluster {n}: mean of its scans ({planes}) at the peak of the mean map, alone and with "
        "the mean map in orange. Colors are the same for all clusters: light is strong. R, L: the "
        "patient's right and left."
    )
    return figures.add(caption, *pictures, class_=f"pictures-{len(drawn)}")


def _examples(material: Material, n: int, figures: Figures) -> Html:
    count = material.settings.n_examples
    kinds = (
        ("Typical", "nearest to the center of the cluster", typical(material, n, count)),
        ("Borderline", "the smallest margin to another cluster", borderline(material, n, count)),
    )
    drawn, with_map = [], False
    confidences = material.members["confidence"]
    for name, _, scan_ids in kinds:
        for scan_id in scan_ids:
            picture, has_map = scan_picture(material, scan_id)
            with_map = with_map or has_map
            confidence = number(float(confidences[scan_id]))
            alt = (
                f"{name} scan {scan_id} of cluster {n}, confidence {confidence}, "
                f"{'slice at the peak of its map' if has_map else 'middle slice'}."
            )
            text = tag("span", f"{name}: {scan_id} ({confidence})")
            drawn.append(tag("div", image(picture, alt), text, class_="example"))
    what = "axial slice at the peak of the scan's own map, the map in orange" if with_map else (
        "middle slice"
    )  # fmt: skip
    rules = "; ".join(f"{name.lower()}: {rule}" for name, rule, ids in kinds if ids)
    caption = f"Cluster {n}: examples ({rules}); {what}. In brackets: confidence."
    return figures.add(caption, *drawn, class_="examples")
