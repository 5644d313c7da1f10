"""Clusters, their number, maps, and the cluster of a new scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from clam_core.errors import SettingsError
from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.shared_options import (
    N_WORKERS,
    AssignWorkers,
    Encoder,
    EncoderInputWords,
    EngineName,
    Epochs,
    Features,
    IdColumn,
    MapWorkers,
    Method,
    NClusters,
    Overwrite,
    Preset,
    RunName,
    Scheduler,
    Seed,
    TakenOut,
    Views,
    scheduler_of,
)
from clam_core.pipeline.declared_steps.table_options import Duplicates, NearMisses, Sheet
from clam_core.pipeline.declared_steps.written import IDS, RANGE, TARGET
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary


@step(
    "Finding clusters",
    needs="volumes",
    writes="a run: weights, latent codes, clusters, the map of the cohort",
    stages={
        "Reading the table": 0.5,
        "Reading the scans": 2.0,
        "Encoding the scans": 5.0,
        "Training": 20.0,
        "Refining clusters": 10.0,
        "Clustering": 2.0,
        "Placing the scans on a map": 12.0,
        "Comparing with plain numbers": 2.0,
    },
    in_app={"resume": True},
)
def fit(
    study: Path,
    *,
    run: RunName = "default",
    k: NClusters = 2,
    method: Method = "auto",
    views: Views = "auto",
    preset: Preset = "default",
    epochs: Epochs = None,
    features: Features = None,
    id_column: IdColumn = None,
    sheet: Sheet = None,
    near_misses: NearMisses = False,
    duplicates: Duplicates = "refuse",
    encoder: Encoder = None,
    encoder_input: EncoderInputWords = "own",
    plane: Annotated[
        str | None, Option("Map of the cohort: umap or pca; the preset's own if not given.")
    ] = None,
    taken_out: TakenOut,
    seed: Seed = 0,
    resume: Annotated[bool, Option("Go on with a fit that was broken off.")] = False,
    device: Annotated[str, Option("What trains: cpu, or cuda for a GPU.")] = "cpu",
    progress: Progress,
) -> Summary:
    """Train the autoencoder and find the clusters, or group what came from elsewhere."""
    from clam_core.pipeline.method.fit import fit as run_fit
    from clam_core.pipeline.method.fit import settings_for
    from clam_core.settings import FitSettings
    from clam_core.settings.views import method_for
    from clam_core.study import Study

    opened = Study(study)
    settings = settings_for(opened, preset, k, method_for(views, method), epochs, seed)
    changed = {"harmonise": taken_out.settings(), **({} if plane is None else {"plane": plane})}
    settings = FitSettings(**{**settings.model_dump(), **changed})
    if encoder is not None:
        from clam_core.pipeline.brought.fit_encoder import fit_encoder, input_of_encoder
        from clam_core.settings.encoder_limits import EncoderLimits

        if features is not None or views != "auto":
            other = "--features" if features is not None else "--views"
            raise SettingsError(f"{other} is another way to group scans than --encoder; leave one.")
        given = (input_of_encoder(encoder_input), EncoderLimits())
        return fit_encoder(opened, run, encoder, settings, progress, given)
    if features is not None:
        from clam_core.pipeline.method.fit_features import fit_features, ways_to_match

        if views != "auto":
            raise SettingsError("--views is about the scans; leave it out with --features.")
        ways = ways_to_match(id_column, sheet, duplicates, nearly=near_misses)
        return fit_features(opened, run, features, settings, progress, ways)
    return run_fit(opened, run, settings, progress, resume=resume, device=device)


@step(
    "Comparing numbers of clusters",
    needs="a run",
    writes="indices and stability of each number, a recommendation",
    stages={"Comparing numbers of clusters": 8.0},
)
def select(
    study: Path,
    *,
    run: RunName = "default",
    k: Annotated[tuple[int, int], Option("Numbers of clusters to compare.", written=RANGE)] = (
        2,
        8,
    ),
    seed: Seed = 0,
    progress: Progress,
) -> Summary:
    """Compare numbers of clusters and recommend one, or none."""
    from clam_core.pipeline.method.select import select as run_select
    from clam_core.settings import SelectSettings
    from clam_core.study import Study

    settings = SelectSettings(k_min=k[0], k_max=k[1], seed=seed)
    return run_select(Study(study), run, settings, progress)


@step(
    "Making maps",
    needs="a run",
    writes="a map of each scan and each cluster, and how it stood its test",
    stages={"Making maps": 20.0},
)
def localize(
    study: Path,
    *,
    run: RunName = "default",
    variant: Annotated[str, Option("integrated, paper, score_cam, ...")] = "integrated",
    layer: Annotated[
        int | None, Option("Encoder layer from 1; the variant's own if not given.")
    ] = None,
    target: Annotated[
        str | int | tuple[int, int],
        Option("own, a cluster (2), or one rather than another (2,1).", written=TARGET),
    ] = "own",
    scans: Annotated[
        tuple[str, ...] | None, Option("Ids with commas; all if not given.", written=IDS)
    ] = None,
    seed: Seed = 0,
    workers: MapWorkers = N_WORKERS,
    engine: EngineName = "processes",
    scheduler: Scheduler = None,
    progress: Progress,
) -> Summary:
    """Show where in each scan its cluster is recognised, and test each map."""
    from clam_core.pipeline.method.localize import localize as run_localize
    from clam_core.sandbox.workforce import Workforce
    from clam_core.settings import LocalizeSettings
    from clam_core.study import Study

    values: dict[str, Any] = {"variant": variant, "target": target}
    settings = LocalizeSettings(layer=layer, seed=seed, **values)
    ids = None if scans is None else list(scans)
    work = Workforce(workers, scheduler_of(engine, scheduler))
    return run_localize(Study(study), run, settings, progress, ids, workforce=work)


@step(
    "Assigning scans",
    needs="a run, new scans",
    writes="maps of the new scans where asked; nothing in the study",
    stages={"Assigning scans": 1.0},
)
def assign(
    study: Path,
    *,
    scans: Annotated[list[Path], Option("A file, folder or archive per scan.", is_argument=True)],
    run: RunName = "default",
    mask: Annotated[Path | None, Option("Mask of the scan, if there is one.")] = None,
    to: Annotated[Path | None, Option("Folder for the maps of these scans.")] = None,
    overwrite: Overwrite = False,
    workers: AssignWorkers = N_WORKERS,
    engine: EngineName = "processes",
    scheduler: Scheduler = None,
    progress: Progress,
) -> Summary:
    """Tell the cluster of new scans, how sure, and what they resemble; stores nothing."""
    from clam_core.pipeline.method.assign import assign as run_assign
    from clam_core.pipeline.output.destination import Destination
    from clam_core.sandbox.workforce import Workforce
    from clam_core.study import Run, Study

    opened = Study(study)
    where = None if to is None else Destination(opened, to, overwrite=overwrite)
    work = Workforce(workers, scheduler_of(engine, scheduler))
    fitted = Run(opened, run)
    return run_assign(fitted, scans, progress, to=where, mask=mask, workforce=work)
