"""OwnScans: every scan at its own resolution, read once however many ask for it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from clam_core.errors import ClamError, ReadError, StudyError
from clam_core.pipeline.own_resolution.early_slice import early_task, geometry_of
from clam_core.pipeline.own_resolution.raw_folder import RawFolder
from clam_core.pipeline.scans.sources import Source, find_sources
from clam_core.sandbox.pool import ReaderPool, Task
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Study
from clam_core.study.own_voxels.kept_scans import KeptScans, raw_bytes

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_BYTES = 20_000_000_000
VERSION = "1"
"""Goes up when the reader writes other voxels: what was kept is then read again."""

COPY = "you see the smaller copy in the study."
CHANGED = f"The files of this scan have changed since it was preprocessed; {COPY}"
GONE = f"The files of this scan are no longer where they were found; {COPY}"
FAILED = f"The files of this scan cannot be read now; {COPY}"
FULL = f"The disk of the studies is full, so this scan cannot be kept as it is; {COPY}"
READING = "The scan is being read at its own resolution."
READ_OWN = "clam_core.pipeline.own_resolution.read_own"
_EARLY = "clam_core.pipeline.own_resolution.early_slice"
_EARLY_PRELOAD = "clam_core.read.dicom.one_slice"
_CHUNK_BYTES = 1 << 20
_FAILED_SECONDS = 20.0
"""So long a failure is told to everybody who asks; then it is tried again."""
_MOST_KNOWN = 10_000

Key = tuple[str, str]
Fill = Callable[[Path], dict[str, Any]]
"""Writes the voxels of a scan to a file, and says what they are."""


class OwnScans:
    """Scans at their own resolution.

    Args:
        limit_bytes: How much the raw files may take beside one folder of studies.
        n_readers: Scans that are read at the same time.
    """

    def __init__(self, limit_bytes: int = DEFAULT_BYTES, n_readers: int = 2) -> None:
        self._limit, self._limits = limit_bytes, ReadLimits()
        # Entered: both processes import while the first scan is asked for.
        self._pool = ReaderPool(n_readers, self._limits, (READ_OWN,)).__enter__()
        # Of its own: whoever opens a scan sees a slice before those who came first have all.
        self._early = ReaderPool(1, self._limits, (_EARLY_PRELOAD, _EARLY)).__enter__()
        self._threads = ThreadPoolExecutor(n_readers, thread_name_prefix="own-scan")
        self._lock = threading.Lock()
        self._reading: set[str] = set()
        self._failed: dict[str, tuple[float, str]] = {}
        self._known: dict[tuple[Key, str], tuple[int, int]] = {}
        self.n_started = 0

    def close(self) -> None:
        """End the readers; what they have begun is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for pool in (self._pool, self._early):
            pool.__exit__(None, None, None)

    def info(self, study: Study, scan_id: str) -> dict[str, Any]:
        """What there is of a scan; where nothing is, a reader starts.

        Args:
            study: The study.
            scan_id: One of its scans.

        Returns:
            state (`reading`, `ready`, `changed`, `gone` or `failed`) and sentence; where it is
            ready, shape, affine, slope, intercept, numbers, digest and slices_per_chunk, too.
            While it is being read, the first five of them mean that `early` gives slices.
        """
        kept = self._kept(study, scan_id)
        told = _told("failed", "") if kept is None else self._info_of_kept(study, scan_id, kept)
        if told["state"] != "failed":  # else its files may still be there
            return told
        try:
            source = find_sources(study, scan_id).get(scan_id)
        except ClamError:  # the key that leads to hidden names is not here
            return _told("failed", FAILED)
        if source is None or not source.files or set(source.files) & source.missing:
            return _told("gone", GONE)
        scan = scan_to_read(study, scan_id, source)
        digest = _digest(scan, source)
        folder = RawFolder(study.folder, self._limit)
        head = folder.head(digest)
        if head is None:
            row = _row(study, scan_id)
            n_bytes = raw_bytes(str(row["original_shape"]))
            told = self._begin(folder, digest, n_bytes, partial(self._fill, scan, source))
            return (geometry_of(row) or {}) | told if told["state"] == "reading" else told
        row = _row(study, scan_id)
        # A copied or touched file passes: the voxels count, not the time of change.
        if row.get("voxel_digest") not in {None, head["voxel_digest"]}:
            return _told("changed", CHANGED)
        return self._ready((str(study.folder), scan_id), digest, head)

    def _kept(self, study: Study, scan_id: str) -> dict[str, Any] | None:
        """What is known of a scan that the study itself keeps; None where it keeps none."""
        return KeptScans(study.folder).head(_row(study, scan_id).get("voxel_digest"))

    def _info_of_kept(self, study: Study, scan_id: str, kept: dict[str, Any]) -> dict[str, Any]:
        """Of a scan that the study keeps, whatever has become of its files."""
        voxels, folder = str(kept["voxel_digest"]), RawFolder(study.folder, self._limit)
        digest = hashlib.blake2b(f"{VERSION} kept {voxels}".encode(), digest_size=16).hexdigest()
        head = folder.head(digest)
        if head is not None:
            return self._ready((str(study.folder), scan_id), digest, head)
        known = checked(kept)
        n_bytes = raw_bytes("x".join(map(str, known["shape"])))
        unpack = partial(KeptScans(study.folder).unpack, voxels)
        told = self._begin(folder, digest, n_bytes, unpack)
        values = {name: one for name, one in known.items() if name != "voxel_digest"}
        return values | told if told["state"] == "reading" else told

    def early(self, study: Study, scan_id: str, index: int) -> bytes | None:
        """One slice while the scan is still being read; None where it cannot be had soon.

        Args:
            study: The study.
            scan_id: One of its scans, whose `info` has told its geometry.
            index: Along the third axis.
        """
        row = _row(study, scan_id)
        head = self._kept(study, scan_id)
        if head is not None:
            return _slice_of_kept(KeptScans(study.folder), head, index)
        geometry = geometry_of(row)
        if geometry is None or not 0 <= index < geometry["shape"][2]:
            return None
        try:
            source = find_sources(study, scan_id).get(scan_id)
            if source is None or set(source.files) & source.missing:
                return None
            files = [[str(ref.path), ref.member] for ref in source.files]
            task = Task(f"{_EARLY}:read_early", early_task(row, files, index), source.n_bytes)
            _, arrays = self._early.run(task).unwrap()
        except ClamError:  # whoever reads the whole scan says what is wrong with it
            return None
        values = arrays.get("slice")
        if values is None or list(values.shape) != geometry["shape"][:2]:
            return None
        return values.astype("<i2", copy=False).tobytes(order="F")

    def chunk(self, study: Path, scan_id: str, digest: str, number: int) -> bytes | None:
        """One chunk of a scan that `info` has called ready; None if it is not there (any more).

        Args:
            study: Folder of the study.
            scan_id: One of its scans.
            digest: As `info` gave it.
            number: Which chunk, from 0.
        """
        # Only what was checked for this scan: a digest alone opens nothing.
        known = self._known.get(((str(study), scan_id), digest))
        if known is None:
            return None
        total, size = known
        start = number * size
        if not 0 <= start < total:
            return None
        return RawFolder(study, self._limit).read(digest, start, min(size, total - start))

    def _ready(self, key: Key, digest: str, head: dict[str, Any]) -> dict[str, Any]:
        nx, ny, nz = head["shape"]
        n_slices = max(1, _CHUNK_BYTES // (2 * nx * ny))
        with self._lock:
            while len(self._known) >= _MOST_KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[key, digest] = 2 * nx * ny * nz, 2 * nx * ny * n_slices
        values = {name: one for name, one in head.items() if name != "voxel_digest"}
        return _told("ready", "") | values | {"digest": digest, "slices_per_chunk": n_slices}

    def _begin(self, folder: RawFolder, digest: str, n_raw: int, fill: Fill) -> dict[str, Any]:
        """One reader per scan, however many ask."""
        with self._lock:
            if digest in self._reading:
                return _told("reading", READING)
            when, sentence = self._failed.get(digest, (-_FAILED_SECONDS, ""))
            if time.monotonic() - when < _FAILED_SECONDS:
                return _told("failed", sentence)
            if folder.head(digest) is not None:  # it came between the look and the lock
                return _told("reading", READING)
            self._failed.pop(digest, None)
            self._reading.add(digest)
            self.n_started += 1
        self._threads.submit(self._read, folder, digest, n_raw, fill)
        return _told("reading", READING)

    def _fill(self, scan: dict[str, Any], source: Source, written: Path) -> dict[str, Any]:
        """By a reader, from the scan's files."""
        arguments = {"scan": scan, "to": str(written), "limits": self._limits.model_dump()}
        task = Task(f"{READ_OWN}:read_own", arguments, source.n_bytes)
        values, _ = self._pool.run(task).unwrap()
        return values

    def _read(self, folder: RawFolder, digest: str, n_raw: int, fill: Fill) -> None:
        is_kept, written, sentence = False, None, FAILED
        try:
            if not folder.has_room(n_raw):
                sentence = FULL
                return
            written = folder.new_file()
            is_kept = folder.keep(written, digest, checked(fill(written)))
        except (ClamError, OSError, KeyError, TypeError, ValueError):
            is_kept = False
        finally:
            if written is not None:
                written.unlink(missing_ok=True)
            with self._lock:
                if not is_kept:
                    self._failed[digest] = time.monotonic(), sentence
                self._reading.discard(digest)


def _told(state: str, sentence: str) -> dict[str, Any]:
    return {"state": state, "sentence": sentence}


def _row(study: Study, scan_id: str) -> pd.Series[Any]:
    return cast("pd.Series[Any]", study.scans().loc[scan_id])


def _slice_of_kept(kept: KeptScans, head: dict[str, Any], index: int) -> bytes | None:
    nx, ny, nz = head["shape"]
    if not 0 <= index < nz:
        return None
    try:
        return kept.read(str(head["voxel_digest"]), 2 * nx * ny * index, 2 * nx * ny)
    except StudyError:  # whoever unpacks all of it says so
        return None


def scan_to_read(study: Study, scan_id: str, source: Source) -> dict[str, Any]:
    """What a reader is told of a scan."""
    prepared = study.info.prepared
    settings = PreprocessSettings() if prepared is None else prepared.settings
    return {
        "format": str(study.scans().at[scan_id, "format"]),
        "files": [[str(ref.path), ref.member] for ref in source.files],
        "unit": study.info.unit,
        "intensity_factor": settings.intensity_factor,
    }


def _digest(scan: dict[str, Any], source: Source) -> str:
    """Name of the raw file: other files, or files with another stamp, have another."""
    parts = f"{VERSION} {sorted(scan.items())} {source.stamps}"
    return hashlib.blake2b(parts.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """What a reader said, which may be wrong: it has parsed files of strangers."""
    shape = [int(n) for n in values["shape"]]
    affine = [[float(one) for one in row] for row in values["affine"]]
    numbers = values["numbers"]
    if len(shape) != 3 or min(shape) < 1 or [len(row) for row in affine] != [4] * 4:
        raise ReadError("The reader's answer is no scan.")
    return {
        "shape": shape,
        "affine": affine,
        "slope": float(values["slope"]),
        "intercept": float(values["intercept"]),
        "numbers": None if numbers is None else [int(n) for n in numbers],
        "voxel_digest": str(values["voxel_digest"]),
    }
