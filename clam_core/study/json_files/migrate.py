"""Layouts of study.json and run.json, from the first one on: how each of them is read.

A layout is brought up in memory when a study or a run is opened. On disk it changes when a
step replaces the file, together with everything else that the step writes: a study that is
only looked at is never touched. Each file is brought up by itself, so that a study of the
present may hold runs of the past.

The next layout gets its place here: a function from the values of the present one to its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clam_core.errors import StudyError

Reader = Callable[[dict[str, Any]], dict[str, Any]]
"""From the values of one layout to those of the next; that of the last returns its own."""

VERSION = "schema_version"


@dataclass(frozen=True)
class Layouts:
    """Every layout that one kind of file has ever had.

    Attributes:
        what: What the file describes, such as `study`.
        readers: From the number of a layout to its reader, without a gap.
    """

    what: str
    readers: Mapping[int, Reader]

    @property
    def present(self) -> int:
        """The layout that is written."""
        return max(self.readers)

    def refuse_newer(self, values: Mapping[str, Any], name: str) -> None:
        """Refuse what a newer version of this software has written.

        Raises:
            StudyError: With both numbers.
        """
        version = values.get(VERSION)
        if isinstance(version, int) and version > self.present:
            raise StudyError(
                f"The {self.what} {name!r} has layout version {version}, this software reads "
                f"versions up to {self.present}; open it with the version of the software that "
                "made it, or a later one."
            )

    def read(self, values: dict[str, Any], name: str) -> dict[str, Any]:
        """The values as those of the present layout.

        Args:
            values: Content of the file.
            name: Of the study or run, for messages.

        Raises:
            StudyError: If a newer version has written them, or no version says that it did.
        """
        self.refuse_newer(values, name)
        version = values.get(VERSION)
        if type(version) is not int or version not in self.readers:
            raise StudyError(
                f"The {self.what} {name!r} does not say which layout it has; its description is "
                "damaged. Put it back from a copy of the study."
            )
        for number in range(version, self.present + 1):
            values = self.readers[number](values)
        return {**values, VERSION: self.present}


def _first(values: dict[str, Any]) -> dict[str, Any]:
    """Layout 1, of version 0.1.0 and later."""
    return {"version": "unknown", **values}


def _first_study(values: dict[str, Any]) -> dict[str, Any]:
    """Layout 1 held the key itself; it stays beside its id until it is moved (`key_files`)."""
    key = values.get("key")
    named = {"key_id": key_id_of(key)} if isinstance(key, str) else {}
    return _first({**values, **named})


def _first_run(values: dict[str, Any]) -> dict[str, Any]:
    """Layout 1 knew nothing of the plain ways to group the same scans; it stays unknown."""
    return _first({"plain": None, **values})


def key_id_of(key: str) -> str:
    """What a study calls its key: a digest, from which the key does not follow."""
    return hashlib.sha256(f"key of CLAM Explorer: {key}".encode()).hexdigest()[:16]


STUDIES = Layouts("study", {1: _first_study, 2: _first})
RUNS = Layouts("run", {1: _first_run, 2: _first})
