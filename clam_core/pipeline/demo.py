"""Step `demo`: a synthetic cohort on disk, then every step on it as on anybody's scans."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clam_core.errors import StudyError
from clam_core.phantom import CohortSettings, PhantomScan, make_clinical_table, make_cohort_scan
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.clinical.lung_function import add_reference_values
from clam_core.pipeline.everything import FitChoice, find_groups
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.pipeline.summary import Summary
from clam_core.read.nifti import write_nifti
from clam_core.sandbox.pool import ReaderPool, Task
from clam_core.settings import PreprocessSettings
from clam_core.spirometry import LungFunctionSettings
from clam_core.study import Study, check_free
from clam_core.wording import plural

N_GROUPS = 3
SCANS_TABLE, CLINICAL_TABLE, TRUTH_TABLE = "scans.csv", "clinical.csv", "truth.csv"


def make_demo(
    folder: Path,
    settings: CohortSettings,
    n_workers: int = 2,
    progress: Progress = silent,
) -> Summary:
    """Make a synthetic cohort beside the study, then create, import and preprocess it.

    Args:
        folder: The new study; the scans go to `<name>-scans` beside it, as an
            example of how to lay out one's own.
        settings: Number of scans, grid and seed of the cohort.
        n_workers: Processes.
        progress: Told what is going on.

    Returns:
        What was made.

    Raises:
        StudyError: If one of the two folders is in use.
    """
    check_free(folder)
    home = folder.with_name(f"{folder.name}-scans")
    truths = write_example(home, settings, n_workers, progress)
    made = create(
        folder, home, home / SCANS_TABLE, CreateOptions(ids="names", n_workers=n_workers), progress
    )
    study = Study(folder)
    joined = import_table(study, home / CLINICAL_TABLE, None, progress)
    lungs = add_reference_values(study, LungFunctionSettings(), progress)
    done = preprocess(study, PreprocessSettings(grid=settings.grid), n_workers, progress)
    choice = FitChoice(n_clusters=N_GROUPS, seed=settings.seed)
    groups = find_groups(study, choice, progress)
    n_scans = plural(len(truths), "synthetic scan")
    first = f"{n_scans} are in {home.name!r}, the study in {folder.name!r}."
    steps = (made, joined, lungs, done, *groups)
    names = (
        *("create", "clinical", "lung-function", "preprocess", "fit", "select", "localize"),
        "associate",
    )
    values = {name: step.values for name, step in zip(names, steps, strict=True)}
    return Summary((first, *(said for step in steps for said in step.sentences)), values)


def write_example(
    home: Path, settings: CohortSettings, n_workers: int = 2, progress: Progress = silent
) -> list[dict[str, Any]]:
    """Write a synthetic cohort as a researcher might have it: scans, masks and tables.

    Args:
        home: The folder: scans, lungs, lesions, scans.csv, clinical.csv, truth.csv.
        settings: Number of scans, grid and seed.
        n_workers: Processes.
        progress: Told how many scans are written.

    Returns:
        The truth about each scan.

    Raises:
        StudyError: If the folder holds other files.
    """
    truths = _write_cohort(home, settings, n_workers, progress)
    table = make_clinical_table(truths, settings.seed)
    table.to_csv(home / CLINICAL_TABLE, index=False, lineterminator="\n")
    _write_table(home / TRUTH_TABLE, truths)
    return truths


def write_scan(
    row: int, settings: dict[str, Any], home: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make one synthetic scan and write its files (a task for another process).

    Args:
        row: Number of the scan in the cohort.
        settings: Values of `CohortSettings`.
        home: Folder with `scans`, `lungs` and `lesions`.

    Returns:
        Its truth.
    """
    scan: PhantomScan = make_cohort_scan(CohortSettings(**settings), row)
    affine = scan.volume.affine
    files = {"scans": scan.volume.array, "lungs": scan.lung_mask, "lesions": scan.lesion_mask}
    for place, array in files.items():
        stored = array if array.dtype == "int16" else array.astype("uint8")
        write_nifti(Path(home) / place / f"{scan.scan_id}.nii.gz", stored, affine)
    return {"scan_id": scan.scan_id, "subject_id": scan.subject_id, **scan.truth}, {}


def _write_cohort(
    home: Path, settings: CohortSettings, n_workers: int, progress: Progress
) -> list[dict[str, Any]]:
    """Write all scans and their table; a folder of that name must be ours or not be there."""
    if home.exists():
        if not (home / TRUTH_TABLE).is_file() and any(home.iterdir()):
            raise StudyError(f"{home.name!r} holds other files; choose another name for the study.")
        shutil.rmtree(home)
    for place in ("scans", "lungs", "lesions"):
        (home / place).mkdir(parents=True)
    values = settings.model_dump()
    tasks = (
        Task(f"{__name__}:write_scan", {"row": row, "settings": values, "home": str(home)}, key=row)
        for row in range(settings.n_scans)
    )
    truths: dict[int, dict[str, Any]] = {}
    with ReaderPool(n_workers, preload=("clam_core.phantom",)) as pool:
        for task, reply in pool.map(tasks):
            truths[task.key], _ = reply.unwrap()
            progress("Making synthetic scans", len(truths), settings.n_scans)
    rows = [truths[row] for row in sorted(truths)]
    table = [
        {
            "scan_id": row["scan_id"],
            "subject_id": row["subject_id"],
            "path": f"scans/{row['scan_id']}.nii.gz",
            "mask": f"lungs/{row['scan_id']}.nii.gz",
        }
        for row in rows
    ]
    _write_table(home / SCANS_TABLE, table)
    return rows


def _write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")
