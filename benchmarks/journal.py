"""Rows of a long benchmark, kept as they are measured, so that it can be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from clam_core import __version__

Progress = Callable[[str, int, int], None]
"""Told what is measured, the number done, and the number of all."""


class Journal:
    """A table that grows on disk; what it holds is not measured again.

    Args:
        path: CSV file, or None to keep the rows in memory only.
        keys: Columns that tell one measurement from another.
    """

    def __init__(self, path: Path | None, keys: tuple[str, ...]) -> None:
        self._path, self._keys = path, keys
        self._rows: list[dict[str, Any]] = []
        if path is not None and path.is_file():
            table = pd.read_csv(path)
            if "version" in table and (table["version"].astype(str) == __version__).all():
                self._rows = table.to_dict("records")  # type: ignore[assignment]
        self._known = {self._key(row) for row in self._rows}

    def take(self, facts: dict[str, Any], measure: Callable[[], Iterable[dict[str, Any]]]) -> None:
        """Measure, unless rows with these facts are there.

        Args:
            facts: Values of the key columns.
            measure: Gives the other columns of each row.
        """
        if self._key(facts) in self._known:
            return
        self._rows += [{"version": __version__, **facts, **row} for row in measure()]
        self._known.add(self._key(facts))
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.table().to_csv(self._path, index=False, lineterminator="\n")

    def table(self) -> pd.DataFrame:
        """All rows."""
        return pd.DataFrame(self._rows)

    def _key(self, row: dict[str, Any]) -> tuple[Hashable, ...]:
        return tuple(row[name] for name in self._keys)
