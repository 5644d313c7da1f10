"""From scans and tables to a study that can be grouped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.record import options_from_record
from clam_core.pipeline.declared_steps.shared_options import (
    ForgetMissing,
    Grid,
    Layout,
    Mask,
    MaskLabel,
    Readers,
    Scans,
    ScansTable,
    Spacing,
)
from clam_core.pipeline.declared_steps.table_options import TableReading
from clam_core.pipeline.declared_steps.written import axes
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary

FINDING, PREPARING = {"Looking into files": 2.0}, {"Preprocessing": 8.0}


@step(
    "Preparing the scans",
    needs="a study",
    writes="volumes, masks and a picture of each scan",
    stages=PREPARING,
)
def preprocess(
    study: Path,
    *,
    grid: Grid = (88,),
    spacing_mm: Spacing = None,
    mask: Mask = "auto",
    mask_label: MaskLabel = (),
    crop: Annotated[str, Option("auto, mask, center or none.")] = "auto",
    margin_mm: Annotated[float, Option("Margin around the mask in mm.", flag="--margin")] = 5.0,
    intensity_factor: Annotated[
        float, Option("Multiply all values of MR or pictures by this; CT keeps 1.")
    ] = 1.0,
    scans: Annotated[
        Path | None, Option("Folder in which the scans lie now, if they were moved or copied.")
    ] = None,
    forget_missing: ForgetMissing = False,
    keep_own: Annotated[
        bool,
        Option("Keep scans at their own resolution in the study, as their files will go away."),
    ] = False,
    readers: Readers,
    progress: Progress,
) -> Summary:
    """Read every scan and bring it onto the study's grid."""
    from clam_core.pipeline.own_resolution import keep_own as own
    from clam_core.pipeline.scans.moved import move_scans
    from clam_core.pipeline.scans.preprocess import preprocess as prepare
    from clam_core.settings import PreprocessSettings
    from clam_core.study import Study

    opened = Study(study)
    values: dict[str, Any] = {"spacing_mm": spacing_mm, "mask": mask, "crop": crop}
    values |= {
        "mask_label": mask_label,
        "margin_mm": margin_mm,
        "intensity_factor": intensity_factor,
    }
    settings = PreprocessSettings(grid=axes(grid, opened.info.spatial_dims), **values)
    told = None if scans is None else Summary((move_scans(opened, scans),))
    done = prepare(
        opened,
        settings,
        readers.workers,
        progress,
        forget_missing=forget_missing,
        scheduler=readers.by(),
    )
    done = _join(told, done)
    if not keep_own:
        return done
    prepared = Study(study)  # as it is now, with the settings that it was prepared with
    with prepared.lock():
        return Summary(
            (*done.sentences, *own.keep_own(prepared, readers.workers, progress)), done.values
        )


@step(
    "Opening the scans",
    needs="scans",
    writes="a study: the scans that were found, and every other file with a reason",
    stages=FINDING | PREPARING,
)
def create(
    study: Path,
    *,
    scans: Scans,
    scans_table: ScansTable = None,
    spatial_dims: Annotated[
        int | None, Option("2 or 3; found out if not given.", lowest=2, highest=3)
    ] = None,
    modality: Annotated[str | None, Option("CT, MR, ...; found out if not given.")] = None,
    ids: Annotated[
        str, Option("Names of files as ids: auto, names (keep all), codes (keep none).")
    ] = "auto",
    layout: Layout = "auto",
    readers: Readers,
    preprocess: Annotated[
        dict[str, Any] | None,
        Option("Options of 'preprocess', which then follows.", is_on_command_line=False),
    ] = None,
    progress: Progress,
) -> Summary:
    """Find the scans and make a study of them."""
    from clam_core.pipeline.scans.create import CreateOptions
    from clam_core.pipeline.scans.create import create as find

    values: dict[str, Any] = {"spatial_dims": spatial_dims, "modality": modality, "ids": ids}
    values |= {"layout": layout, "scheduler": readers.by()}
    options = CreateOptions(**values, n_workers=readers.workers)
    if preprocess is None:
        return find(study, scans, scans_table, options, progress)
    wanted = _options_of_preprocess(preprocess)
    # a job that was broken off while it prepared the scans goes on there
    found = None if _is_study(study) else find(study, scans, scans_table, options, progress)
    return _join(found, _prepare(study, progress, wanted))


@step(
    "Reading the clinical table",
    needs="a study, a table",
    writes="the clinical table, and what each column is",
    stages={"Reading the table": 0.5},
)
def clinical(
    study: Path,
    *,
    table: Annotated[Path, Option("CSV, TSV, XLSX or Parquet.", is_argument=True)],
    read_as: TableReading,
    progress: Progress,
) -> Summary:
    """Import a clinical table and join it to the scans."""
    from clam_core.pipeline.clinical.import_clinical import import_table
    from clam_core.study import Study

    return import_table(Study(study), table, read_as.options(), progress)


@step(
    "Looking for files",
    needs="a study",
    writes="nothing",
    stages={},
)
def files(
    study: Path,
    *,
    everything: Annotated[
        bool, Option("Name the files of scans in use, too.", flag="--all")
    ] = False,
    progress: Progress,  # noqa: ARG001
) -> Summary:
    """Tell where failed scans and skipped files lie; stores nothing."""
    from clam_core.pipeline.scans.list_files import list_files
    from clam_core.study import Study

    return list_files(Study(study), everything=everything)


_prepare = preprocess
"""The step, beside an option of the same name."""


def _options_of_preprocess(record: dict[str, Any]) -> dict[str, Any]:
    return options_from_record(_prepare, record)


def _is_study(folder: Path) -> bool:
    from clam_core.errors import StudyError
    from clam_core.study import Study

    try:
        return bool(Study(folder).info.scans_root)
    except StudyError:
        return False


def _join(first: Summary | None, second: Summary) -> Summary:
    """Two steps as one; the values are those of the last."""
    return Summary((*(first.sentences if first else ()), *second.sentences), second.values)
