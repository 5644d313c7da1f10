"""RunWriter: results of a step are written beside the run until all are there."""

from __future__ import annotations

import json
import shutil
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.study import atomic
from clam_core.study.arrays import ScanArrays
from clam_core.study.json_files.run_info import RunInfo
from clam_core.study.runs import ARRAYS, HISTORY, RUN, Run
from clam_core.study.staging import WRITTEN, Staging


class RunWriter:
    """Writes the results of a step beside the run's own, then replaces them together.

    Args:
        run: The run, locked by the caller.
        step: `fit` or `localize`.
    """

    def __init__(self, run: Run, step: str) -> None:
        self._run = run
        self._staging = Staging(run.folder, step)
        self.folder = self._staging.folder
        self._arrays = ScanArrays(self.folder / ARRAYS)
        self._written: dict[str, int] = {}

    def __enter__(self) -> RunWriter:
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
        """Begin, or go on: the lines noted before under this fingerprint.

        A line whose rows cannot be read back is not among them.
        """
        self._run.folder.mkdir(parents=True, exist_ok=True)
        lines = self._staging.start(fingerprint, self._holds)
        return [{name: line[name] for name in line if name != WRITTEN} for line in lines]

    def _holds(self, line: dict[str, Any]) -> bool:
        """Whether the rows that a line says have been written are there."""
        return WRITTEN in line and all(
            self._arrays.holds(name, row) for name, row in line[WRITTEN].items()
        )

    def clear(self) -> None:
        """Throw away what an earlier start has left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def logged(self) -> list[dict[str, Any]]:
        """Rows of the training log of an earlier start."""
        return self._run.history()

    def create(self, name: str, n_rows: int, shape: tuple[int, ...], dtype: str) -> None:
        """Make an array of shape (n_rows, *shape), one chunk per row."""
        self._arrays.create(name, n_rows, shape, dtype)

    def write_row(self, name: str, row: int, values: NDArray[np.generic]) -> None:
        """Write one row of an array."""
        self._arrays.write(name, row, values)
        self._written[name] = row

    def read_row(self, name: str, row: int) -> NDArray[np.generic]:
        """One row of an array that is being written."""
        return self._arrays.read(name, row)

    def write_array(self, name: str, values: NDArray[np.generic]) -> None:
        """Make an array and write all its rows."""
        self._arrays.put(name, values)

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Stage a table."""
        atomic.write_table(self.folder / name, table)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Stage a file."""
        atomic.write_bytes(self.folder / name, content)

    def note(self, line: dict[str, Any]) -> None:
        """Add a line to the step's journal, on the rows written since the last one."""
        self._staging.note({**line, WRITTEN: self._written})
        self._written = {}

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Replace the training log."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        atomic.write_bytes(self.folder / HISTORY, text.encode())

    def commit(self, info: RunInfo, names: list[str]) -> None:
        """Replace run.json and the named files and arrays."""
        atomic.write_json(self.folder / RUN, info.model_dump())
        self._staging.commit([*names, RUN])
