"""Study: one folder on disk, one axis (the scan), every result aligned with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import ClamError, MissingStepError, StudyError
from clam_core.files.given_names import check_name
from clam_core.study import atomic
from clam_core.study.arrays import ScanArrays
from clam_core.study.json_files.stored_json import read_object
from clam_core.study.json_files.study_info import STUDY, StudyInfo, read_info, refuse_newer
from clam_core.study.keys.key_files import move_key, require_key
from clam_core.study.locking import hold
from clam_core.study.staging import Staging, pending, roll_forward
from clam_core.volume import Volume

ReadRow = Callable[[int], tuple[NDArray[np.int16], NDArray[np.bool_] | None]]
"""From a position to the volume (int16) and the mask of a scan."""

SCANS, SOURCES, SKIPPED = "scans.parquet", "sources.parquet", "skipped.parquet"
CLINICAL, CLINICAL_COLUMNS = "clinical.parquet", "clinical.json"
ARRAYS, PICTURES = "arrays.zarr", "pictures"
_DESCRIBED = {"level": str, "columns": list}
_UNDESCRIBED = {"notices": [], "n_matched": 0, "n_scans": 0}
"""What the description of the clinical table must hold, and what it may lack."""


class Study:
    """A study on disk. Nothing is kept in memory but its path and its info.

    Args:
        folder: An existing study.

    Raises:
        StudyError: If the folder holds no study, or one a damaged or newer one.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not (self.folder / STUDY).is_file():
            raise StudyError(
                f"There is no study in {self.folder.name!r}; make one with the step 'create'."
            )
        self.finish()
        self.info = read_info(self.folder)
        self._arrays = ScanArrays(self.folder / ARRAYS, _prepare_again)

    def finish(self) -> None:
        """Complete a replacement of files that a killed process had decided on."""
        if pending(self.folder):
            refuse_newer(self.folder)
            with self.lock(timeout=30):
                roll_forward(self.folder)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def scans(self) -> pd.DataFrame:
        """One row per scan, indexed by scan_id, in the order of every array's first axis."""
        return atomic.read_table(self.folder / SCANS)

    def sources(self) -> pd.DataFrame:
        """Files of each scan: scan_id, role (scan or mask), path, member."""
        return atomic.read_table(self.folder / SOURCES)

    def skipped(self) -> pd.DataFrame:
        """Files that are no scan: source, kind, n_files, reason."""
        return atomic.read_table(self.folder / SKIPPED)

    def key(self, without: str) -> str:
        """The key by which names and hospital numbers of this study became codes.

        Args:
            without: What cannot be done without it, for the message.

        Raises:
            MissingKeyError: If it is not on this machine, with how to bring it.
        """
        return self.info.key or require_key(self.info.key_id, self.name, without)

    def clinical(self) -> tuple[pd.DataFrame, dict[str, Any]] | None:
        """Clinical table (indexed by scan or subject id) and its columns' description."""
        # One without the other is damage: both are written in one go.
        if not any((self.folder / name).is_file() for name in (CLINICAL, CLINICAL_COLUMNS)):
            return None
        table = atomic.read_table(self.folder / CLINICAL)
        return table, read_object(self.folder / CLINICAL_COLUMNS, _DESCRIBED, _UNDESCRIBED)

    def write_clinical(self, table: pd.DataFrame, description: dict[str, Any]) -> None:
        """Replace the clinical table and the description of its columns."""
        with self.lock():
            staging = Staging(self.folder, "clinical")
            staging.start(fingerprint="")
            atomic.write_table(staging.folder / CLINICAL, table)
            atomic.write_json(staging.folder / CLINICAL_COLUMNS, description)
            staging.commit([CLINICAL, CLINICAL_COLUMNS])

    # Scans

    def volume(self, scan_id: str) -> Volume:
        """Preprocessed volume of one scan, int16, on the study's grid.

        Raises:
            MissingStepError: If the scan has not been preprocessed.
        """
        row, number = self._ready(scan_id)
        affine = np.asarray(row["affine"], dtype=np.float64).reshape(4, 4)
        return Volume(
            self._arrays.read("volumes", number, f"scan {scan_id!r}"), affine, self.info.unit
        )

    def mask(self, scan_id: str) -> NDArray[np.bool_] | None:
        """Mask of one scan on the study's grid; None where it was made without.

        Raises:
            MissingStepError: If the scan has not been preprocessed.
        """
        row, number = self._ready(scan_id)
        if row["mask_source"] == "none":
            return None
        return self._arrays.read("masks", number, f"scan {scan_id!r}").astype(bool)

    def ready(self) -> list[str]:
        """Ids of the scans that have been preprocessed, in the study's order."""
        scans = self.scans()
        return [str(scan_id) for scan_id in scans.index[scans["status"] == "ready"]]

    def reader(self, scan_ids: Sequence[str]) -> ReadRow:
        """How to read many scans fast: volumes and masks by position in `scan_ids`.

        Args:
            scan_ids: Scans that are ready.

        Returns:
            A function from the position to (int16 volume, mask or None).

        Raises:
            MissingStepError: If one of them is not ready.
        """
        scans = self.scans()
        places = {scan_id: row for row, scan_id in enumerate(scans.index)}
        for scan_id in scans.index[scans["status"] != "ready"].intersection(list(scan_ids)):
            raise MissingStepError(f"Scan {scan_id!r} is not ready; run the step 'preprocess'.")
        masked = scans["mask_source"].ne("none").to_numpy()
        rows = [places[scan_id] for scan_id in scan_ids]

        def read(position: int) -> tuple[NDArray[np.int16], NDArray[np.bool_] | None]:
            row, whose = rows[position], f"scan {scan_ids[position]!r}"
            mask = self._arrays.read("masks", row, whose).astype(bool) if masked[row] else None
            return self._arrays.read("volumes", row, whose).astype(np.int16, copy=False), mask

        return read

    def has_checksums(self) -> bool:
        """Whether a changed bit in a volume would be seen."""
        return "volumes" not in self._arrays or self._arrays.has_checksums("volumes")

    def is_whole(self) -> bool:
        """Whether volume, mask and picture of every scan that is ready can be read back."""
        scan_ids = self.ready()
        read = self.reader(scan_ids)
        try:
            for position, scan_id in enumerate(scan_ids):
                read(position)
                self.picture(scan_id)
        except StudyError:
            return False
        return True

    def picture(self, scan_id: str) -> bytes:
        """Picture for quality control of one scan, PNG.

        Raises:
            MissingStepError: If the scan has not been preprocessed.
        """
        _, number = self._ready(scan_id)
        path = self.folder / PICTURES / f"{number:06d}.png"
        try:
            return path.read_bytes()
        except OSError as error:
            raise StudyError(
                f"The picture of scan {scan_id!r} ({path.name}) cannot be read "
                f"({error.strerror}); {_prepare_again(PICTURES)}."
            ) from error

    def _ready(self, scan_id: str) -> tuple[dict[str, Any], int]:
        scans = self.scans()
        if scan_id not in scans.index:
            raise StudyError(f"The study {self.name!r} has no scan {scan_id!r}.")
        number = cast("int", scans.index.get_loc(scan_id))
        row = {str(name): value for name, value in scans.iloc[number].items()}
        if row["status"] != "ready":
            why = f": {row['reason']}" if row["reason"] else "; run the step 'preprocess' first."
            raise MissingStepError(f"Scan {scan_id!r} is not ready{why}")
        return row, number

    # Writing

    @contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:
        """Hold the study for writing, waiting for at most `timeout` seconds.

        Raises:
            BusyError: If another process holds it.
        """
        with hold(self.folder, timeout):
            with suppress(ClamError, OSError):  # it stays where it was
                move_key(self.folder)
            yield

    def replace_info(self, info: StudyInfo) -> None:
        """Take note of what has been written to study.json."""
        self.info = info
        self._arrays = ScanArrays(self.folder / ARRAYS, _prepare_again)


