"""From a study to clusters, maps and associations, in a notebook: settings by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from clam_core.notebook.fitted_run import Run
from clam_core.notebook.given import PathLike, Shown, StudyLike, place_of, stored_study
from clam_core.notebook.progress_bar import told
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.method import assign as assigning
from clam_core.pipeline.method import fit as fitting
from clam_core.pipeline.method import localize as localizing
from clam_core.pipeline.method import select as selecting
from clam_core.pipeline.output import report as reporting
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.summary import Summary
from clam_core.report import ReportSettings
from clam_core.settings import (
    AssociateSettings,
    LocalizeSettings,
    LocalizeVariant,
    SelectSettings,
)
from clam_core.settings.views import method_for
from clam_core.study import Run as FittedRun


def fit(
    study: StudyLike,
    n_clusters: int = 2,
    run: str = "default",
    *,
    preset: str = "default",
    method: str = "auto",
    views: str = "auto",
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
    device: str = "cpu",
    progress: Shown = True,
) -> Run:
    """Train the autoencoder and find clusters.

    Args:
        study: A preprocessed study.
        n_clusters: Number of clusters.
        run: Name of the run; the same name with the same settings is not fitted again.
        preset: `default`, `fast` or `paper`.
        method: `auto`, `dcec`, `kmeans`, `gmm`, `graph`, `umap`, `profiles`, `density` or
            `texture`.
        views: What scans are grouped by: `auto`, `focal`, `density`, `texture`, `latent`, or
            `best`, which compares them.
        epochs: Epochs of pretraining; the preset's own if not given.
        seed: Same seed, same result.
        resume: Go on with a fit that was broken off.
        device: `cpu`, or `cuda`.
        progress: See `Shown`.

    Returns:
        The run; it says what was found.
    """
    stored = stored_study(study)
    asked = fitting.settings_for(
        stored, preset, n_clusters, method_for(views, method), epochs, seed
    )
    with told(progress) as tell:
        said = fitting.fit(stored, run, asked, tell, resume=resume, device=device)
    return Run(stored, run, said)


def select(
    study: StudyLike | Run,
    run: str | None = None,
    *,
    k_min: int = 2,
    k_max: int = 8,
    seed: int = 0,
    progress: Shown = True,
    **settings: Any,  # noqa: ANN401
) -> Summary:
    """Compare numbers of clusters and recommend one, or none.

    Args:
        study: The study, or a run of it.
        run: Name of the run, `default` if not given.
        k_min: Smallest number of clusters that is tried.
        k_max: Largest.
        seed: Same seed, same result.
        progress: See `Shown`.
        settings: More of `clam.settings.SelectSettings`.
    """
    stored, name = place_of(study, run)
    asked = SelectSettings(k_min=k_min, k_max=k_max, seed=seed, **settings)
    with told(progress) as tell:
        return selecting.select(stored, name, asked, tell)


def localize(
    study: StudyLike | Run,
    run: str | None = None,
    *,
    variant: LocalizeVariant = "integrated",
    target: str | int | tuple[int, int] = "own",
    layer: int | None = None,
    scans: Sequence[str] | None = None,
    progress: Shown = True,
    **settings: Any,  # noqa: ANN401
) -> Summary:
    """Make the activation map of each scan, and test each map.

    Args:
        study: The study, or a run of it.
        run: Name of the run, `default` if not given.
        variant: Kind of map: `integrated`, `paper`, `score_cam`, ...
        target: `own`, a cluster (2), or one rather than another (2, 1).
        layer: Encoder layer from 1; the variant's own if not given.
        scans: Ids of scans; all of the run if not given.
        progress: See `Shown`.
        settings: More of `clam.settings.LocalizeSettings`.
    """
    stored, name = place_of(study, run)
    ids = None if scans is None else list(scans)
    asked = LocalizeSettings(variant=variant, target=target, layer=layer, **settings)
    with told(progress) as tell:
        return localizing.localize(stored, name, asked, tell, ids)


def assign(
    study: StudyLike | Run,
    scans: PathLike | Sequence[PathLike],
    run: str | None = None,
    *,
    mask: PathLike | None = None,
    to: PathLike | None = None,
    overwrite: bool = False,
    progress: Shown = True,
) -> Summary:
    """Tell the cluster of new scans, how sure, and what they resemble; stores nothing.

    Args:
        study: The study, or a run of it.
        scans: A file, folder or archive, or several.
        run: Name of the run, `default` if not given.
        mask: Mask of the scan, where there is one scan.
        to: Folder for the maps of these scans.
        overwrite: Whether files that are there may be replaced.
        progress: See `Shown`.

    Returns:
        A sentence per scan; `values["scans"]` holds the numbers.
    """
    stored, name = place_of(study, run)
    several = [scans] if isinstance(scans, str | os.PathLike) else scans
    paths = [Path(path) for path in several]
    given = None if mask is None else Path(mask)
    where = None if to is None else Destination(stored, Path(to), overwrite=overwrite)
    with told(progress) as tell:
        return assigning.assign(FittedRun(stored, name), paths, tell, to=where, mask=given)


def associate(
    study: StudyLike | Run,
    run: str | None = None,
    *,
    adjust: Sequence[str] = (),
    correction: Literal["bh", "holm", "by"] = "bh",
    within: str | None = None,
    seed: int = 0,
    progress: Shown = True,
    **settings: Any,  # noqa: ANN401
) -> Summary:
    """Test every clinical column against the clusters, and say how far to trust it.

    Args:
        study: The study, or a run of it.
        run: Name of the run, `default` if not given.
        adjust: Columns to adjust by, such as ["age", "sex"].
        correction: For many tests: false discovery rate (`bh`), `holm` or `by`.
        within: Column within which clusters are compared as well; the site if not given.
        seed: Same seed, same shuffles.
        progress: See `Shown`.
        settings: More of `clam.settings.AssociateSettings`: repeated, survival_time, ...
    """
    stored, name = place_of(study, run)
    columns = (adjust,) if isinstance(adjust, str) else tuple(adjust)
    values: dict[str, Any] = {"correction": correction, "within": within, "seed": seed, **settings}
    asked = AssociateSettings(adjust=columns, **values)
    with told(progress) as tell:
        return associate_run(stored, name, asked, tell)


def report(
    study: StudyLike | Run,
    to: PathLike,
    run: str | None = None,
    *,
    n_examples: int = 3,
    overwrite: bool = False,
    progress: Shown = True,
    **settings: Any,  # noqa: ANN401
) -> Summary:
    """Write one HTML file with everything that was found; it opens without a network.

    Args:
        study: The study, or a run of it.
        to: The file.
        run: Name of the run, `default` if not given.
        n_examples: Typical and borderline scans per cluster.
        overwrite: Whether a file that is no report may be replaced.
        progress: See `Shown`.
        settings: More of `ReportSettings`: sections=("cohort", ...).
    """
    stored, name = place_of(study, run)
    asked = ReportSettings(n_examples=n_examples, **settings)
    with told(progress) as tell:
        return reporting.report(stored, name, Path(to), asked, tell, overwrite=overwrite)
