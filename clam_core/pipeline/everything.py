"""Step `run`: from scans and a table to clusters and maps in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from clam_core.errors import ClamError, SettingsError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.method.fit import fit, settings_for
from clam_core.pipeline.method.fit_features import fit_features, ways_to_match
from clam_core.pipeline.method.localize import ALONE, localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import (
    AssociateSettings,
    LocalizeSettings,
    LocalizeVariant,
    PreprocessSettings,
    SelectSettings,
)
from clam_core.settings.harmonise import harmonise_settings
from clam_core.settings.views import method_for
from clam_core.statistics import usual_covariates
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.import_table import ClinicalOptions


@dataclass(frozen=True)
class FitChoice:
    """What a user chooses about the fit.

    Attributes:
        name: Name of the run.
        n_clusters: Number of clusters.
        preset: `default`, `fast` or `paper`.
        method: As in `FitSettings`; `auto` is the preset's own.
        epochs: Epochs of pretraining; None is the preset's own.
        seed: Everything random follows from it.
        views: What scans are grouped by, as in `fit`.
        features: Table of numbers to group in place of the scans, or None.
        id_column: Its column with the ids; None finds it.
        near_misses: Whether its ids may match only nearly.
        duplicates: `refuse` its rows that contradict each other, or take the `first`.
        harmonise: Column whose differences are taken out of what is grouped; None is nothing.
        harmonise_keep: Columns whose differences stay.
        harmonise_despite: Columns that may go with it all the same.
    """

    name: str = "default"
    n_clusters: int = 2
    preset: str = "default"
    method: str = "auto"
    epochs: int | None = None
    seed: int = 0
    views: str = "auto"
    features: Path | None = None
    id_column: str | None = None
    near_misses: bool = False
    duplicates: str = "refuse"
    harmonise: str | None = None
    harmonise_keep: tuple[str, ...] = ()
    harmonise_despite: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """Where everything comes from.

    Attributes:
        scans: Folder, zip archive or file.
        scans_table: Table that names the scans, or None.
        clinical: Clinical table, or None.
        create: How scans are looked for.
        preprocess: Grid, mask and crop.
        table: How the clinical table is read.
        forget_missing: Give up scans whose files are missing or can no longer be prepared.
    """

    scans: Path
    scans_table: Path | None = None
    clinical: Path | None = None
    create: CreateOptions = field(default_factory=CreateOptions)
    preprocess: PreprocessSettings = field(default_factory=PreprocessSettings)
    table: ClinicalOptions = field(default_factory=ClinicalOptions)
    forget_missing: bool = False


def run_everything(
    folder: Path, inputs: Inputs, choice: FitChoice, progress: Progress = silent
) -> Summary:
    """Do every step that is not done yet; started again after a kill, it goes on.

    Args:
        folder: The study; made if it is not there.
        inputs: Scans, tables and how to prepare them.
        choice: Name, number of clusters, preset and seed of the run.
        progress: Told what is going on.

    Returns:
        The sentences of all steps, in order.

    Raises:
        ClamError: As the steps do.
    """
    done: list[Summary] = []
    if not (folder / "study.json").is_file():
        done.append(create(folder, inputs.scans, inputs.scans_table, inputs.create, progress))
    study = Study(folder)
    if inputs.clinical is not None:
        done.append(import_table(study, inputs.clinical, inputs.table, progress))
    work = Workforce(inputs.create.n_workers, inputs.create.scheduler)
    done.append(
        preprocess(
            study,
            _settings_for(study, inputs.preprocess),
            work.n_workers,
            progress,
            forget_missing=inputs.forget_missing,
            scheduler=work.scheduler,
        )
    )
    done += find_groups(study, choice, progress, work)
    return Summary(
        tuple(sentence for summary in done for sentence in summary.sentences),
        {"study": folder.name, "steps": [summary.values for summary in done]},
    )


def _settings_for(study: Study, asked: PreprocessSettings) -> PreprocessSettings:
    """A cube was asked for before it was known that the scans are pictures: a square of them."""
    n_axes = study.info.spatial_dims
    is_cube = len(asked.grid) > n_axes and len(set(asked.grid)) == 1
    return asked.model_copy(update={"grid": asked.grid[:n_axes]}) if is_cube else asked


def find_groups(
    study: Study, choice: FitChoice, progress: Progress = silent, workforce: Workforce = ALONE
) -> list[Summary]:
    """Fit, compare numbers of clusters, make maps, and compare the clinical table if there is one.

    Args:
        study: A preprocessed study.
        choice: Name, number of clusters, preset and seed of the run.
        progress: Told what is going on.
        workforce: Who makes the maps.

    Returns:
        The summary of each step.
    """
    method = method_for(choice.views, choice.method)
    taken_out = harmonise_settings(
        choice.harmonise, choice.harmonise_keep, choice.harmonise_despite
    )
    settings = settings_for(
        study, choice.preset, choice.n_clusters, method, choice.epochs, choice.seed
    ).model_copy(update={"harmonise": taken_out})
    if choice.features is not None:
        ways = ways_to_match(
            choice.id_column, duplicates=choice.duplicates, nearly=choice.near_misses
        )
        fitted = fit_features(study, choice.name, choice.features, settings, progress, ways)
        chosen = _select(study, choice, progress)
        return [fitted, chosen, *_associations(study, choice, progress)]
    variant: LocalizeVariant = "paper" if choice.preset == "paper" else "integrated"
    fitted = fit(study, choice.name, settings, progress, resume=True)
    chosen = _select(study, choice, progress)
    wanted = LocalizeSettings(variant=variant, seed=choice.seed)
    mapped = localize(study, choice.name, wanted, progress, workforce=workforce)
    return [fitted, chosen, mapped, *_associations(study, choice, progress)]


def _select(study: Study, choice: FitChoice, progress: Progress) -> Summary:
    """The comparison of numbers of clusters; a cohort too small for it still gets maps."""
    try:
        return select(study, choice.name, SelectSettings(seed=choice.seed), progress)
    except SettingsError as error:
        return Summary((f"Numbers of clusters were not compared: {error}",))


def _associations(study: Study, choice: FitChoice, progress: Progress) -> list[Summary]:
    """The clinical table against the clusters, adjusted by age, sex and height where it has them.

    A table that cannot be compared does not take back what was done before it.
    """
    clinical = study.clinical()
    if clinical is None:
        return []
    columns = [ColumnInfo.from_json(one) for one in clinical[1]["columns"]]
    settings = AssociateSettings(adjust=usual_covariates(columns), seed=choice.seed)
    try:
        return [associate_run(study, choice.name, settings, progress)]
    except ClamError as error:
        return [Summary((f"The clinical table was not compared with the clusters: {error}",))]