def _prepare_again(name: str) -> str:  # noqa: ARG001
    return "run the step 'preprocess' again"


def create_study(
    folder: Path, info: StudyInfo, scans: pd.DataFrame, sources: pd.DataFrame, skipped: pd.DataFrame
) -> Study:
    """Make a new study; it appears complete or not at all.

    Args:
        folder: Must not exist, or be empty.
        info: Content of study.json.
        scans: One row per scan, indexed by scan_id, with status and reason.
        sources: Files of each scan.
        skipped: Files that are no scan.

    Returns:
        The study.

    Raises:
        StudyError: If the folder holds something, or cannot be written.
    """
    check_free(folder)
    # In the same folder, so that `replace` is a rename on one disk.
    beside = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, table in ((SCANS, scans), (SOURCES, sources), (SKIPPED, skipped)):
            atomic.write_table(beside / name, table)
        atomic.write_json(beside / STUDY, info.model_dump())
        # It is empty (`check_free`); not every system lets a rename replace a folder.
        if folder.exists():
            folder.rmdir()
        beside.replace(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise StudyError(
            f"The study {folder.name!r} could not be made ({error.strerror})."
        ) from error
    except ClamError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return Study(folder)


def check_free(folder: Path) -> None:
    """Refuse a folder that already holds something.

    Raises:
        StudyError: If it is a study, a file, or not empty, or cannot be called so everywhere.
    """
    check_name(folder.name or str(folder), "study")
    if (folder / STUDY).is_file():
        raise StudyError(
            f"There is already a study in {folder.name!r}; choose another name, or delete it first."
        )
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise StudyError(f"{folder.name!r} is not empty; a study needs a folder of its own.")
