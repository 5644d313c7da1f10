"""What an engine does with one scan for `localize`: functions of plain values and arrays.

Whoever works opens the study itself, only to read, and keeps model and medians from one task
to the next. Arrays that all need, the medians, come as `shared`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from clam_core.localization import (
    VARIANTS,
    ActivationMaps,
    Question,
    Reference,
    bare_nodes,
    compare_maps,
    make_maps,
    randomize_encoder,
    scale_maps,
)
from clam_core.models import ClusterModel
from clam_core.models.borrowed import borrowed
from clam_core.pipeline.map_settings import stored_settings
from clam_core.pipeline.method.explain import FittedCohort
from clam_core.pipeline.method.weights import reference_from
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study

Arrays = dict[str, NDArray[np.generic]]
Done = tuple[dict[str, Any], Arrays]
RANDOM = "random."
"""Before the names of the medians of the model with a random encoder."""


class Where(NamedTuple):
    """A fitted run, in plain values: a process that works finds it by them.

    Attributes:
        folder: Of the study.
        name: Of the run.
        stamp: Changes when the run is fitted again under this name.
    """

    folder: str
    name: str
    stamp: str


def activation_of_scan(
    where: list[str], row: int, layer: int, random_seed: int | None, *, with_image: bool
) -> Done:
    """What medians are taken over.

    Args:
        where: Values of `Where`.
        row: Of the scan in the run.
        layer: Encoder convolution, from 1.
        random_seed: Seed of a random encoder, or None for the run's own.
        with_image: Whether the standardised image is wanted, too.

    Returns:
        No values, and the arrays `activation` and perhaps `image`, each of one scan.
    """
    cohort, model = _cohort(Where(*where)), _model(Where(*where), random_seed)
    image = cohort.images.batch(torch.tensor([row]))
    with borrowed(model), torch.no_grad():
        arrays: Arrays = {"activation": model.activations(image, layer).numpy()}
    return {}, {**arrays, "image": image.numpy()} if with_image else arrays


def nodes_of_scan(
    where: list[str],
    row: int,
    questions: list[list[int | None]],
    settings: dict[str, Any],
    random_seed: int | None,
    shared: Arrays,
) -> Done:
    """What a backdrop is the mean of: nodes of one scan, as array by number of the question."""
    cohort, model = _cohort(Where(*where)), _model(Where(*where), random_seed)
    image = cohort.images.batch(torch.tensor([row]))
    asked = [Question(int(cluster or 0), other) for cluster, other in questions]
    nodes = bare_nodes(model, image, _reference(shared), asked, stored_settings(settings))
    return {}, {str(number): one.numpy() for number, one in enumerate(nodes)}


def map_of_scan(where: list[str], row: int, settings: dict[str, Any], shared: Arrays) -> Done:
    """The map of one scan, put to the test.

    Returns:
        Its line in the table of maps, and the array `map`, scaled to [0, 1], float16.
    """
    asked = stored_settings(settings)
    cohort = _knowing(Where(*where), shared, asked)
    of_random = None
    if not cohort.model.reads_image:  # else the encoder has no part in the clusters
        of_random = _of_random(Where(*where), row, asked, shared).raw
    made = cohort.explain(row, asked, of_random)
    return made.line, {"map": scale_maps(made.signed[None])[0].astype(np.float16)}


def likeness_of_scan(where: list[str], row: int, settings: dict[str, Any], shared: Arrays) -> Done:
    """How alike the map of one scan and that of a random encoder are, as value `pearson`."""
    asked = stored_settings(settings)
    cohort = _knowing(Where(*where), shared, asked)
    own = cohort.maps([row], asked)
    other = _of_random(Where(*where), row, asked, shared)
    return {"pearson": compare_maps(own.positive[0], other.positive[0]).pearson}, {}


def _of_random(
    where: Where, row: int, settings: LocalizeSettings, shared: Arrays
) -> ActivationMaps:
    """The map of one scan, for the same cluster, by the model with a random encoder."""
    cohort = _cohort(where)
    reference = None
    if VARIANTS[settings.variant].needs_reference:
        reference = _reference(_without_prefix(shared, RANDOM))
    return make_maps(
        _model(where, settings.seed),
        cohort.images.batch(torch.tensor([row])),
        settings,
        reference,
        cohort.clusters[[row]] if settings.target == "own" else None,
    )


def _without_prefix(arrays: Arrays, prefix: str) -> Arrays:
    return {
        name.removeprefix(prefix): one for name, one in arrays.items() if name.startswith(prefix)
    }


def _knowing(where: Where, shared: Arrays, settings: LocalizeSettings) -> FittedCohort:
    """The cohort, with the medians that were sent."""
    cohort = _cohort(where)
    cohort.remember(_reference(shared), settings)
    return cohort


def _reference(shared: Arrays) -> Reference:
    parts = {name: one for name, one in shared.items() if not name.startswith(RANDOM)}
    return reference_from({name: torch.from_numpy(np.asarray(one)) for name, one in parts.items()})


@functools.lru_cache(maxsize=1)
def _cohort(where: Where) -> FittedCohort:
    study = Study(Path(where.folder))
    # Every scan is needed once or twice: keeping them would fill the memory, once for each worker.
    return FittedCohort(study, Run(study, where.name), memory_bytes=0)


@functools.lru_cache(maxsize=2)
def _model(where: Where, random_seed: int | None) -> ClusterModel:
    """The run's own model, or the same with a random encoder."""
    model = _cohort(where).model
    return model if random_seed is None else randomize_encoder(model, random_seed)
