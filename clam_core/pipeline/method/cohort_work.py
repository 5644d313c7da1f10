"""What `localize` needs of a whole cohort, carried out by an engine, one scan a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clam_core.localization import (
    VARIANTS,
    Reference,
    asked_rows,
    check_target,
    drawn_rows,
    map_layer,
    median_of,
    middle_of,
    with_backdrop,
)
from clam_core.pipeline.map_settings import asked_of_all
from clam_core.pipeline.method.explain import FittedCohort
from clam_core.pipeline.method.map_tasks import RANDOM, Where
from clam_core.pipeline.method.weights import reference_tensors
from clam_core.sandbox.engine import Engine, Shared, Task
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from clam_core.study.json_files.study_info import STUDY
from clam_core.study.stamp import fit_stamp

TASKS = "clam_core.pipeline.method.map_tasks"
N_RANDOMIZED = 6
"""Scans that the weight-randomisation check looks at."""

Arrays = dict[str, NDArray[np.generic]]
Made = tuple[int, dict[str, Any], Arrays]


class CohortWork:
    """The scans of a run, and who does the work.

    Results are the same to the bit whoever does it: each scan is handled for itself on one
    thread, and what is summed up is summed up in the order of the rows.

    Args:
        study: The study.
        run: A fitted run of it.
        settings: Of the maps.
        engine: Carries out the tasks.
    """

    def __init__(self, study: Study, run: Run, settings: LocalizeSettings, engine: Engine) -> None:
        self.cohort = FittedCohort(study, run, memory_bytes=0)
        self.settings = settings
        self._engine = engine
        where = Where(str(study.folder.resolve()), run.name, fit_stamp(run))
        self._always = {"where": list(where), "settings": settings.model_dump(mode="json")}
        self._reference: Reference | None = None
        self._shared: Shared | None = None

    @property
    def reference(self) -> Reference:
        """The cohort's medians, with the backdrop that the maps need; made once."""
        if self._reference is None:
            model, layer = self.cohort.model, map_layer(self.cohort.model, self.settings)
            n_scans = len(self.cohort.table)
            rows = drawn_rows(model, n_scans, layer, self.settings.seed)
            found = self._activations(rows, layer, None, with_image=True)
            activations, images = found
            activation = torch.from_numpy(middle_of(activations, model))
            image = torch.from_numpy(median_of(images))
            bare = Reference(layer, activation, image, n_scans, len(rows))
            self._reference = self._add_backdrop(bare, None)
        return self._reference

    def maps(self, rows: Iterable[int]) -> Iterator[Made]:
        """Row, line and map (scaled, float16) of some scans, as they are ready."""
        yield from self._each("map_of_scan", rows, shared=self._with_random())

    def likeness_of_random(self) -> float | None:
        """Mean correlation of some maps with those of a random encoder.

        None without maps, and where the encoder has no part in the clusters.
        """
        if self.cohort.model.reads_image:
            return None
        n_scans = len(self.cohort.table)
        rows = np.unique(np.linspace(0, n_scans - 1, min(N_RANDOMIZED, n_scans)).astype(int))
        made = self._each("likeness_of_scan", rows.tolist(), shared=self._with_random())
        found = {row: values["pearson"] for row, values, _ in made}
        # NaN is a map that is the same everywhere.
        mean = float(np.nanmean([found[row] for row in sorted(found)]))
        return None if np.isnan(mean) else mean

    def _with_random(self) -> Shared:
        """The medians, and beside them those of a random encoder where maps are held against it."""
        if self._shared is None:
            check_target(self.settings, self.cohort.model.n_clusters)
            arrays = dict(_shared(self.reference).arrays)
            needs = VARIANTS[self.settings.variant].needs_reference
            if needs and not self.cohort.model.reads_image:
                other = _shared(self._random_reference()).arrays
                arrays |= {RANDOM + name: one for name, one in other.items()}
            self._shared = Shared(arrays)
        return self._shared

    def _random_reference(self) -> Reference:
        """The medians as a random encoder sees the cohort; images are the same."""
        own, seed = self.reference, self.settings.seed
        rows = drawn_rows(self.cohort.model, own.n_scans, own.layer, seed)
        (activations,) = self._activations(rows, own.layer, seed, with_image=False)
        activation = torch.from_numpy(median_of(activations))
        bare = replace(own, activation=activation, backdrop={})
        return self._add_backdrop(bare, seed) if own.backdrop else bare

    def _activations(
        self, rows: list[int], layer: int, random_seed: int | None, *, with_image: bool
    ) -> list[list[NDArray[np.floating]]]:
        """Activations of some scans in any order, and their images where they are wanted."""
        asked = {"layer": layer, "random_seed": random_seed, "with_image": with_image}
        names = ["activation", "image"] if with_image else ["activation"]
        gathered: list[list[Any]] = [[] for _ in names]
        for _, _, arrays in self._each("activation_of_scan", rows, asked, with_settings=False):
            for place, name in zip(gathered, names, strict=True):
                place.append(arrays[name])
        return gathered

    def _add_backdrop(self, bare: Reference, random_seed: int | None) -> Reference:
        if self.settings.variant != "integrated":
            return bare
        settings = self.settings if random_seed is not None else asked_of_all(self.settings)
        asked = asked_rows(self.cohort.clusters, settings, self.cohort.model.n_clusters)
        plain = {row: [[q.cluster, q.other] for q in asked[row]] for row in asked}
        tasks = (
            self._task("nodes_of_scan", row, {"questions": plain[row], "random_seed": random_seed})
            for row in asked
        )
        found = {}
        for row, _, arrays in self._carry_out(tasks, _shared(bare)):
            found[row] = [torch.from_numpy(arrays[str(n)]) for n in range(len(asked[row]))]
        return with_backdrop(bare, asked, found)

    def _each(
        self,
        function: str,
        rows: Iterable[int],
        more: dict[str, Any] | None = None,
        shared: Shared | None = None,
        *,
        with_settings: bool = True,
    ) -> Iterator[Made]:
        """The same with each row."""
        tasks = (self._task(function, r, more or {}, with_settings=with_settings) for r in rows)
        return self._carry_out(tasks, shared)

    def _task(
        self, function: str, row: int, more: dict[str, Any], *, with_settings: bool = True
    ) -> Task:
        always = self._always if with_settings else {"where": self._always["where"]}
        return Task(f"{TASKS}:{function}", {**always, **more, "row": row}, key=row)

    def _carry_out(self, tasks: Iterable[Task], shared: Shared | None) -> Iterator[Made]:
        for task, reply in self._engine.map(tasks, shared):
            values, arrays = reply.unwrap()
            yield task.key, values, arrays


def _shared(reference: Reference) -> Shared:
    return Shared({name: one.numpy() for name, one in reference_tensors(reference).items()})


def files_of_run(study: Study, run: Run) -> tuple[Path, Path]:
    """Files that whoever works must see as this process does."""
    return study.folder.resolve() / STUDY, run.weights().resolve()


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Compute on one thread, as every worker does: another number may change last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
