"""Steps by name, from JSON values to the sentences that they end with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clam_core.pipeline.progress import Progress

Arguments = Mapping[str, Any]
Sentences = tuple[str, ...]

N_WORKERS = min(os.cpu_count() or 1, 8)

_FIT = {
    "Reading the scans": 2.0,
    "Training": 20.0,
    "Refining clusters": 10.0,
    "Clustering": 2.0,
    "Placing the scans on a map": 12.0,
}
_GROUPS = _FIT | {
    "Comparing numbers of clusters": 8.0,
    "Making maps": 20.0,
    "Comparing clinical values between clusters": 4.0,
    "Measuring how stable the clusters are": 3.0,
}
PLANS: dict[str, dict[str, float]] = {
    "demo": {"Making synthetic scans": 20.0, "Looking into files": 3.0, "Preprocessing": 8.0}
    | _GROUPS,
    "create": {"Looking into files": 1.0, "Preprocessing": 4.0},
    "fit": _FIT,
    "groups": _GROUPS,
}
"""Rough weights of the stages of a job, for its bar and the time left."""


def _demo(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.phantom import CohortSettings
    from clam_core.pipeline.demo import make_demo

    grid = int(arguments.get("grid", 48))
    cohort = CohortSettings(
        n_scans=int(arguments.get("scans", 48)),
        grid=(grid, grid, grid),
        seed=int(arguments.get("seed", 0)),
    )
    return make_demo(folder, cohort, N_WORKERS, progress).sentences


def _create(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.scans.create import CreateOptions, create

    options = CreateOptions(ids=arguments.get("ids", "auto"), n_workers=N_WORKERS)
    table = arguments.get("scans_table")
    said = create(
        folder, Path(arguments["scans"]), None if table is None else Path(table), options, progress
    ).sentences
    if "preprocess" in arguments:
        said += _preprocess(folder, arguments["preprocess"], progress)
    return said


def _clinical(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.clinical.import_clinical import import_table
    from clam_core.study import Study

    return import_table(Study(folder), Path(arguments["table"]), None, progress).sentences


def _preprocess(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.scans.preprocess import preprocess
    from clam_core.settings import PreprocessSettings
    from clam_core.study import Study

    study = Study(folder)
    values: dict[str, Any] = {
        name: arguments[name]
        for name in ("mask", "crop", "spacing_mm", "margin_mm", "intensity_factor")
        if name in arguments
    }
    grid = (int(arguments.get("grid", 88)),) * study.info.spatial_dims
    settings = PreprocessSettings(grid=grid, **values)
    forgets = bool(arguments.get("forget_missing", False))
    return preprocess(study, settings, N_WORKERS, progress, forget_missing=forgets).sentences


def _fit(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.method.fit import fit, settings_for
    from clam_core.settings import FitSettings
    from clam_core.study import Study

    study, choice = Study(folder), _choice(arguments)
    settings = settings_for(
        study, choice.preset, choice.n_clusters, choice.method, choice.epochs, choice.seed
    )
    if "plane" in arguments:
        settings = FitSettings.model_validate(
            {**settings.model_dump(), "plane": arguments["plane"]}
        )
    return fit(study, choice.name, settings, progress, resume=True).sentences


def _select(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.method.select import select
    from clam_core.settings import SelectSettings
    from clam_core.study import Study

    values = {name: value for name, value in arguments.items() if name != "run"}
    return select(Study(folder), _run(arguments), SelectSettings(**values), progress).sentences


def _localize(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.method.explain import stored_settings
    from clam_core.pipeline.method.localize import localize
    from clam_core.study import Study

    values = {name: value for name, value in arguments.items() if name != "run"}
    return localize(Study(folder), _run(arguments), stored_settings(values), progress).sentences


def _associate(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.clinical.associate import associate_run
    from clam_core.settings import AssociateSettings
    from clam_core.study import Study

    values = {name: value for name, value in arguments.items() if name != "run"}
    settings = AssociateSettings.model_validate(values)
    return associate_run(Study(folder), _run(arguments), settings, progress).sentences


def _groups(folder: Path, arguments: Arguments, progress: Progress) -> Sentences:
    from clam_core.pipeline.everything import find_groups
    from clam_core.study import Study

    done = find_groups(Study(folder), _choice(arguments), progress)
    return tuple(sentence for summary in done for sentence in summary.sentences)


def _run(arguments: Arguments) -> str:
    return str(arguments.get("run", "default"))


def _choice(arguments: Arguments) -> Any:  # noqa: ANN401  (FitChoice, imported late)
    from clam_core.pipeline.everything import FitChoice

    epochs = arguments.get("epochs")
    return FitChoice(
        name=_run(arguments),
        n_clusters=int(arguments.get("k", 2)),
        preset=str(arguments.get("preset", "default")),
        method=str(arguments.get("method", "auto")),
        epochs=None if epochs is None else int(epochs),
        seed=int(arguments.get("seed", 0)),
    )


STEPS: dict[str, Callable[[Path, Arguments, Progress], Sentences]] = {
    "demo": _demo,
    "create": _create,
    "clinical": _clinical,
    "preprocess": _preprocess,
    "fit": _fit,
    "select": _select,
    "localize": _localize,
    "associate": _associate,
    "groups": _groups,
}
