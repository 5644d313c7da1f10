"""Speed and memory of reading and preprocessing, beside SimpleITK alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import one_core, run_command
from benchmarks.table import Figure, reached
from clam_core.errors import SettingsError
from clam_core.sandbox.pool import ReaderPool, Task
from clam_core.settings import PreprocessSettings, ReadLimits

Progress = Callable[[str, int, int], None]
WORKER = "clam_core.pipeline.scans.prepare_scan"
GRID = (88, 88, 88)


def measure(data: Path, progress: Progress, *, quick: bool = False) -> list[Figure]:
    """All figures of this benchmark.

    Args:
        data: Folder with `chest_ct_dicom_series` (a zip of one chest CT) and
            `lidc_voi3d_dev` (nodules with masks and scans.csv).
        progress: Told which figure is measured.
        quick: Fewer scans and runs.

    Returns:
        The figures.

    Raises:
        SettingsError: If the scans are not there.
    """
    archives = sorted((data / "chest_ct_dicom_series").glob("*.zip"))
    nodules = data / "lidc_voi3d_dev"
    if not archives or not (nodules / "scans.csv").is_file():
        raise SettingsError(
            "The folder given with --data needs chest_ct_dicom_series/*.zip and "
            "lidc_voi3d_dev/scans.csv."
        )
    n_runs = 3 if quick else 7
    progress("Command line", 0, 3)
    figures = [_help(n_runs)]
    progress("Whole chest series", 1, 3)
    figures += _chest(archives[0], n_runs)
    progress("Nodules", 2, 3)
    figures += _nodules(nodules, (12, 24) if quick else (50, 336))
    return figures


def _help(n_runs: int) -> Figure:
    seconds = statistics.median(run_command("--help").seconds for _ in range(n_runs))
    return Figure(
        "python -m clam_core --help",
        f"{seconds:.2f} s",
        "<= 0.5 s",
        reached(seconds, 0.5),
        f"median of {n_runs} whole processes",
    )


def _chest(archive: Path, n_runs: int) -> list[Figure]:
    """One chest CT out of its zip to the grid: ours in a warm pool, and SimpleITK alone."""
    limits = ReadLimits()
    task = _chest_task(archive, limits)
    ours, peer, inside = [], [], []
    with one_core() as pinned, ReaderPool(1, limits, (WORKER,)) as pool:
        pool.run(task).unwrap()
        _direct(task, 1)
        for _ in range(n_runs):
            ours.append(_timed(lambda: pool.run(task).unwrap()))
            peer.append(_timed(lambda: _simpleitk_alone(archive)))
        inside = _direct(task, n_runs)
    how = f"median of {n_runs}, {'one core' if pinned else 'all cores'}, warm"
    mine, theirs, bare = (statistics.median(times) for times in (ours, peer, inside))
    ratio = statistics.median(a / b for a, b in zip(ours, peer, strict=True))
    overhead = (mine - bare) / bare
    return [
        Figure(
            "Chest CT, zip of 99 slices of 512 x 512, to 88 cubed with lung mask",
            f"{mine:.2f} s",
            "<= 3 s",
            reached(mine, 3),
            f"{how}; safe reading, checks, mask, picture",
        ),
        Figure(
            "The same, SimpleITK alone: unzip, read the series, resample",
            f"{theirs:.2f} s",
            how=f"{how}; no check, no mask, no anti-aliasing",
        ),
        Figure(
            "Ratio of the two",
            f"{ratio:.2f}",
            "<= 1.6",
            reached(ratio, 1.6),
            "median, pair by pair",
        ),
        Figure(
            "Share that reading in another process adds",
            f"{100 * overhead:.1f} %",
            "<= 20 %",
            reached(overhead, 0.2),
            f"{how}; against the same functions called directly ({bare:.2f} s)",
        ),
    ]


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _chest_task(archive: Path, limits: ReadLimits) -> Task:
    with zipfile.ZipFile(archive) as opened:
        members = sorted(name for name in opened.namelist() if name.endswith(".dcm"))
    arguments = {
        "scan": {
            "format": "dicom",
            "files": [[str(archive), member] for member in members],
            "mask_format": "none",
            "masks": [],
            "unit": "HU",
        },
        "settings": PreprocessSettings(grid=GRID, mask="lungs").model_dump(),
        "limits": limits.model_dump(),
    }
    return Task(f"{WORKER}:prepare_scan", arguments, archive.stat().st_size)


_DIRECT = """
import json, sys, time
from clam_core.sandbox.worker import find_function
import SimpleITK
SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
function, arguments, n = json.load(sys.stdin)
call = find_function(function)
call(**arguments)
for _ in range(n):
    start = time.perf_counter()
    call(**arguments)
    print(time.perf_counter() - start)
"""


def _direct(task: Task, n_runs: int) -> list[float]:
    """Seconds of the same function without a pool, in a process of its own."""
    import json
    import os

    done = subprocess.run(
        [sys.executable, "-c", _DIRECT],
        input=json.dumps([task.function, task.arguments, n_runs]),
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(line) for line in done.stdout.split()]


def _simpleitk_alone(archive: Path) -> None:
    """The shortest way with SimpleITK: what a careful script does, less the care."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        (inner,) = {path.parent for path in Path(folder).rglob("*.dcm")}
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(inner)))
        image = reader.Execute()
    extent = [n * s for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    SimpleITK.Resample(
        image,
        GRID,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        image.GetOrigin(),
        [length / n for length, n in zip(extent, GRID, strict=True)],
        image.GetDirection(),
        -1024,
        SimpleITK.sitkInt16,
    )


def _nodules(folder: Path, sizes: tuple[int, int]) -> list[Figure]:
    """Create and preprocess nodules with their masks, few and many."""
    seconds, peaks = [], []
    for n_scans in sizes:
        with tempfile.TemporaryDirectory() as place:
            table = Path(place) / "scans.csv"
            lines = (folder / "scans.csv").read_text().splitlines()
            table.write_text("\n".join(lines[: n_scans + 1]) + "\n")
            study = str(Path(place) / "study")
            arguments = ["--scans", str(folder), "--scans-table", str(table), "--workers", "2"]
            made = run_command("create", study, *arguments)
            done = run_command("preprocess", study, "--mask", "given", "--workers", "2")
        seconds.append(made.seconds + done.seconds)
        peaks.append(done.peak_mib)
    few, many = sizes
    figures = [
        Figure(
            f"{many} nodules with masks, create and preprocess to 88 cubed",
            f"{seconds[1]:.1f} s",
            "<= 45 s",
            reached(seconds[1], 45),
            "two cores, both commands, start of Python included",
        )
    ]
    if peaks[0] is not None and peaks[1] is not None:
        change = abs(peaks[1] / peaks[0] - 1)
        figures.append(
            Figure(
                f"Peak memory of all processes, {few} and {many} scans",
                f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB",
                "same within 10 %",
                reached(change, 0.1),
                "sum of proportional set sizes, sampled every 50 ms",
            )
        )
    return figures
