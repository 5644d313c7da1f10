"""Several steps in one go: from nothing, from scans, and from volumes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from clam_core.pipeline.declared_steps.clinical_steps import associate, lung_function
from clam_core.pipeline.declared_steps.cohort_steps import FINDING, PREPARING, clinical
from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.method_steps import fit, localize, select
from clam_core.pipeline.declared_steps.shared_options import (
    N_WORKERS,
    Epochs,
    Features,
    ForgetMissing,
    Grid,
    IdColumn,
    Layout,
    Mask,
    MaskLabel,
    Method,
    NClusters,
    Preset,
    Readers,
    RunName,
    Scans,
    ScansTable,
    Seed,
    Spacing,
    TakenOut,
    Views,
    Workers,
)
from clam_core.pipeline.declared_steps.table_options import (
    Duplicates,
    NearMisses,
    TableReading,
)
from clam_core.pipeline.declared_steps.written import axes
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary

_GROUPING = {**fit.stages, **select.stages, **localize.stages, **associate.stages}


@step(
    "Finding clusters and making maps",
    needs="volumes",
    writes="what fit, select, localize and associate write",
    stages=_GROUPING,
    has_command=False,
)
def groups(
    study: Path,
    *,
    run: RunName = "default",
    k: NClusters = 2,
    preset: Preset = "default",
    method: Method = "auto",
    views: Views = "auto",
    epochs: Epochs = None,
    seed: Seed = 0,
    taken_out: TakenOut,
    features: Features = None,
    id_column: IdColumn = None,
    near_misses: NearMisses = False,
    duplicates: Duplicates = "refuse",
    progress: Progress,
) -> Summary:
    """Fit, compare numbers of clusters, make maps, compare the clinical table."""
    from clam_core.pipeline.everything import FitChoice, find_groups
    from clam_core.sandbox.workforce import Workforce
    from clam_core.study import Study
    from clam_core.study.uploads import delete_table

    of_table = (features, id_column, near_misses, duplicates)
    of_harmonising = asdict(taken_out)
    choice = FitChoice(*(run, k, preset, method, epochs, seed, views, *of_table), **of_harmonising)
    done = find_groups(Study(study), choice, progress, Workforce(N_WORKERS))
    if features is not None:
        delete_table(features)
    return Summary(tuple(sentence for summary in done for sentence in summary.sentences))


@step(
    "Making the demo study",
    needs="nothing",
    writes="synthetic scans with a clinical table, and what every step writes",
    stages={
        "Making synthetic scans": 20.0,
        **FINDING,
        **clinical.stages,
        **lung_function.stages,
        **PREPARING,
        **_GROUPING,
    },
)
def demo(
    study: Path,
    *,
    scans: Annotated[int, Option("Number of synthetic scans.", lowest=4, highest=2000)] = 48,
    seed: Annotated[int, Option("Same seed, same scans.", lowest=0)] = 0,
    grid: Annotated[int, Option("Voxels along each axis.", lowest=16, highest=256)] = 48,
    workers: Workers = N_WORKERS,
    progress: Progress,
) -> Summary:
    """Make a synthetic cohort with a clinical table and run every step on it."""
    from clam_core.phantom import CohortSettings
    from clam_core.pipeline.demo import make_demo

    cohort = CohortSettings(n_scans=scans, grid=(grid, grid, grid), seed=seed)
    return make_demo(study, cohort, workers, progress)


@step(
    "Doing every step",
    needs="scans",
    writes="what every step writes",
    stages={**FINDING, **clinical.stages, **PREPARING, **_GROUPING},
)
def run(
    study: Path,
    *,
    scans: Scans,
    scans_table: ScansTable = None,
    clinical: Annotated[Path | None, Option("Clinical table.")] = None,
    read_as: TableReading,
    run: RunName = "default",
    k: NClusters = 2,
    preset: Preset = "default",
    grid: Grid = (88,),
    spacing_mm: Spacing = None,
    mask: Mask = "auto",
    mask_label: MaskLabel = (),
    layout: Layout = "auto",
    taken_out: TakenOut,
    seed: Seed = 0,
    forget_missing: ForgetMissing = False,
    readers: Readers,
    progress: Progress,
) -> Summary:
    """Do everything: create, clinical, preprocess, fit, select, localize, associate."""
    from clam_core.pipeline.everything import FitChoice, Inputs, run_everything
    from clam_core.pipeline.scans.create import CreateOptions
    from clam_core.settings import PreprocessSettings

    values: dict[str, Any] = {"spacing_mm": spacing_mm, "mask": mask, "mask_label": mask_label}
    found_by = {"n_workers": readers.workers, "scheduler": readers.by(), "layout": layout}
    inputs = Inputs(
        scans,
        scans_table,
        clinical,
        CreateOptions.model_validate(found_by),
        PreprocessSettings(grid=axes(grid, 3), **values),
        read_as.options(),
        forget_missing=forget_missing,
    )
    choice = FitChoice(run, k, preset, seed=seed, **asdict(taken_out))
    return run_everything(study, inputs, choice, progress)
