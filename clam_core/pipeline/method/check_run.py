"""The parts of a run, each with how it is read and what makes it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from clam_core.errors import ClamError, StudyError
from clam_core.pipeline.current import why_stale
from clam_core.study import Run
from clam_core.study.associations import has_associations, read_associations, read_replication
from clam_core.study.names import read_names

_FIT = "Fit a run under another name; this one cannot be mended."
_LOCALIZE = "The step 'localize' makes it again."
_SELECT = "The step 'select' makes it again."
_ASSOCIATE = "The step 'associate' makes it again."
_REPLICATE = "The step 'replicate' makes it again."
_NAMES = "Name the clusters again."
_MOST_OFF = 1e-3
"""How far memberships of a scan may be from a sum of 1: they are stored as float32."""


@dataclass(frozen=True)
class Part:
    """One part of a run: what it is, how it is read, and what makes it again."""

    what: str
    remedy: str
    read: Callable[[], object]


class RunParts:
    """Everything that a run holds.

    Args:
        run: A run that has been fitted.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def listed(self) -> Iterator[Part]:
        """The parts that are there, or should be, the description first."""
        run = self._run
        yield Part("description", _FIT, run.info)
        yield Part("table of scans", _FIT, run.scans)
        yield Part("weights", _FIT, self._model)
        yield Part("training log", _FIT, run.history)
        for name in ("latent", "features", "soft_assignment"):
            yield Part(f"array {name}", _FIT, partial(self._array, name))
        yield Part("names of clusters", _NAMES, partial(read_names, run))
        if run.has_selection():
            yield Part("numbers of clusters", _SELECT, run.selection)
        if self._is_localized():
            yield from self._maps()
        if has_associations(run):
            yield Part("associations", _ASSOCIATE, partial(read_associations, run))
        yield Part("replication", _REPLICATE, partial(read_replication, run))

    def notes(self) -> list[str]:
        """What is no damage, but worth knowing."""
        try:
            stale = why_stale(self._run.study, self._run)
        except ClamError:  # its description is among the faults
            return []
        return [stale] if stale else []

    def _is_localized(self) -> bool:
        try:
            return self._run.info().localized is not None
        except ClamError:
            return False

    def _maps(self) -> Iterator[Part]:
        run = self._run
        yield Part("table of maps", _LOCALIZE, run.maps)
        yield Part("medians of the cohort", _LOCALIZE, self._reference)
        try:
            table = run.maps()
        except ClamError:
            return
        for scan_id in table.index[table["done"]]:
            yield Part(
                f"map of scan {str(scan_id)!r}",
                _LOCALIZE,
                partial(run.activation_map, str(scan_id)),
            )
        for name in run.cluster_arrays():
            yield Part(f"array {name}", _LOCALIZE, partial(run.array, name))

    def _array(self, name: str) -> None:
        """Read an array of the fit: a row per scan, finite, memberships that sum to 1."""
        values = self._run.array(name).astype(np.float64)
        n_scans = len(self._run.scans())
        if len(values) != n_scans or not np.isfinite(values).all():
            raise StudyError(f"it has no finite row for each of {n_scans} scans.")
        if name == "soft_assignment" and np.abs(values.sum(axis=1) - 1).max() > _MOST_OFF:
            raise StudyError("memberships of a scan do not sum to 1.")

    def _model(self) -> None:
        from clam_core.pipeline.method.weights import load_model, load_tensors

        if self._run.info().given is not None:
            load_tensors(self._run)
        else:
            load_model(self._run)

    def _reference(self) -> None:
        from clam_core.pipeline.method.weights import load_reference

        load_reference(self._run)
