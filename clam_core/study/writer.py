"""ScanWriter: volumes, masks and pictures are written beside the study until all are there."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.arrays import DTYPES, ScanArrays
from clam_core.study.folder import ARRAYS, PICTURES, SCANS, SOURCES, Study
from clam_core.study.json_files.study_info import STUDY, Prepared
from clam_core.study.keys.key_files import move_key
from clam_core.study.staging import WRITTEN, Staging


class ScanWriter:
    """Writes what preprocessing makes of each scan, then replaces the study's own.

    Args:
        study: The study, locked by the caller.
        grid: Shape of every volume.
    """

    def __init__(self, study: Study, grid: tuple[int, ...]) -> None:
        self._study, self._grid = study, grid
        self._staging = Staging(study.folder, "preprocess")
        self._arrays = ScanArrays(self._staging.folder / ARRAYS)

    def __enter__(self) -> ScanWriter:
        """Nothing is opened before `start`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the journal; what was written stays for the next start."""
        self._staging.close()

    def start(self, fingerprint: str) -> list[dict[str, Any]]:
        """Begin, or go on: the lines written before under this fingerprint.

        A line whose volume, mask or picture cannot be read back is not among them.

        Raises:
            StudyError: If the key of an older study cannot be stored outside; it is as before.
        """
        if self._study.info.key:  # what is committed at the end holds none
            move_key(self._study.folder, only_mine=False)
        lines = self._staging.start(fingerprint, self._holds)
        for name, dtype in DTYPES.items():
            self._arrays.create(name, len(self._study.scans()), self._grid, dtype)
        (self._staging.folder / PICTURES).mkdir(exist_ok=True)
        return [{name: line[name] for name in line if name != WRITTEN} for line in lines]

    def _holds(self, line: dict[str, Any]) -> bool:
        """Whether what a line says has been written is there."""
        return WRITTEN in line and all(
            self._picture(row).is_file() if name == PICTURES else self._arrays.holds(name, row)
            for name, row in line[WRITTEN].items()
        )

    def _picture(self, row: int) -> Path:
        return self._staging.folder / PICTURES / f"{row:06d}.png"

    def write(self, row: int, arrays: dict[str, NDArray[np.generic]], line: dict[str, Any]) -> None:
        """Write what is there of one scan, then note that it is done.

        Args:
            row: Its row in the scans table.
            arrays: `volume`, `mask` and `picture` (bytes of a PNG), or nothing.
            line: What becomes of its row.

        Raises:
            StudyError: If the disk is full.
        """
        if "volume" in arrays:
            self._arrays.write("volumes", row, arrays["volume"])
        if "mask" in arrays:
            self._arrays.write("masks", row, arrays["mask"])
        if "picture" in arrays:
            atomic.write_bytes(self._picture(row), arrays["picture"].tobytes())
        names = {"volume": "volumes", "mask": "masks", "picture": PICTURES}
        written = {place: row for name, place in names.items() if name in arrays}
        self._staging.note({**line, WRITTEN: written})

    def is_as_stored(self, row: int, scan_id: str) -> bool:
        """Whether volume and mask of a scan, as written now, are those of the study."""
        try:
            volume, mask = self._study.volume(scan_id).array, self._study.mask(scan_id)
            return np.array_equal(self._arrays.read("volumes", row), volume) and (
                mask is None or np.array_equal(self._arrays.read("masks", row), mask)
            )
        except StudyError:  # one of them is damaged or was never there
            return False

    def commit(
        self, scans: pd.DataFrame, prepared: Prepared, sources: pd.DataFrame | None = None
    ) -> None:
        """Replace volumes, masks, pictures and the scans table by the new ones.

        Args:
            scans: The scans table.
            prepared: What was prepared, and how.
            sources: Files of every scan, where they have changed.
        """
        info = self._study.info.model_copy(update={"prepared": prepared})
        atomic.write_table(self._staging.folder / SCANS, scans)
        names = [ARRAYS, PICTURES, SCANS, STUDY]
        if sources is not None:
            atomic.write_table(self._staging.folder / SOURCES, sources)
            names.append(SOURCES)
        atomic.write_json(self._staging.folder / STUDY, info.model_dump())
        self._staging.commit(names)
        self._study.replace_info(info)
