"""Where results are written: new files in the folder that the user named, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clam_core.errors import StudyError
from clam_core.files.file_names import inside
from clam_core.study import Study
from clam_core.wording import plural

_N_LISTED = 3


class Destination:
    """A folder that files are written to; what lies there already is kept.

    A map is called like its scan, so in the folder of the scans it would take the scan's
    place. Files that are there are replaced only if the user says so, and below the folder of
    the scans or in the study not even then.

    Args:
        study: The study whose results are written.
        folder: The folder that the user named.
        overwrite: Whether files that are there may be replaced.
    """

    def __init__(self, study: Study, folder: Path, *, overwrite: bool = False) -> None:
        self.folder, self._overwrite = folder, overwrite
        self._kept = [Path(study.info.scans_root).resolve(), study.folder.resolve()]

    def make(self) -> None:
        """Make the folder if it is not there.

        Raises:
            StudyError: If it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(
                f"The folder {self.folder.name!r} cannot be made ({error.strerror}); choose "
                "another place."
            ) from error

    def places(self, names: Sequence[str]) -> list[Path]:
        """Where files of these names go; asked for all of them before the first is written.

        Raises:
            StudyError: If one would lie elsewhere, or would replace what must stay.
        """
        paths = [inside(self.folder, name) for name in names]
        there = [path for path in paths if path.exists()]
        if there and any(self.folder.resolve().is_relative_to(kept) for kept in self._kept):
            raise StudyError(
                f"{_listed(there)} already in {self.folder.name!r}, where the scans or the study "
                "lie, and nothing is replaced there; choose another folder."
            )
        if there and not self._overwrite:
            raise StudyError(
                f"{_listed(there)} already in {self.folder.name!r}; choose another folder, or "
                "replace with --overwrite."
            )
        return paths

    def place(self, name: str) -> Path:
        """Where one file goes; see `places`."""
        return self.places([name])[0]


def _listed(there: Sequence[Path]) -> str:
    """Which files, the first few by name, with their verb."""
    shown = ", ".join(repr(path.name) for path in there[:_N_LISTED])
    if len(there) == 1:
        return f"{shown} is"
    more = f" and {len(there) - _N_LISTED} more" if len(there) > _N_LISTED else ""
    return f"{plural(len(there), 'file')} ({shown}{more}) are"
