"""Where the files of a study's scans lie now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.find.stored_paths import find_ref, hidden_names, is_coded
from clam_core.study import Study

Stamp = tuple[str, int, int]
"""Path, size and time of change of a file."""


@dataclass(frozen=True)
class Source:
    """Where the files of one scan lie.

    Attributes:
        files: The files of the scan.
        masks: The files of its mask.
        mask_format: What the mask's files are.
        private: Names that no sentence may hold.
        stamps: Path, size and time of change of every file that is there.
        missing: Files that are not there now, under the path that is stored of them.
    """

    files: tuple[FileRef, ...]
    masks: tuple[FileRef, ...]
    mask_format: str
    private: frozenset[str]
    stamps: tuple[Stamp, ...]
    missing: frozenset[FileRef]

    @property
    def n_bytes(self) -> int:
        """Size of all files on disk."""
        return sum(size for _, size, _ in self.stamps)

    def needed(self, *, with_masks: bool) -> frozenset[FileRef]:
        """The files that are read, with or without those of the mask."""
        return frozenset((*self.files, *self.masks) if with_masks else self.files)


def find_sources(
    study: Study,
    only: str | None = None,
    *,
    root: Path | None = None,
    stored: pd.DataFrame | None = None,
) -> dict[str, Source]:
    """Files of every scan that was found; one that has gone is left for its reader to say.

    Args:
        study: The study.
        only: Look for the files of this scan alone.
        root: Look below this folder; by default below the one that the study names.
        stored: Table of files; by default the study's own.

    Raises:
        MissingKeyError: If names are hidden and the study's key is not on this machine.
    """
    root = root or Path(study.info.scans_root)
    stored = study.sources() if stored is None else stored
    stored = stored[stored["role"] != "failed"]
    if only is not None:
        stored = stored[stored["scan_id"] == only]
    key = _key(study, stored)
    found: dict[str, Source] = {}
    stamps = _Stamps()
    for scan_id, rows in stored.groupby("scan_id", sort=False):
        refs: dict[str, list[FileRef]] = {"scan": [], "mask": []}
        private: set[str] = set()
        missing: set[FileRef] = set()
        mask_format = "none"
        for role, path, member in zip(rows["role"], rows["path"], rows["member"], strict=True):
            inner = None if pd.isna(member) else str(member)
            try:
                ref = find_ref(path, inner, root, key)
            except ReadError:  # it has gone: its reader will say so
                ref = FileRef(root / path, inner)
                missing.add(ref)
            kind, _, fmt = str(role).partition(":")
            refs[kind].append(ref)
            mask_format = fmt or mask_format
            private |= hidden_names(path, inner, ref, root)
        stamped = {ref: stamps(ref.path) for ref in (*refs["scan"], *refs["mask"])}
        missing |= {ref for ref, stamp in stamped.items() if stamp is None}
        found[str(scan_id)] = Source(
            files=tuple(refs["scan"]),
            masks=tuple(refs["mask"]),
            mask_format=mask_format,
            private=frozenset(private),
            stamps=tuple(dict.fromkeys(stamp for stamp in stamped.values() if stamp is not None)),
            missing=frozenset(missing),
        )
    return found


def _key(study: Study, stored: pd.DataFrame) -> str:
    """The study's key, where names of files can be found only with it."""
    names = (*stored["path"].dropna(), *stored["member"].dropna())
    if not any(is_coded(str(name)) for name in names):
        return ""
    return study.key("files whose names it hides cannot be found")


class _Stamps:
    """Size and time of change of files, asked once per file (an archive holds many scans)."""

    def __init__(self) -> None:
        self._known: dict[Path, Stamp | None] = {}

    def __call__(self, path: Path) -> Stamp | None:
        """The stamp of a file, None if it is not there."""
        if path not in self._known:
            try:
                status = path.stat()
                self._known[path] = (str(path), status.st_size, status.st_mtime_ns)
            except OSError:
                self._known[path] = None
        return self._known[path]
