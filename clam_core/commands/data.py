"""From scans and a table to a study: create, clinical, preprocess, files."""

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
    parse_overrides,
)
from clam_core.commands.terminal import Outcome, Progress, run_step
from clam_core.settings import PreprocessSettings


def create(
    study: StudyPath,
    scans: Annotated[Path, typer.Option(help="Folder, zip archive or file with the scans.")],
    scans_table: Annotated[
        Path | None,
        typer.Option(help="CSV or XLSX: scan_id, subject_id, path, mask; paths relative to SCANS."),
    ] = None,
    spatial_dims: Annotated[
        int | None, typer.Option(help="2 or 3; found out if not given.", min=2, max=3)
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="CT, MR, ...; found out if not given.")
    ] = None,
    ids: Annotated[
        str, typer.Option(help="Names of files as ids: auto, names (keep all), codes (keep none).")
    ] = "auto",
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Find the scans and make a study of them."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.scans.create import CreateOptions
        from clam_core.pipeline.scans.create import create as run

        values: dict[str, Any] = {"spatial_dims": spatial_dims, "modality": modality, "ids": ids}
        options = CreateOptions(**values, n_workers=workers)
        return run(study, scans, scans_table, options, progress)

    run_step(step, as_json=json)


def preprocess(
    study: StudyPath,
    grid: Annotated[
        str, typer.Option(help="Voxels per axis: one number, or one per axis (88 or 64,64,48).")
    ] = "88",
    spacing: Annotated[
        float | None,
        typer.Option(help="Voxel size in mm; without it the cropped box is scaled to the grid."),
    ] = None,
    mask: Annotated[str, typer.Option(help="auto, lungs, given or none.")] = "auto",
    crop: Annotated[str, typer.Option(help="auto, mask, center or none.")] = "auto",
    margin: Annotated[float, typer.Option(help="Margin around the mask in mm.")] = 5.0,
    intensity_factor: Annotated[
        float, typer.Option(help="Multiply all values of MR or pictures by this; CT keeps 1.")
    ] = 1.0,
    forget_missing: ForgetMissing = False,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Read every scan and bring it onto the study's grid."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.scans.preprocess import preprocess as run
        from clam_core.study import Study

        opened = Study(study)
        values: dict[str, Any] = {"mask": mask, "crop": crop, "margin_mm": margin}
        values["intensity_factor"] = intensity_factor
        shape = parse_grid(grid, opened.info.spatial_dims)
        settings = PreprocessSettings(grid=shape, spacing_mm=spacing, **values)
        return run(opened, settings, workers, progress, forget_missing=forget_missing)

    run_step(step, as_json=json)


def clinical(
    study: StudyPath,
    table: Annotated[Path, typer.Argument(help="CSV, TSV, XLSX or Parquet.", show_default=False)],
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column with the ids; found out if not given.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook; the first with a table if not given.")
    ] = None,
    near_misses: Annotated[
        bool, typer.Option("--accept-near-misses", help="Match 1 with 001, sarc_1 with SARC-1, ...")
    ] = False,
    duplicates: Annotated[
        str, typer.Option(help="Rows that contradict each other: refuse, or take the first.")
    ] = "refuse",
    decimal: Annotated[
        str | None, typer.Option(help="Decimal mark, where the table does not tell.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=KIND, e.g. scadding=ordinal; may be given many times."),
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="COLUMN=UNIT, e.g. dlco=%.")] = None,
    json: Json = False,
) -> None:
    """Import a clinical table and join it to the scans."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.clinical.import_clinical import import_table
        from clam_core.study import Study
        from clam_core.tables.import_table import ClinicalOptions

        values: dict[str, Any] = {"duplicates": duplicates, "decimal": decimal, "sheet": sheet}
        values["overrides"] = parse_overrides({"kind": kind or [], "unit": unit or []})
        options = ClinicalOptions(id_column=id_column, apply_near_misses=near_misses, **values)
        return import_table(Study(study), table, options, progress)

    run_step(step, as_json=json)


def files(
    study: StudyPath,
    everything: Annotated[
        bool, typer.Option("--all", help="Name the files of scans in use, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell where failed scans and skipped files lie; stores nothing."""

    def step(_: Progress) -> Outcome:
        from clam_core.pipeline.scans.list_files import list_files
        from clam_core.study import Study

        return list_files(Study(study), everything=everything)

    run_step(step, as_json=json)
