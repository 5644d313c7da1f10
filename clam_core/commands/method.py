"""The method: fit, select, localize, assign, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clam_core.commands.options import Json, StudyPath, parse_range
from clam_core.commands.terminal import Outcome, Progress, run_step
from clam_core.errors import SettingsError
from clam_core.settings import LocalizeSettings, SelectSettings

RunName = Annotated[str, typer.Option("--run", help="Name of the run.")]
Seed = Annotated[int, typer.Option(help="Same seed, same result.", min=0)]


def fit(
    study: StudyPath,
    run: RunName = "default",
    k: Annotated[int, typer.Option(help="Number of clusters.", min=2, max=50)] = 2,
    method: Annotated[
        str, typer.Option(help="auto, dcec, kmeans, gmm, graph, umap or profiles.")
    ] = "auto",
    preset: Annotated[str, typer.Option(help="default, fast or paper.")] = "default",
    epochs: Annotated[
        int | None, typer.Option(help="Epochs of pretraining; the preset's own if not given.")
    ] = None,
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a fit that was broken off.")
    ] = False,
    device: Annotated[str, typer.Option(help="What trains: cpu, or cuda for a GPU.")] = "cpu",
    json: Json = False,
) -> None:
    """Train the autoencoder and find the clusters."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.method.fit import fit as run_fit
        from clam_core.pipeline.method.fit import settings_for
        from clam_core.study import Study

        opened = Study(study)
        settings = settings_for(opened, preset, k, method, epochs, seed)
        return run_fit(opened, run, settings, progress, resume=resume, device=device)

    run_step(step, as_json=json)


def select(
    study: StudyPath,
    run: RunName = "default",
    k: Annotated[str, typer.Option(help="Numbers of clusters to compare.")] = "2..8",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Compare numbers of clusters and recommend one, or none."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.method.select import select as run_select
        from clam_core.study import Study

        low, high = parse_range(k)
        settings = SelectSettings(k_min=low, k_max=high, seed=seed)
        return run_select(Study(study), run, settings, progress)

    run_step(step, as_json=json)


def localize(
    study: StudyPath,
    run: RunName = "default",
    variant: Annotated[str, typer.Option(help="integrated, paper, score_cam, ...")] = "integrated",
    layer: Annotated[
        int | None, typer.Option(help="Encoder layer from 1; the variant's own if not given.")
    ] = None,
    target: Annotated[
        str, typer.Option(help="own, a cluster (2), or one rather than another (2,1).")
    ] = "own",
    scans: Annotated[str | None, typer.Option(help="Ids with commas; all if not given.")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Show where in each scan its cluster is recognised, and test each map."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.method.localize import localize as run_localize
        from clam_core.study import Study

        values: dict[str, Any] = {"variant": variant, "target": _target(target)}
        settings = LocalizeSettings(layer=layer, seed=seed, **values)
        ids = None if scans is None else [scan.strip() for scan in scans.split(",")]
        return run_localize(Study(study), run, settings, progress, ids)

    run_step(step, as_json=json)


def assign(
    study: StudyPath,
    scans: Annotated[list[Path], typer.Argument(help="A file, folder or archive per scan.")],
    run: RunName = "default",
    mask: Annotated[Path | None, typer.Option(help="Mask of the scan, if there is one.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the maps of these scans.")] = None,
    json: Json = False,
) -> None:
    """Tell the cluster of new scans, how sure, and what they resemble; stores nothing."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.method.assign import assign as run_assign
        from clam_core.study import Study

        return run_assign(Study(study), run, scans, progress, to=to, mask=mask)

    run_step(step, as_json=json)


def export(
    study: StudyPath,
    to: Annotated[Path, typer.Option(help="Folder to write to.")],
    run: RunName = "default",
    what: Annotated[str, typer.Option(help="tables, figures, maps, latent or anndata.")] = "tables",
    json: Json = False,
) -> None:
    """Write clusters (CSV), maps (NIfTI on each scan's own grid), codes (CSV) or AnnData."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.output.export import export as run_export
        from clam_core.study import Study

        return run_export(Study(study), run, what, to, progress)

    run_step(step, as_json=json)


def _target(text: str) -> str | int | tuple[int, int]:
    """`own`, `2` or `2,1`."""
    if text == "own":
        return text
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts) or len(parts) > 2:
        raise SettingsError(f"The target {text!r} is not 'own', a cluster (2), nor two (2,1).")
    return int(parts[0]) if len(parts) == 1 else (int(parts[0]), int(parts[1]))
