"""Training: the network, its curves, and what happened on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clam_core.report.charts import curves
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs
from clam_core.report.material import Material
from clam_core.report.phrases import number, sentence
from clam_core.settings.brought_encoder import BroughtEncoder
from clam_core.settings.given_numbers import GivenNumbers
from clam_core.settings.harmonise import Harmonised
from clam_core.settings.plain_look import plain_sentences
from clam_core.settings.views import ZONAL
from clam_core.wording import plural

_PHASES = {"pretrain": "pretraining", "refine": "clustering phase"}


def write(material: Material, figures: Figures) -> Html:
    """Words on the network, the curves of the loss, and notes."""
    parts = [paragraph(network_words(material))]
    log = material.history
    if log.empty and material.info.given is None and material.info.encoder is None:
        parts.append(paragraph("The network was not trained: its weights are random."))
    for phase, part in [] if log.empty else list(log.groupby("phase", sort=False)):
        parts.append(_curve(str(phase), part, figures))
    plain = plain_sentences(material.info.plain) if material.info.plain else []
    notes = [sentence(note) for note in (*plain, *material.info.notes)]
    return join([*parts, paragraphs(notes)])


def _curve(phase: str, part: pd.DataFrame, figures: Figures) -> Html:
    name = _PHASES.get(phase, phase)
    losses = part["reconstruction"].astype(float)
    lines = {"reconstruction": _points(part, "reconstruction")}
    if "clustering" in part and part["clustering"].notna().any():
        lines["clustering"] = _points(part, "clustering")
    words = (
        f"Loss of the {name} over {len(part)} epochs: the mean squared error of the "
        f"reconstruction went from {number(float(losses.iloc[0]), 3)} to "
        f"{number(float(losses.iloc[-1]), 3)}."
    )
    return figures.add(words, curves(lines, ("Epoch", "Loss"), f"Line chart. {words}"))


def _points(part: pd.DataFrame, name: str) -> list[tuple[float, float]]:
    known = part[part[name].notna()]
    return [(float(x), float(y)) for x, y in zip(known["epoch"], known[name], strict=True)]


def network_words(material: Material) -> str:
    """The network and its training in words."""
    settings = material.fit_settings
    network, train = settings.network, settings.train
    is_read_off = material.info.method in ZONAL and not material.info.evidence
    if material.info.given is not None or material.info.encoder is not None or is_read_off:
        return "No network was trained."
    channels = ", ".join(str(n) for n in network.channels)
    schedule = " with a cosine schedule" if train.schedule == "cosine" else ""
    optimizer = "AdamW" if train.weight_decay else "Adam"
    text = (
        f"A convolutional autoencoder ({len(network.channels)} convolutions of {channels} "
        f"channels, kernel 4, stride 2, LeakyReLU {network.slope:g}, a latent code of "
        f"{network.n_latent} numbers, the mirror image back) was trained on the scans without any "
        f"label for {train.epochs} epochs ({optimizer}, learning rate {train.learning_rate:g}"
        f"{schedule}, batches of {train.batch_size}, mean squared error)."
    )
    changes = []
    if train.noise_sd:
        changes.append(f"noise of {train.noise_sd:g} standard deviations")
    if train.shift_voxels:
        changes.append(f"shifts of up to {plural(train.shift_voxels, 'voxel')}")
    return f"{text} Inputs were varied by {' and '.join(changes)}." if changes else text


def grouping_words(material: Material) -> str:
    """How scans were grouped, and how the groups became probabilities."""
    info, settings = material.info, material.fit_settings
    k = info.n_clusters
    if info.given is not None:
        return f"{_given_words(info.given, k)} {_soft_words(info.model, info.given.clusterer)}"
    if info.encoder is not None:
        soft = _soft_words(info.model, info.encoder.clusterer)
        return f"{_brought_words(info.encoder, k)} {soft}"
    ways = {
        "profiles": (
            f"From the activations of encoder layer {_layer(info.model)}, features that tolerate "
            "the place of a lesion (extremes along each axis of the deviation from the cohort's "
            f"median{', left and right counted alike' if settings.mirror else ''}) were reduced to "
            f"{settings.n_features} principal components and grouped by k-means into {k} clusters."
        ),
        "density": (
            "No network has a part in these groups. Mean HU values of five bands of voxels (the "
            "darkest tenth, the next three tenths, and so on) in the lower, middle and upper third "
            f"of the lungs{_core_words(info.model)} were divided by their spread, reduced to at "
            "most 10 principal components, as many as showed groups most clearly, and grouped by a "
            f"mixture of Gaussians with one covariance into {k} clusters."
        ),
        "texture": (
            "No network has a part in these groups. How differences of neighbouring voxels (one "
            "and two voxels apart) are spread in the lower, middle and upper third of the lungs "
            f"was reduced to {settings.n_features} principal components and grouped by a mixture "
            f"of Gaussians with one covariance into {k} clusters."
        ),
        "kmeans": f"The latent codes were grouped by k-means into {k} clusters.",
        "gmm": f"The latent codes were grouped by a Gaussian mixture into {k} clusters.",
        "graph": (
            "The latent codes were grouped by spectral clustering of their nearest-neighbour graph "
            f"into {k} clusters."
        ),
        "umap": (
            f"The latent codes were laid out by UMAP and grouped there by a Gaussian mixture into "
            f"{k} clusters."
        ),
        "dcec": (
            f"The latent codes were grouped by k-means into {k} clusters, and network and centers "
            f"were then trained together (deep convolutional embedded clustering, up to "
            f"{settings.refine.epochs} epochs, weight {settings.refine.clustering_weight:g} of the "
            f"clustering loss, target refreshed every {settings.refine.refresh_every} epochs)."
        ),
    }
    compared = ""
    if material.info.evidence:
        compared = (
            "Focal findings, density and texture were compared by how far their clusters stand out "
            "from 20 cohorts with one heap each (same spread, skew and tails). "
        )
    taken = harmonising_words(material.info.harmonised)
    return f"{taken}{compared}{ways[info.method]} {_soft_words(info.model, info.method)}"


def harmonising_words(found: Harmonised | None) -> str:
    """What was taken out before the scans were grouped; empty where nothing was."""
    if found is None:
        return ""
    kept = f", adjusted for {' and '.join(found.kept)}," if found.kept else ""
    return (
        f"Directions in which the means of scans differ between the {len(found.levels)} levels of "
        f"{found.column}{kept} were projected out before grouping; the clusters agree with it at "
        f"{found.technical[1]:.2f} (adjusted Rand index) instead of {found.technical[0]:.2f} "
        "without this. "
    )


def _core_words(model: Mapping[str, Any]) -> str:
    is_core = (model.get("zonal") or {}).get("is_core")
    return ", without the voxels at the surface of the masks," if is_core else ""


_CLUSTERER_WORDS = {
    "tied": "a mixture of Gaussians with one covariance",
    "kmeans": "k-means",
    "gmm": "a Gaussian mixture",
    "graph": "spectral clustering of their nearest-neighbour graph",
    "umap": "a Gaussian mixture on their UMAP",
}


def _given_words(given: GivenNumbers, k: int) -> str:
    """How numbers of a table were grouped."""
    return (
        f"Scans were grouped by {given.words}. Its columns were {_numbers_words(given, k)}. There "
        "are no maps: nothing tells where in a scan a number comes from."
    )


def _brought_words(encoder: BroughtEncoder, k: int) -> str:
    """How codes of an encoder from elsewhere were grouped."""
    return (
        f"Scans were grouped by {encoder.words}. {encoder.input.words} The codes were "
        f"{_numbers_words(encoder, k)}. {encoder.words_of_maps}"
    )


def _numbers_words(given: GivenNumbers | BroughtEncoder, k: int) -> str:
    """Scale, projection and clusterer of numbers from elsewhere."""
    scaled = "standardised" if given.is_standardized else "centered, keeping their own spreads"
    projected = ""
    if given.n_components:
        projected = f", projected to {plural(given.n_components, 'principal component')}"
    way = _CLUSTERER_WORDS.get(given.clusterer, given.clusterer)
    return f"{scaled}{projected} and grouped by {way} into {k} clusters"


def _soft_words(model: Mapping[str, Any], method: str) -> str:
    same = "with the spread of their own" if method == "umap" else "with a common spread"
    heads = {
        "student": "by a Student-t kernel around the cluster centers",
        "gaussian": f"by Gaussians {same}, estimated with shrinkage",
        "mixture": "by the densities of the mixture",
    }
    how = heads.get(str(model.get("head")), "")
    return f"Each scan was then given a probability for every cluster {how}.".replace(" .", ".")


def _layer(model: Mapping[str, Any]) -> str:
    return str((model.get("profiles") or {}).get("layer", ""))
