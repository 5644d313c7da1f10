"""Step `localize`: activation maps of the scans of a run, and whether they are true."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import StudyError
from clam_core.localization import (
    ClusterMeans,
    Faithfulness,
    summarize,
)
from clam_core.pipeline.brought.needs_network import maps_of_run, require_maps
from clam_core.pipeline.current import check_current
from clam_core.pipeline.fingerprints import of_maps
from clam_core.pipeline.method.archetypes import write_archetypes
from clam_core.pipeline.method.cohort_work import TASKS, CohortWork, files_of_run, on_one_thread
from clam_core.pipeline.method.kept_maps import SHARES, kept_lines
from clam_core.pipeline.method.weights import pack_reference
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import LocalizeSettings
from clam_core.settings.peaks import artefact_words
from clam_core.study import Run, RunWriter, Study
from clam_core.wording import plural

ALONE = Workforce()


def localize(
    study: Study,
    name: str,
    settings: LocalizeSettings,
    progress: Progress = silent,
    scan_ids: list[str] | None = None,
    *,
    workforce: Workforce = ALONE,
) -> Summary:
    """Make and store the activation map of each scan, and put each to the test.

    Killed at any moment it leaves the maps as they were and goes on where it was when it
    is started again with the same settings. The results are the same to the byte for any
    number of workers.

    Args:
        study: The study.
        name: A fitted run.
        settings: Kind of map, layer and target.
        progress: Told how many scans are done.
        scan_ids: Scans to map; None maps all of the run. Maps of other scans that were made
            with the same settings stay.
        workforce: Who computes, on one thread each; the default is this process alone.

    Returns:
        How many maps were made and how many moved the assignment as they should.

    Raises:
        MissingStepError: If the run has not been fitted.
        NoNetworkError: If it groups numbers of a table.
        StaleRunError: If it was fitted on other volumes.
        StudyError: If a scan is not part of the run, or no scan is named, or the run has maps
            of other scans with other settings.
        ClamError: If a worker dies; what is done is kept for the next start.
    """
    run = Run(study, name)
    require_maps(run)
    settings = maps_of_run(run, settings)
    check_current(study, run)
    table = run.scans()
    wanted = _wanted(table, scan_ids)
    kept = kept_lines(run, settings, wanted)
    with run.lock(), RunWriter(run, "localize") as writer, on_one_thread():
        n_bytes = run.weights().stat().st_size
        fingerprint = of_maps(settings, run.info().inputs, n_bytes)
        done = {line.pop("scan_id"): line for line in writer.start(fingerprint)}
        with workforce.computers(len(wanted), (TASKS,), *files_of_run(study, run)) as engine:
            work = CohortWork(study, run, settings, engine)
            writer.create("maps", len(table), work.cohort.images.grid, "float16")
            for row, scan_id in enumerate(table.index):
                if scan_id in kept and scan_id not in done:
                    writer.write_row("maps", row, run.array_row("maps", row))
                    done[str(scan_id)] = kept[str(scan_id)]
            n_done = len(done.keys() - kept.keys())
            rows = [
                row
                for row, scan_id in enumerate(table.index)
                if scan_id in wanted and scan_id not in done
            ]
            for number, (row, line, arrays) in enumerate(work.maps(rows), start=n_done + 1):
                scan_id = str(table.index[row])
                writer.write_row("maps", row, arrays["map"])
                writer.note({"scan_id": scan_id, **line})
                done[scan_id] = line
                progress("Making maps", number, len(wanted))
            return _store(run, writer, _Made(work, settings, done, len(kept)))


def _wanted(table: pd.DataFrame, scan_ids: list[str] | None) -> set[str]:
    if scan_ids is None:
        return {str(scan_id) for scan_id in table.index}
    missing = [scan_id for scan_id in scan_ids if scan_id not in table.index]
    if missing:
        raise StudyError(f"The run has no scan {missing[0]!r}; choose scans that it was fitted on.")
    if not scan_ids:
        raise StudyError("No scan is named; name some, or leave them out to map all of the run.")
    return set(scan_ids)


@dataclass(frozen=True, eq=False)
class _Made:
    """Maps of a run: of which cohort, with which settings, their lines, how many were kept."""

    work: CohortWork
    settings: LocalizeSettings
    lines: dict[str, dict[str, Any]]
    n_kept: int


def _store(run: Run, writer: RunWriter, made: _Made) -> Summary:
    """Cluster maps and means, the table of maps, and the summary; then all take their places."""
    cohort, settings = made.work.cohort, made.settings
    means = _cluster_level(writer, made)
    for name, values in means.items():
        writer.write_array(name, values)
    decoded: list[str] = []
    about: dict[str, Any] | None = None
    # Where the clusters are read from the image itself, no decoder was trained.
    if not cohort.model.reads_image:
        latent = run.array("latent").astype(np.float32)
        decoded, about = write_archetypes(
            writer, cohort.model, cohort.images.scale, latent, cohort.clusters
        )
    table = _table(cohort.table.index, made.lines)
    reference = made.work.reference
    writer.write_table("maps.parquet", table)
    writer.write_bytes("reference.safetensors", pack_reference(reference))
    summary = _faithfulness(table)
    correlation = made.work.likeness_of_random()
    localized = {
        "settings": settings.model_dump(mode="json"),
        "layer": reference.layer,
        "reference": reference.note,
        "faithfulness": summary,
        "randomization": correlation,
        "archetypes": about,
    }
    info = run.info().model_copy(update={"localized": localized})
    names = [*(f"arrays.zarr/{name}" for name in ("maps", *means)), *decoded]
    writer.commit(info, [*names, "maps.parquet", "reference.safetensors"])
    moved = int(table["moved_as_it_should"].sum())
    kept = f", {made.n_kept} kept" if made.n_kept else ""
    n_made = len(made.lines) - made.n_kept
    sentences = [
        f"{plural(n_made, 'map')} made{kept} ({settings.variant}, layer {reference.layer}); "
        f"{moved} moved the assignment as they should.",
    ]
    if correlation is not None:
        sentences.append(
            f"With random weights in the encoder the maps correlate {correlation:.2f} with these "
            "(low is good)."
        )
    sentences += artefact_words(table, cohort.clusters + 1).values()
    return Summary(tuple(sentences), {"n_maps": len(made.lines), **localized})


def _cluster_level(writer: RunWriter, made: _Made) -> dict[str, NDArray[np.float32]]:
    """Mean map, mean volume (in the study's unit) and mean mask of each cluster."""
    cohort = made.work.cohort
    n_clusters, grid = cohort.model.n_clusters, cohort.images.grid
    maps, volumes, masks = (ClusterMeans(n_clusters, grid) for _ in range(3))
    for row, scan_id in enumerate(cohort.table.index):
        if scan_id not in made.lines:
            continue
        cluster = cohort.clusters[[row]]
        maps.add(writer.read_row("maps", row).astype(np.float32)[None], cluster)
        volume, mask = cohort.images.source.read(row)
        volumes.add(volume.astype(np.float32)[None], cluster)
        if mask is not None:
            masks.add(mask.astype(np.float32)[None], cluster)
    means = {"cluster_maps": maps.means, "cluster_means": volumes.means}
    return means if not masks.counts.any() else {**means, "cluster_masks": masks.means}


def _table(index: pd.Index[Any], done: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row per scan of the run; those without a map have `done` false."""
    rows = [{"done": scan_id in done, **done.get(str(scan_id), {})} for scan_id in index]
    table = pd.DataFrame(rows, index=index)
    table["moved_as_it_should"] = table["moved_as_it_should"].fillna(value=False).astype(bool)
    if "peak_at_hilum" in table:  # without masks no map has a place
        table["peak_at_hilum"] = table["peak_at_hilum"].astype("boolean")
    for name in SHARES:
        shares = pd.DataFrame(
            [row if isinstance(row, dict) else {} for row in table.pop(name)], index=index
        )
        table = table.join(shares.astype("float64").add_prefix(f"{name}: "))
    return table


def _faithfulness(table: pd.DataFrame) -> dict[str, float]:
    rows = table[table["done"]]
    names = [field.name for field in fields(Faithfulness)]
    columns = {name: rows[name].tolist() for name in names}
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return summarize([Faithfulness(**row) for row in records])
