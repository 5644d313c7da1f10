"""Run: one fit of the method on a study, with everything that follows from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import MissingStepError, StudyError
from clam_core.files.given_names import check_name
from clam_core.settings import SelectSettings
from clam_core.settings.on_disk import read_stored
from clam_core.study import atomic
from clam_core.study.arrays import ScanArrays
from clam_core.study.folder import Study
from clam_core.study.json_files.migrate import RUNS as LAYOUTS
from clam_core.study.json_files.run_info import RunInfo
from clam_core.study.json_files.stored_json import Kinds, read_object
from clam_core.study.locking import hold
from clam_core.study.staging import Staging, pending, roll_forward

N_INFOS = 64
"""Runs whose run.json is kept in memory."""
REFERENCE, ENCODER_FILE = "reference.safetensors", "encoder.program"
RUNS, RUN, HISTORY, WEIGHTS = "runs", "run.json", "history.jsonl", "weights.safetensors"
SCANS, MAPS, SELECTION = "scans.parquet", "maps.parquet", "selection.json"
ARRAYS = "arrays.zarr"
_OF_CLUSTERS = {"cluster_maps", "cluster_means", "cluster_masks", "archetypes", "archetype_paths"}
_OF_MAPS = {"maps", "cluster_maps", "cluster_means", "cluster_masks"}
_OF_LOCALIZE = {"maps", *_OF_CLUSTERS}
_SELECTED: Kinds = {"settings": dict, "rows": list, "recommended": (int, NoneType), "reason": str}


class Run:
    """A run on disk. Row r of `scans` is row r of every array of the run.

    Args:
        study: The study it belongs to.
        name: Name of the run.

    Raises:
        StudyError: If the name cannot be that of a folder.
    """

    def __init__(self, study: Study, name: str) -> None:
        check_name(name, "run")
        self.study, self.name = study, name
        self.folder = study.folder / RUNS / name
        if self.folder.is_dir() and pending(self.folder):
            with self.lock(timeout=30):
                roll_forward(self.folder)
        self._arrays = ScanArrays(self.folder / ARRAYS, _make_again, self._is_zero)

    @property
    def is_fitted(self) -> bool:
        """Whether a fit has been completed under this name."""
        return (self.folder / RUN).is_file()

    def info(self) -> RunInfo:
        """Content of run.json, shared by all who ask until it is replaced.

        Raises:
            MissingStepError: If nothing was fitted under this name.
            StudyError: If it is damaged, or was made by a newer version.
        """
        if not self.is_fitted:
            raise MissingStepError(
                f"The study {self.study.name!r} has no finished run {self.name!r}; run the step "
                "'fit' first."
            )
        return _read_info(self.folder / RUN, atomic.stamp(self.folder / RUN))

    # Results

    def scans(self) -> pd.DataFrame:
        """One row per scan, indexed by scan_id: cluster (from 1), confidence, x, y and more."""
        self.info()
        return atomic.read_table(self.folder / SCANS)

    def history(self) -> list[dict[str, Any]]:
        """Rows of the training log, also of a fit that is still going on."""
        places = (self.folder, Staging(self.folder, "fit").folder)
        found = [place / HISTORY for place in places if (place / HISTORY).is_file()]
        if not found:
            return []
        path = found[0]
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def weights(self) -> Path:
        """Path of the weights (safetensors).

        Raises:
            StudyError: If the file is missing.
        """
        self.info()
        if not (self.folder / WEIGHTS).is_file():
            raise StudyError(f"{WEIGHTS!r} of the run {self.name!r} is missing; fit it again.")
        return self.folder / WEIGHTS

    def encoder(self) -> Path:
        """Path of the encoder that was brought along.

        Raises:
            StudyError: If the file is missing.
        """
        if not (self.folder / ENCODER_FILE).is_file():
            raise StudyError(
                f"The encoder of the run {self.name!r} is missing ({ENCODER_FILE}); fit it again."
            )
        return self.folder / ENCODER_FILE

    def reference(self) -> Path:
        """Path of the cohort's medians that maps are made against (safetensors)."""
        self.maps()
        return self.folder / REFERENCE

    def array(self, name: str) -> NDArray[np.generic]:
        """A whole array of the run: latent, soft_assignment, cluster_maps, cluster_means.

        Raises:
            MissingStepError: If the step that makes it has not been run.
        """
        self._require(name)
        return self._arrays.read_all(name)

    def array_row(self, name: str, row: int) -> NDArray[np.generic]:
        """One row of an array of the run, such as the mean map of a cluster (from 0).

        Raises:
            MissingStepError: If the step that makes it has not been run.
        """
        self._require(name)
        return self._arrays.read(name, row)

    def activation_map(self, scan_id: str) -> NDArray[np.float32]:
        """Stored map of one scan, shape of the grid, in [0, 1].

        Raises:
            MissingStepError: If the step 'localize' has not made it.
        """
        self._require("maps")
        table = self.maps()
        if scan_id not in table.index or not table.loc[scan_id, "done"]:
            raise MissingStepError(
                f"There is no stored map of scan {scan_id!r}; run the step 'localize' for it."
            )
        row = cast("int", self.scans().index.get_loc(scan_id))
        return self._arrays.read("maps", row, f"scan {scan_id!r}").astype(np.float32)

    def maps(self) -> pd.DataFrame:
        """One row per scan of the run: whether its map is stored, and what was measured of it."""
        path = self.folder / MAPS
        if not path.is_file():
            raise MissingStepError(
                f"The run {self.name!r} has no maps yet; run the step 'localize' first."
            )
        return atomic.read_table(path)

    def cluster_arrays(self) -> list[str]:
        """Arrays with a row per cluster that the step 'localize' has made, or should have."""
        always = {"cluster_maps", "cluster_means"}
        return sorted(always | {name for name in _OF_CLUSTERS if name in self._arrays})

    def has_selection(self) -> bool:
        """Whether the step 'select' has been run."""
        return (self.folder / SELECTION).is_file()

    def selection(self) -> dict[str, Any]:
        """What the step 'select' found for each number of clusters.

        Raises:
            MissingStepError: If it has not been run.
            StudyError: If it is damaged.
        """
        if not self.has_selection():
            raise MissingStepError(
                f"The run {self.name!r} has not compared numbers of clusters; run the step "
                "'select' first."
            )
        found = read_object(self.folder / SELECTION, _SELECTED, {"notes": []})
        settings = read_stored(SelectSettings, found["settings"], repr(SELECTION))
        return {**found, "settings": settings.model_dump(mode="json")}

    def _require(self, name: str) -> None:
        if name not in self._arrays:
            step = "localize" if name in _OF_LOCALIZE else "fit"
            raise MissingStepError(
                f"The run {self.name!r} has no {name.replace('_', ' ')} yet; run the step "
                f"{step!r} first."
            )

    def _is_zero(self, name: str, row: int) -> bool:
        """Whether a map says nothing for its cluster, or a cluster has no maps."""
        if name not in _OF_MAPS or not (self.folder / MAPS).is_file():
            return False
        table = self.maps()
        if name == "maps":
            says_nothing = table["done"] & (table.get("raw_high", np.nan) == 0)
            return bool(says_nothing.iloc[row])
        return not table["done"][self.scans()["cluster"] == row + 1].any()

    # Writing

    @contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:
        """Hold the run for writing.

        Raises:
            BusyError: If another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with hold(self.folder, timeout, "working on the run"):
            yield

    def write_selection(self, found: dict[str, Any]) -> None:
        """Replace what the step 'select' found."""
        atomic.write_json(self.folder / SELECTION, found)

    def delete(self) -> None:
        """Delete the run and everything in it."""
        with self.lock():
            shutil.rmtree(self.folder)


def _make_again(name: str) -> str:
    if name in _OF_LOCALIZE:
        return "run the step 'localize' again"
    return "fit the scans again under another name"


def run_names(study: Study) -> list[str]:
    """Names of the finished runs of a study."""
    return sorted(path.parent.name for path in (study.folder / RUNS).glob(f"*/{RUN}"))


def names_without_description(study: Study) -> list[str]:
    """Runs that have weights, but not the file that says what they are."""
    found = (path.parent for path in (study.folder / RUNS).glob(f"*/{WEIGHTS}"))
    return sorted(folder.name for folder in found if not (folder / RUN).is_file())


@lru_cache(maxsize=N_INFOS)
def _read_info(path: Path, stamped: tuple[int, ...]) -> RunInfo:  # noqa: ARG001
    """Content of a run.json; read again only when it has been replaced.

    Raises:
        StudyError: If it is damaged, or was made by a newer version.
    """
    name = path.parent.name
    values = LAYOUTS.read(atomic.read_json(path), name)
    return read_stored(RunInfo, values, f"{RUN!r} of the run {name!r}")
