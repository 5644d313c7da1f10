"""Reading: one reading study of a study, in a folder of its own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ClamError, MissingStepError, SettingsError, StudyError
from clam_core.files.given_names import check_name, name_fault
from clam_core.reading_study.answers import (
    Answer,
    Given,
    checked_values,
    last_answers,
    questions_for,
)
from clam_core.reading_study.blind_order import PARTS, Case, Part, cases_of
from clam_core.reading_study.protocol import PROTOCOL_VERSION, Protocol
from clam_core.settings.on_disk import read_stored
from clam_core.study import atomic
from clam_core.study.arrays import ScanArrays
from clam_core.study.folder import Study
from clam_core.study.readings.answer_log import AnswerLog

READINGS, PROTOCOL, ARRAYS = "readings", "protocol.json", "arrays.zarr"
LOCKS = ".locked.json"
REAL, CONTROL = "real_maps", "control_maps"


class Reading:
    """A reading study on disk.

    Args:
        study: The study whose scans are read.
        name: Name of the reading study.

    Raises:
        StudyError: If the name cannot be that of a folder.
    """

    def __init__(self, study: Study, name: str) -> None:
        check_name(name, "reading study")
        self.study, self.name = study, name
        self.folder = study.folder / READINGS / name

    def protocol(self) -> Protocol:
        """What is read, by whom.

        Raises:
            MissingStepError: If there is no such reading study.
            StudyError: If its protocol is damaged, or of a newer version.
        """
        path = self.folder / PROTOCOL
        if not path.is_file():
            raise MissingStepError(
                f"The study {self.study.name!r} has no reading study {self.name!r}; make one with "
                "the step 'reading-protocol' first."
            )
        values = atomic.read_json(path)
        if values.get("schema_version", 0) > PROTOCOL_VERSION:
            raise StudyError(
                f"The reading study {self.name!r} was made by a newer version of this software; "
                "open it with that one."
            )
        return read_stored(Protocol, values, f"{PROTOCOL!r} of the reading study {self.name!r}")

    # A reader

    def log(self, reader: str) -> AnswerLog:
        """What a reader has saved."""
        protocol = self.protocol()
        number = self._number(protocol, reader)
        return AnswerLog(self.folder / f"reader-{number}.jsonl", f"{protocol.digest}|{number}")

    def answers(self, reader: str, part: Part = "scores") -> dict[int, Answer]:
        """The last answer of each case, by its number."""
        return last_answers(self.log(reader).entries(), part)

    def cases(self, reader: str, part: Part = "scores") -> tuple[Case, ...]:
        """All cases of a reader in order."""
        protocol = self.protocol()
        return cases_of(protocol, protocol.readers[self._number(protocol, reader) - 1], part)

    def save(self, reader: str, part: Part, given: Given) -> None:
        """Append an answer, or take the last one of a case back.

        Args:
            reader: Who answers.
            part: Scores, or rating of maps.
            given: The answer.

        Raises:
            SettingsError: If a value is not on its scale, or there is no such case.
            StudyError: If the reader has locked this part, or the line cannot be written.
            BusyError: If the log has grown meanwhile.
        """
        protocol = self.protocol()
        if self.locked(reader, part) is not None:
            raise StudyError("This part is locked; no answer can be added or changed.")
        if part == "maps" and self.locked(reader, "scores") is None:
            raise StudyError("Maps are rated after the scores have been locked.")
        if not any(one.number == given.case for one in self.cases(reader, part)):
            raise SettingsError(f"There is no case {given.case} in this reading study.")
        kept = None
        if given.values is not None:
            kept = checked_values(questions_for(protocol, part), given.values)
        entry = {
            "time": _now(),
            "part": part,
            "case": given.case,
            "values": kept,
            "seconds": round(given.seconds, 1),
            "view": dict(given.view),
        }
        self.log(reader).append(entry, given.after)

    # Locks

    def locked(self, reader: str, part: Part = "scores") -> dict[str, Any] | None:
        """When a reader ended a part, how many cases it had; None where it is open."""
        path = self._lock_path(reader, part)
        return atomic.read_json(path) if path.is_file() else None

    def lock(self, reader: str, part: Part, *, unfinished: bool = False) -> None:
        """End a reader's part: nothing can be added, and what was said can be read.

        Args:
            reader: Who ends it.
            part: Scores, or rating of maps.
            unfinished: Whether cases may be without an answer.

        Raises:
            StudyError: If cases have no answer, or the part is locked already.
        """
        if self.locked(reader, part) is not None:
            raise StudyError("This part is locked already.")
        done, cases = self.answers(reader, part), self.cases(reader, part)
        n_open = len(cases) - len(done)
        if n_open and not unfinished:
            raise StudyError(
                f"{n_open} of {len(cases)} cases have no answer yet; answer them, or say that the "
                "part ends without them."
            )
        if not done and not unfinished:
            raise StudyError("There is nothing to lock.")
        log = self.log(reader)
        lines = len(log.entries())
        about = {"reader": reader, "part": part, "time": _now(), "n_cases": len(cases)}
        about |= {"n_answered": len(done), "n_lines": lines, "digest": log.last_digest()}
        atomic.write_json(self._lock_path(reader, part), about)

    def is_locked(self, part: Part = "scores") -> bool:
        """Whether all readers have ended a part."""
        return all(self.locked(one, part) is not None for one in self.protocol().readers)

    def check_locks(self) -> None:
        """See that no line of a locked part was cut off.

        Raises:
            StudyError: If one was.
        """
        for reader in self.protocol().readers:
            log = self.log(reader)
            n_lines = len(log.entries())
            for part in PARTS:
                told = self.locked(reader, part)
                if told is not None and n_lines < int(told["n_lines"]):
                    raise StudyError(
                        f"Answers of reader {reader!r} are gone since they were locked; put "
                        f"{log.path.name!r} back from a copy of the study."
                    )

    @property
    def is_started(self) -> bool:
        """Whether an answer was saved; the protocol is fixed from then on."""
        return any(path.stat().st_size for path in self.folder.glob("reader-*.jsonl"))

    # Maps that are rated

    def rated_map(self, scan_id: str, *, is_control: bool) -> NDArray[np.float32]:
        """A map of the second part, in [0, 1], shape of the grid.

        Raises:
            MissingStepError: If no map of this scan is rated.
        """
        maps = self.protocol().maps
        if maps is None or scan_id not in maps.scans:
            raise MissingStepError(f"No map of scan {scan_id!r} is rated in this reading study.")
        row = maps.scans.index(scan_id)
        values = self.arrays().read(CONTROL if is_control else REAL, row, f"scan {scan_id!r}")
        return values.astype(np.float32)

    def arrays(self) -> ScanArrays:
        """Arrays with a row per rated scan, in the order of the protocol."""
        return ScanArrays(self.folder / ARRAYS, lambda _: "put the reading study back")

    def _number(self, protocol: Protocol, reader: str) -> int:
        try:
            return protocol.number_of(reader)
        except ValueError:
            raise StudyError(
                f"{reader!r} is no reader of {self.name!r}; its readers are "
                f"{', '.join(protocol.readers)}."
            ) from None

    def _lock_path(self, reader: str, part: Part) -> Path:
        number = self._number(self.protocol(), reader)
        return self.folder / f"reader-{number}-{part}{LOCKS}"


def create_reading(
    study: Study,
    name: str,
    protocol: Protocol,
    maps: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> Reading:
    """Make a reading study, or replace one in which nothing was answered yet.

    Args:
        study: The study whose scans are read.
        name: Name of the reading study.
        protocol: What is read.
        maps: Own and control maps, each of shape (n_rated, grid), where maps are rated.

    Raises:
        StudyError: If answers have been given under this name, or it cannot be written.
    """
    made = Reading(study, name)
    with study.lock():
        if made.folder.is_dir() and made.is_started:
            raise StudyError(
                f"Answers have been given in the reading study {name!r}, so its protocol can no "
                "longer change; choose another name."
            )
        beside = made.folder.with_name(f".{name}.partial")
        try:
            made.folder.parent.mkdir(exist_ok=True)
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            arrays = ScanArrays(beside / ARRAYS)
            for array, values in zip((REAL, CONTROL), maps or (), strict=False):
                arrays.put(array, values.astype(np.float16))
            atomic.write_json(beside / PROTOCOL, protocol.model_dump(mode="json"))
            shutil.rmtree(made.folder, ignore_errors=True)
            beside.replace(made.folder)
        except OSError as error:
            raise StudyError(
                f"The reading study {name!r} could not be made ({error.strerror})."
            ) from error
        except ClamError:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    return made


def reading_names(study: Study) -> list[str]:
    """Names of the reading studies of a study."""
    found = (path.parent.name for path in (study.folder / READINGS).glob(f"[!.]*/{PROTOCOL}"))
    return sorted(name for name in found if not name_fault(name))


def readings_of(study: Study) -> list[Reading]:
    """All reading studies of a study."""
    return [Reading(study, name) for name in reading_names(study)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
