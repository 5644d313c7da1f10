"""Number of clusters: what the comparison found, and how stable the clusters are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.report.charts import curves
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table
from clam_core.report.material import Material
from clam_core.report.phrases import number, p_value, sentence
from clam_core.settings.verdicts import DOUBTFUL, STABLE, speaks, stability_word
from clam_core.wording import plural

_COLUMNS = {
    "silhouette": "Silhouette",
    "silhouette_p": "p without groups",
    "jaccard": "Jaccard, mean",
    "jaccard_worst": "Jaccard, worst",
    "seeds_ari": "Agreement of starts",
    "methods_ari": "Agreement of methods",
    "gap": "Gap",
    "valley": "Valley",
    "dip_p": "p of the gap",
}
_KEY = (
    "Silhouette: how much nearer scans lie to their own cluster than to the next (higher is "
    "better). p without groups: share of cohorts without any groups that reach it. Jaccard: how "
    f"well clusters are found again in resampled cohorts ({STABLE:g} and more is stable, below "
    f"{DOUBTFUL:g} is not to be interpreted). Agreement: adjusted Rand index."
)
_OF_GAPS = (
    " Valley: density of scans between the clusters over that at their centers (lower is better). "
    "p of the gap: share of cohorts without any groups with such a gap between neighbouring "
    "clusters (dip); asked where clusters are stable."
)


def missing(material: Material) -> str:
    """Why numbers of clusters cannot be compared here."""
    if material.selection is None:
        return "The step 'select' has not been run: numbers of clusters were not compared."
    return ""


def write(material: Material, figures: Figures) -> Html:
    """Recommendation, comparison, stability of each cluster."""
    parts = [paragraph(missing(material), class_="missing")] if missing(material) else []
    if material.selection is not None:
        parts += [_advice(material, material.selection), _compared(material.selection, figures)]
    return join([*parts, paragraphs(stability_sentences(material))])


def _advice(material: Material, found: dict[str, Any]) -> Html:
    chosen, advised = material.info.n_clusters, found["recommended"]
    if advised is None:
        verdict = f"This run has {chosen} clusters all the same: read them with caution."
    elif advised == chosen:
        verdict = f"This run has this number of clusters: {chosen}."
    else:
        verdict = f"This run has {chosen} clusters, not the {advised} that are recommended."
    texts = [sentence(str(found["reason"])), *(sentence(str(note)) for note in found["notes"])]
    return paragraphs([" ".join([*texts, verdict])])


def _compared(found: dict[str, Any], figures: Figures) -> Html:
    rows, method = found["rows"], found.get("method")
    columns = {name: title for name, title in _COLUMNS.items() if speaks(name, method)}
    shown = [
        {
            "Clusters": str(row["n_clusters"]),
            "Sizes": ", ".join(str(n) for n in row["sizes"]),
            **{title: _cell(name, row.get(name)) for name, title in columns.items()},
        }
        for row in rows
    ]
    names = {"silhouette": "Silhouette", "jaccard": "Jaccard index"}
    lines = {
        title: [(row["n_clusters"], row[name]) for row in rows if row[name] is not None]
        for name, title in names.items()
    }
    lines = {title: points for title, points in lines.items() if points}
    caption = "Numbers of clusters compared. Higher is better for both lines."
    best = max(rows, key=lambda row: row["silhouette"] or -1)["n_clusters"]
    alt = f"Line chart. {caption} The silhouette is highest for {best} clusters."
    picture = curves(lines, ("Number of clusters", ""), alt) if lines else Html("")
    figure = figures.add(caption, picture) if lines else Html("")
    return join(
        [figure, table(pd.DataFrame(shown), _KEY + (_OF_GAPS if speaks("valley", method) else ""))]
    )


def _cell(name: str, value: float | None) -> str:
    return p_value(value) if name.endswith("_p") else number(value)


def jaccard_of(material: Material) -> list[float]:
    """Stability of each cluster of the run, where it has been measured; else empty."""
    if material.associations is None:
        return []
    indices = material.associations.about.get("stability", {}).get("jaccard_of", [])
    return [float("nan") if one is None else float(one) for one in indices]


def stability_sentences(material: Material) -> list[str]:
    """How stable the clusters of this run are, in words."""
    known = jaccard_of(material)
    if not known or material.associations is None:
        return [
            "How stable the clusters of this very run are is measured by the step 'associate', "
            "which has not been run."
        ]
    about = material.associations.about["stability"]
    each = "; ".join(f"cluster {n}: {number(one)} ({stability_word(one)})" for n, one in
                     enumerate(known, start=1))  # fmt: skip
    return [
        f"Stability of the clusters of this run (mean Jaccard index with the most similar cluster "
        f"of resampled cohorts): {each}. Agreement of different starts (adjusted Rand index): "
        f"{number(about.get('seeds_ari'))}, in {plural(int(about['n_scans']), 'scan')}."
    ]
