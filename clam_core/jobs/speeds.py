"""How long finding clusters took on this machine: what the estimate of the next time rests on."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clam_core.errors import ClamError
from clam_core.jobs.record import JOBS

SPEEDS = "speeds.json"
TIMED = frozenset({"groups"})
"""Steps that are timed."""

_TRAINING, _MAPS = "Training", "Making maps"


@dataclass(frozen=True)
class Speed:
    """What one run cost.

    Attributes:
        passes: Passes over the scans.
        training: Seconds per pass and million voxels of all scans.
        maps: Seconds per million voxels of all scans.
        rest: Seconds of everything else.
    """

    passes: int
    training: float
    maps: float
    rest: float

    def seconds(self, voxels: int, passes: int | None = None) -> float:
        """Estimate for scans of so many voxels, all together."""
        size = voxels / 1e6
        return self.rest + size * (self.training * (passes or self.passes) + self.maps)


class Stopwatch:
    """Takes the time of the stages that a step reports."""

    def __init__(self, begun: float) -> None:
        self._begun = begun
        self._first: dict[str, tuple[float, int]] = {}
        self._last: dict[str, tuple[float, int, int]] = {}

    def note(self, stage: str, done: int, total: int, now: float) -> None:
        """Take note of how far a stage is, at a time in seconds."""
        self._first.setdefault(stage, (now, done))
        self._last[stage] = (now, done, total)

    def speed(self, voxels: int, ended: float) -> Speed | None:
        """What the run cost; None where it was only the rest of one that was interrupted."""
        if self._first.get(_TRAINING, (0.0, 2))[1] > 1 or voxels <= 0:
            return None
        training, passes = self._whole(_TRAINING)
        maps, _ = self._whole(_MAPS)
        if not training:
            return None
        size = voxels / 1e6
        rest = max(0.0, ended - self._begun - training - maps)
        return Speed(passes, training / passes / size, maps / size, rest)

    def _whole(self, stage: str) -> tuple[float, int]:
        """Seconds of all parts of a stage, from those between its first and last report."""
        if stage not in self._first:
            return 0.0, 0
        (start, first), (end, last, total) = self._first[stage], self._last[stage]
        return ((end - start) / (last - first) * total, total) if last > first else (0.0, total)


def keep_speed(root: Path, study: Path, preset: str, watch: Stopwatch, ended: float) -> None:
    """Keep what a run of this preset cost, for the next estimate; an older one is replaced."""
    speed = watch.speed(_n_voxels(study), ended)
    if speed is None:
        return
    known = _read(root) | {preset: asdict(speed)}
    beside = root / JOBS / f".{SPEEDS}.{os.getpid()}"
    beside.write_text(json.dumps(known), encoding="utf-8")
    beside.replace(root / JOBS / SPEEDS)


def last_speed(root: Path, preset: str) -> Speed | None:
    """What the last run of this preset cost on this machine; None where there was none."""
    stored = _read(root).get(preset)
    try:
        return None if stored is None else Speed(**stored)
    except TypeError:
        return None


def _read(root: Path) -> dict[str, Any]:
    try:
        stored = json.loads((root / JOBS / SPEEDS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _n_voxels(study: Path) -> int:
    """Voxels of all scans of a study that are ready."""
    from clam_core.study import Study

    try:
        prepared = Study(study).info.prepared
    except ClamError:
        return 0
    return 0 if prepared is None else math.prod(prepared.settings.grid) * prepared.n_ready
