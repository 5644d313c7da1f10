"""From scans and a table to a study, in a notebook: paths as text, settings by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from clam_core.find.scan_and_subject_ids import IdMode
from clam_core.notebook.given import PathLike, Shown, StudyLike, stored_study
from clam_core.notebook.opened_study import Study
from clam_core.notebook.progress_bar import told
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.scans import create as creating
from clam_core.pipeline.scans import preprocess as preprocessing
from clam_core.pipeline.summary import Summary
from clam_core.settings import CropMode, MaskMode, PreprocessSettings
from clam_core.tables.import_table import ClinicalOptions


def open_study(folder: PathLike) -> Study:
    """Open a study.

    Raises:
        StudyError: If the folder holds none.
    """
    return Study(Path(folder))


def create(
    folder: PathLike,
    scans: PathLike,
    *,
    scans_table: PathLike | None = None,
    spatial_dims: Literal[2, 3] | None = None,
    modality: str | None = None,
    ids: IdMode = "auto",
    layout: Literal["auto", "none"] = "auto",
    n_workers: int = 2,
    progress: Shown = True,
) -> Study:
    """Find scans and make a study of them.

    Args:
        folder: The new study.
        scans: Folder, zip archive or file with the scans.
        scans_table: CSV or XLSX: scan_id, subject_id, path, mask; paths relative to `scans`.
        spatial_dims: 2 or 3; found out if not given.
        modality: CT, MR, ...; found out if not given.
        ids: Names of files as ids: `auto`, `names` (keep all) or `codes` (keep none).
        layout: `auto` tells subjects, visits and labels by paths and names, `none` takes every
            file for a scan of a subject of its own.
        n_workers: Reader processes.
        progress: See `Shown`.

    Returns:
        The study; it says what was found.
    """
    table = None if scans_table is None else Path(scans_table)
    asked = creating.CreateOptions(
        spatial_dims=spatial_dims, modality=modality, ids=ids, layout=layout, n_workers=n_workers
    )
    with told(progress) as tell:
        said = creating.create(Path(folder), Path(scans), table, asked, tell)
    return Study(Path(folder), said)


def preprocess(
    study: StudyLike,
    *,
    grid: int | tuple[int, ...] = 88,
    spacing_mm: float | None = None,
    mask: MaskMode = "auto",
    mask_label: tuple[int, ...] = (),
    crop: CropMode = "auto",
    n_workers: int = 2,
    forget_missing: bool = False,
    progress: Shown = True,
    **settings: float,
) -> Summary:
    """Read every scan and bring it onto one grid.

    Args:
        study: The study.
        grid: Voxels along each axis, or one number for all of them.
        spacing_mm: Voxel size in mm; without it the cropped box is scaled to the grid.
        mask: `auto`, `lungs`, `given` or `none`.
        mask_label: Labels of given masks that are inside, where they hold several.
        crop: `auto`, `mask`, `center` or `none`.
        n_workers: Reader processes.
        forget_missing: Give up scans that can no longer be prepared.
        progress: See `Shown`.
        settings: margin_mm and intensity_factor of `clam.settings.PreprocessSettings`.
    """
    stored = stored_study(study)
    shape = (grid,) * stored.info.spatial_dims if isinstance(grid, int) else tuple(grid)
    values: dict[str, Any] = {"spacing_mm": spacing_mm, "mask": mask, "crop": crop, **settings}
    values["mask_label"] = mask_label
    asked = PreprocessSettings(grid=shape, **values)
    with told(progress) as tell:
        return preprocessing.preprocess(
            stored, asked, n_workers, tell, forget_missing=forget_missing
        )


def import_clinical(
    study: StudyLike,
    table: PathLike,
    *,
    id_column: str | None = None,
    progress: Shown = False,
    **options: Any,  # noqa: ANN401
) -> Summary:
    """Import a clinical table and join it to the scans.

    Args:
        study: The study.
        table: CSV, TSV, XLSX or Parquet.
        id_column: Column with the ids; found out if not given.
        progress: See `Shown`.
        options: sheet, apply_near_misses, duplicates, decimal,
            overrides={"column": {"kind": "ordinal"}}.
    """
    asked = ClinicalOptions(id_column=id_column, **options)
    with told(progress) as tell:
        return import_table(stored_study(study), Path(table), asked, tell)
