"""Maps: in which zones and densities they lie, and whether they can be believed."""

from __future__ import annotations

import pandas as pd

from clam_core.figures.cluster_portrait import Shares, cluster_shares
from clam_core.report.charts import shares
from clam_core.report.charts_clinical import level_colors
from clam_core.report.charts_maps import has_lungs, lungs
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import number, percent
from clam_core.settings.given_numbers import NO_MAPS
from clam_core.settings.map_variants import map_description
from clam_core.settings.peaks import artefact_words
from clam_core.wording import plural

SMALLEST = 0.005
"""Shares that are smaller in every cluster are not drawn."""

OUTSIDE, OUTSIDE_COLOR = "outside the mask", "#c9ced6"


def missing(material: Material) -> str:
    """Why nothing can be said about maps."""
    if material.info.given is not None:
        return f"This run {NO_MAPS}."
    if material.maps is None:
        return "The step 'localize' has not been run: there are no maps."
    return ""


def write(material: Material, figures: Figures) -> Html:
    """Shares per cluster, then faithfulness in words and numbers."""
    if material.maps is None:
        return paragraph(missing(material), class_="missing")
    return join(
        [
            paragraph(kind_words(material)),
            tag("h3", "Where the maps lie"),
            _shares(material, figures),
            paragraphs(list(artefacts(material).values())),
            tag("h3", "Can the maps be believed?"),
            paragraphs(faithfulness_sentences(material)),
            _by_cluster(material, material.maps),
        ]
    )


def kind_words(material: Material) -> str:
    """Which maps these are."""
    localized = material.info.localized or {}
    settings = localized.get("settings", {})
    variant = str(settings.get("variant", ""))
    target = settings.get("target", "own")
    what = "its own cluster" if target == "own" else f"the target {target}"
    n_done = 0 if material.maps is None else int(material.maps["done"].sum())
    encoder = material.info.encoder
    layer = f"; encoder layer {localized.get('layer')}" if encoder is None else ""
    made = (
        f"A map shows what in a scan speaks for {what}. {plural(n_done, 'map')} of kind "
        f"'{variant}' were made ({map_description(variant)}{layer})."
    )
    return made if encoder is None else f"{made} {encoder.words_of_maps}"


def _shares(material: Material, figures: Figures) -> Html:
    if material.maps is None:
        return Html("")
    parts = []
    kinds: tuple[tuple[Shares, str, bool], ...] = (
        ("zones", "lung zones (left and right as the patient's)", False),
        ("bands", "densities (HU)", True),
    )
    for what, title, ordered in kinds:
        mean = cluster_shares(material.maps, material.members["cluster"], what)
        if not len(mean) or not mean.notna().to_numpy().any():
            continue
        mean = mean[mean.fillna(0).gt(SMALLEST).any(axis="columns")]
        inside = [str(name) for name in mean.index if name != OUTSIDE]
        colors = dict(zip(inside, level_colors(len(inside), ordered=ordered), strict=True))
        colors |= {OUTSIDE: OUTSIDE_COLOR} if OUTSIDE in mean.index else {}
        rows = {
            f"Cluster {n}": {str(k): float(v) for k, v in mean[n].dropna().items()}
            for n in mean.columns
        }
        most = "; ".join(_most(name, row) for name, row in rows.items())
        caption = f"Mean share of the maps by {title}. Most inside the mask: {most}."
        known = {n: {k: v for k, v in row.items() if k != OUTSIDE} for n, row in rows.items()}
        if what == "zones" and has_lungs(known):
            out = "; ".join(f"{k.lower()}: {percent(row.get(OUTSIDE, 0.0))}" for k, row in
                            rows.items())  # fmt: skip
            caption = f"{caption} Outside the mask: {out}." if OUTSIDE in mean.index else caption
            parts.append(figures.add(caption, lungs(rows, f"Drawn lungs. {caption}")))
        else:
            parts.append(figures.add(caption, shares(rows, colors, f"Stacked bars. {caption}")))
    if not parts:
        return paragraph("Without masks, zones and densities are not told apart.")
    return join(parts)


def artefacts(material: Material) -> dict[int, str]:
    """By cluster, what to think of maps that mostly peak where artefacts do."""
    if material.maps is None:
        return {}
    clusters = material.members["cluster"].loc[material.maps.index]
    return artefact_words(material.maps, clusters.to_numpy())


def _most(name: str, row: dict[str, float]) -> str:
    inside = {part: share for part, share in row.items() if part != OUTSIDE}
    if not inside:
        return f"{name.lower()}: unknown"
    best = max(inside, key=lambda part: inside[part])
    return f"{name.lower()}: {best} ({percent(inside[best])})"


def faithfulness_sentences(material: Material) -> list[str]:
    """What the tests of the maps found, in words, with what they do not prove."""
    localized = material.info.localized or {}
    means = localized.get("faithfulness") or {}
    if not means:
        return ["The maps were not put to the test."]
    moved = float(means["share_moved_as_it_should"])
    texts = [
        f"{percent(moved)} of the maps moved the assignment as they should: when the voxels that "
        "the map points at are replaced by the cohort's median, the scan leaves its cluster sooner "
        "than with any of several random smooth maps, and comes back sooner when they are put in.",
        f"Mean confidence while voxels are deleted: {number(means['deletion_auc'])} (random maps "
        f"{number(means['random_deletion_auc'])}, lower is better); while they are inserted: "
        f"{number(means['insertion_auc'])} (random maps {number(means['random_insertion_auc'])}, "
        f"higher is better). When only what the map shows is kept, {percent(means['average_drop'])}"
        f" of the confidence is lost on average; it rises in "
        f"{percent(means['increase_in_confidence'])} of the scans.",
    ]
    correlation = localized.get("randomization")
    if correlation is not None:
        word = (
            "the maps depend on what the network has learnt"
            if correlation < 0.5
            else "much of the maps comes from the scans and the shape of the network, not from "
            "training"
        )
        texts.append(
            f"With random weights in the encoder the maps correlate {number(correlation)} with "
            f"these (low is good): {word}."
        )
    texts.append(
        "These tests tell whether a map follows the model. They do not tell whether what it shows "
        "is a disease."
    )
    return texts


def _by_cluster(material: Material, maps: pd.DataFrame) -> Html:
    done = maps[maps["done"]].join(material.members[["cluster"]])
    rows = [
        {
            "Cluster": f"Cluster {n}",
            "Maps": str(len(part)),
            "Moved as they should": percent(float(part["moved_as_it_should"].mean())),
            "Deletion (random)": f"{number(float(part['deletion_auc'].mean()))} "
            f"({number(float(part['random_deletion_auc'].mean()))})",
            "Insertion (random)": f"{number(float(part['insertion_auc'].mean()))} "
            f"({number(float(part['random_insertion_auc'].mean()))})",
        }
        for n, part in done.groupby("cluster")
    ]
    caption = "Tests of the maps by cluster; in brackets the best of the random maps."
    return table(pd.DataFrame(rows), caption) if rows else Html("")
