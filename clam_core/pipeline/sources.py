"""Where the files of a study's scans lie now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clam_core.errors import ReadError
from clam_core.io.files import FileRef
from clam_core.io.stored import find_ref, hidden_names
from clam_core.study import Study


@dataclass(frozen=True)
class Source:
    """Where the files of one scan lie; `private` are names that no sentence may hold."""

    files: tuple[FileRef, ...]
    masks: tuple[FileRef, ...]
    mask_format: str
    private: frozenset[str]
    stamps: tuple[tuple[str, int, int], ...]

    @property
    def n_bytes(self) -> int:
        """Size of all files on disk."""
        return sum(size for _, size, _ in self.stamps)


def find_sources(study: Study) -> dict[str, Source]:
    """Files of every scan that was found; one that has gone is left for its reader to say."""
    root = Path(study.info.scans_root)
    stored = study.sources()
    stored = stored[stored["role"] != "failed"]
    found: dict[str, Source] = {}
    stamps = _Stamps()
    for scan_id, rows in stored.groupby("scan_id", sort=False):
        refs: dict[str, list[FileRef]] = {"scan": [], "mask": []}
        private: set[str] = set()
        mask_format = "none"
        for role, path, member in zip(rows["role"], rows["path"], rows["member"], strict=True):
            inner = None if pd.isna(member) else str(member)
            ref = _find(path, inner, root, study.info.key)
            kind, _, fmt = str(role).partition(":")
            refs[kind].append(ref)
            mask_format = fmt or mask_format
            private |= hidden_names(path, inner, ref, root)
        files = (*refs["scan"], *refs["mask"])
        found[str(scan_id)] = Source(
            tuple(refs["scan"]), tuple(refs["mask"]), mask_format, frozenset(private), stamps(files)
        )
    return found


def _find(path: str, member: str | None, root: Path, key: str) -> FileRef:
    try:
        return find_ref(path, member, root, key)
    except ReadError:
        return FileRef(root / path, member)  # it has gone: its reader will say so


class _Stamps:
    """Size and time of change of files, asked once per file (an archive holds many scans)."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, int, int]] = {}

    def __call__(self, refs: Iterable[FileRef]) -> tuple[tuple[str, int, int], ...]:
        return tuple(self._stamp(path) for path in dict.fromkeys(ref.path for ref in refs))

    def _stamp(self, path: Path) -> tuple[str, int, int]:
        if path not in self._known:
            try:
                status = path.stat()
                self._known[path] = (str(path), status.st_size, status.st_mtime_ns)
            except OSError:
                self._known[path] = (str(path), 0, 0)
        return self._known[path]
