"""Memory of one map, and cost of encoding and mapping a cohort, few scans and many."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.map_peers import make_example
from benchmarks.map_speed import GRID
from benchmarks.table import Figure, reached
from clam_core.fitting.presets import preset_settings
from clam_core.localization import make_maps, make_reference
from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import LocalizeSettings
from clam_core.training import CohortImages, ScanSource, encode, fit_input_scale

SMALL_GRID = (32, 32, 32)
BATCH = 16
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What a process used.

    Attributes:
        seconds: Time of the processor per scan.
        peak_mib: Memory of the process at its highest; None where the system does not tell.
        added_mib: The same less what was in use before.
    """

    seconds: float
    peak_mib: float | None
    added_mib: float | None


def measure(sizes: tuple[int, int], n_runs: int) -> list[Figure]:
    """Memory of one map of each kind; cost per scan and memory of cohorts of two sizes.

    Args:
        sizes: Few scans and many.
        n_runs: Pairs of processes.
    """
    return [*_maps(), *_cohorts(sizes, n_runs)]


def _maps() -> list[Figure]:
    figures = []
    for variant in ("paper", "integrated"):
        peak = in_child("map_cost", variant).added_mib
        if peak is not None:
            figures.append(
                Figure(
                    f"Peak memory that a map adds, {variant}, 88 cubed",
                    f"{peak:.0f} MiB",
                    "<= 1 GB",
                    reached(peak * MIB, 1e9),
                    "a process of its own, one thread, over what network and scan take",
                )
            )
    return figures


def _cohorts(sizes: tuple[int, int], n_runs: int) -> list[Figure]:
    few, many = sizes
    pairs = [[in_child("cohort_cost", n) for n in sizes] for _ in range(n_runs)]
    change = statistics.median(pair[1].seconds / pair[0].seconds - 1 for pair in pairs)
    seconds = [1e3 * statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1)]
    figures = [
        Figure(
            f"Encoding and mapping 32 cubed, a scan of {few} and of {many}",
            f"{seconds[0]:.1f} and {seconds[1]:.1f} ms",
            "grows <= 10 %",
            reached(change, 0.1),
            f"changes by {100 * change:+.0f} %, median of {n_runs} pairs of processes, "
            "processor time; codes, cohort's median, integrated maps",
        )
    ]
    peaks = [[cost.peak_mib for cost in pair if cost.peak_mib is not None] for pair in pairs]
    if all(len(pair) == 2 for pair in peaks):
        low, high = (statistics.median(pair[side] for pair in peaks) for side in (0, 1))
        figures.append(
            Figure(
                f"Peak memory of this process, {few} and {many} scans",
                f"{low:.0f} and {high:.0f} MiB",
                "grows <= 10 %",
                reached(high / low - 1, 0.1),
                "scans are read as needed; the cohort's median holds at most 200 of them",
            )
        )
    return figures


_CHILD = """
import json, sys
from benchmarks import cohort_speed
name, argument = json.load(sys.stdin)
sys.stdout.write(cohort_speed.told(name, argument))
"""


def in_child(name: str, argument: str | int) -> Cost:
    """A function of this module in a process of its own, on one thread."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps([name, argument]),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Cost(**json.loads(done.stdout))


def told(name: str, argument: str | int) -> str:
    """The cost of a function of this module, as JSON."""
    torch.set_num_threads(1)
    cost = map_cost(str(argument)) if name == "map_cost" else cohort_cost(int(argument))
    return json.dumps(asdict(cost))


def map_cost(variant: str) -> Cost:
    """One map of one scan of 88 cubed, network and scan already in memory."""
    example = make_example(GRID)
    settings = LocalizeSettings.model_validate({"variant": variant, "target": 1})
    reference = make_reference(example.model, [example.images], 2)
    watched = _Watched()
    make_maps(example.model, example.image, settings, reference)
    return watched.cost(1)


def cohort_cost(n_scans: int) -> Cost:
    """Codes, reference and maps of a cohort, read as needed; nothing is kept but the codes."""
    model = _model()
    _encode_and_map(model, BATCH)
    watched = _Watched()
    _encode_and_map(model, n_scans)
    return watched.cost(n_scans)


def _model() -> ClusterModel:
    autoencoder = seeded_autoencoder(SMALL_GRID, preset_settings("default", 2).network, 0)
    images = _images(BATCH).batch(torch.arange(2))
    with torch.no_grad():
        centers = autoencoder.encode(images)
    return ClusterModel(autoencoder, LatentFeatures(), StudentHead(centers, 0.1))


def _images(n_scans: int) -> CohortImages:
    source = ScanSource(lambda row: (_scan(row), None), n_scans, SMALL_GRID)
    few = ScanSource(source.reader, BATCH, SMALL_GRID)
    return CohortImages(source, fit_input_scale(few, preset_settings("paper", 2).scale), 0)


def _scan(row: int) -> NDArray[np.int16]:
    return np.random.default_rng(row).integers(-1000, 400, SMALL_GRID, dtype=np.int16)


def _encode_and_map(model: ClusterModel, n_scans: int) -> None:
    images = _images(n_scans)
    encode(model, images, BATCH)
    settings = LocalizeSettings(max_steps=16)
    reference = make_reference(model, images.in_batches(BATCH), 2)
    for batch in images.in_batches(BATCH):
        make_maps(model, batch, settings, reference)


class _Watched:
    """Time and memory of this process from now on."""

    def __init__(self) -> None:
        self._before: float | None = None
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
            self._before = _status_mib("VmRSS")
        self._begun = time.process_time()

    def cost(self, n_scans: int) -> Cost:
        """What was used since, time per scan."""
        seconds = (time.process_time() - self._begun) / n_scans
        if self._before is None:
            return Cost(seconds, None, None)
        peak = _status_mib("VmHWM")
        return Cost(seconds, peak, peak - self._before)


def _status_mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) / 1024
