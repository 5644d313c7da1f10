"""A synthetic cohort from nothing, and everything in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clam_core.commands.options import (
    N_WORKERS,
    ForgetMissing,
    Json,
    StudyPath,
    Workers,
    parse_grid,
)
from clam_core.commands.terminal import Outcome, Progress, run_step


def demo(
    study: StudyPath,
    scans: Annotated[int, typer.Option(help="Number of synthetic scans.", min=4, max=2000)] = 48,
    seed: Annotated[int, typer.Option(help="Same seed, same scans.", min=0)] = 0,
    grid: Annotated[int, typer.Option(help="Voxels along each axis.", min=16, max=256)] = 48,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Make a synthetic cohort with a clinical table and run every step on it."""

    def step(progress: Progress) -> Outcome:
        from clam_core.phantom import CohortSettings
        from clam_core.pipeline.demo import make_demo

        cohort = CohortSettings(n_scans=scans, grid=(grid, grid, grid), seed=seed)
        return make_demo(study, cohort, workers, progress)

    run_step(step, as_json=json)


def run(
    study: StudyPath,
    scans: Annotated[Path, typer.Option(help="Folder, zip archive or file with the scans.")],
    scans_table: Annotated[
        Path | None,
        typer.Option(help="CSV or XLSX: scan_id, subject_id, path, mask; paths relative to SCANS."),
    ] = None,
    clinical: Annotated[Path | None, typer.Option(help="Clinical table.")] = None,
    name: Annotated[str, typer.Option("--run", help="Name of the run.")] = "default",
    k: Annotated[int, typer.Option(help="Number of clusters.", min=2, max=50)] = 2,
    preset: Annotated[str, typer.Option(help="default, fast or paper.")] = "default",
    grid: Annotated[
        str, typer.Option(help="Voxels per axis: one number, or one per axis (88 or 64,64,48).")
    ] = "88",
    spacing: Annotated[
        float | None,
        typer.Option(help="Voxel size in mm; without it the cropped box is scaled to the grid."),
    ] = None,
    mask: Annotated[str, typer.Option(help="auto, lungs, given or none.")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same result.", min=0)] = 0,
    forget_missing: ForgetMissing = False,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Do everything: create, clinical, preprocess, fit, select, localize, associate."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.everything import FitChoice, Inputs, run_everything
        from clam_core.pipeline.scans.create import CreateOptions
        from clam_core.settings import PreprocessSettings

        values: dict[str, Any] = {"spacing_mm": spacing, "mask": mask}
        shape = parse_grid(grid, 2 if "," in grid and grid.count(",") == 1 else 3)
        inputs = Inputs(
            scans,
            scans_table,
            clinical,
            CreateOptions(n_workers=workers),
            PreprocessSettings(grid=shape, **values),
            forget_missing=forget_missing,
        )
        return run_everything(study, inputs, FitChoice(name, k, preset, seed=seed), progress)

    run_step(step, as_json=json)
