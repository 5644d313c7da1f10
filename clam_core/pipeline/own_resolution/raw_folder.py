"""A bounded folder of raw voxels beside the studies; what was used least recently goes first."""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from clam_core.study.removal import OWN_VOXELS

_RAW, _HEAD, _PARTIAL = ".raw", ".json", ".partial"
_ABANDONED_SECONDS = 86_400.0
_LEFT_FREE = 256 << 20
"""So much of the disk is left to the studies themselves."""


class RawFolder:
    """Raw files of the scans of one study, within one limit for all studies beside it.

    Args:
        study: Folder of the study.
        limit_bytes: How much all raw files of all studies may take.
    """

    def __init__(self, study: Path, limit_bytes: int) -> None:
        self._root = study.resolve().parent / OWN_VOXELS
        self._folder, self._limit = self._root / study.name, limit_bytes

    def head(self, digest: str) -> dict[str, Any] | None:
        """What is known of a scan whose voxels are here; None if they are not."""
        raw, head = self._paths(digest)
        try:
            values: dict[str, Any] = json.loads(head.read_bytes())
            if raw.stat().st_size != 2 * math.prod(values["shape"]):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self._touch(raw)
        return values

    def read(self, digest: str, start: int, n_bytes: int) -> bytes | None:
        """Bytes of the voxels of a scan; None if they are not here (any more)."""
        raw, _ = self._paths(digest)
        try:
            with raw.open("rb", buffering=0) as file:
                file.seek(start)
                content = file.read(n_bytes)
        except OSError:
            return None
        self._touch(raw)
        return content if len(content) == n_bytes else None

    def new_file(self) -> Path:
        """A name that a reader may write to."""
        for folder in (self._root, self._folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder / f"{secrets.token_hex(8)}{_PARTIAL}"

    def has_room(self, n_bytes: int) -> bool:
        """Whether the disk takes a scan of so many bytes; what was used long ago goes for it."""
        for _, raw in self._held():
            if self._free() >= n_bytes + _LEFT_FREE:
                return True
            self._remove(raw)
        return self._free() >= n_bytes + _LEFT_FREE

    def _free(self) -> int:
        return shutil.disk_usage(self._root.parent).free

    def keep(self, written: Path, digest: str, values: dict[str, Any]) -> bool:
        """Take over what a reader wrote, if it is as large as it says.

        Raises:
            OSError: If the disk refuses, or the study has been deleted meanwhile.
        """
        raw, head = self._paths(digest)
        if written.stat().st_size != 2 * math.prod(values["shape"]):
            return False
        beside = head.with_name(f"{secrets.token_hex(8)}{_PARTIAL}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(values, file)
        written.replace(raw)
        beside.replace(head)
        self._touch(raw)
        self._make_room(raw)
        return True

    def _paths(self, digest: str) -> tuple[Path, Path]:
        return self._folder / f"{digest}{_RAW}", self._folder / f"{digest}{_HEAD}"

    def _touch(self, raw: Path) -> None:
        """Note that it was used: many disks do not, and the time of change must stay."""
        with suppress(OSError):
            os.utime(raw, ns=(time.time_ns(), raw.stat().st_mtime_ns))

    def _make_room(self, keep: Path) -> None:
        for left in self._root.glob(f"*/*{_PARTIAL}"):  # of readers that were killed
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                    left.unlink()
        held = self._held()
        total = sum(size for size, _ in held)
        for size, raw in held:
            if total <= self._limit:
                return
            if raw != keep and self._remove(raw):
                total -= size

    def _held(self) -> list[tuple[int, Path]]:
        """Size and name of all raw files of all studies, the longest unused first."""
        held = []
        for raw in self._root.glob(f"*/*{_RAW}"):
            with suppress(OSError):
                seen = raw.stat()
                held.append((seen.st_atime_ns, seen.st_size, raw))
        return [(size, raw) for _, size, raw in sorted(held)]

    def _remove(self, raw: Path) -> bool:
        # Windows keeps a file that somebody reads; it goes the next time.
        try:
            raw.unlink()
            raw.with_suffix(_HEAD).unlink(missing_ok=True)
        except OSError:
            return False
        return True
