"""Step `localize`: activation maps of the scans of a run, and whether they are true."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from clam_core.errors import StudyError
from clam_core.localization import (
    ActivationMaps,
    ClusterMeans,
    Faithfulness,
    FaithfulnessSettings,
    check_randomization,
    make_maps,
    make_reference,
    map_layer,
    map_shares,
    measure_faithfulness,
    summarize,
)
from clam_core.pipeline.fit import source_of
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary, plural
from clam_core.pipeline.weights import load_model, pack_reference
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, RunWriter, Study
from clam_core.training import CohortImages

N_RANDOMIZED = 6
"""Scans that the weight-randomisation check looks at."""


def localize(
    study: Study,
    name: str,
    settings: LocalizeSettings,
    progress: Progress = silent,
    scan_ids: list[str] | None = None,
) -> Summary:
    """Make and store the activation map of each scan, and put each to the test.

    Killed at any moment it leaves the maps as they were and goes on where it was when it
    is started again with the same settings.

    Args:
        study: The study.
        name: A fitted run.
        settings: Kind of map, layer and target.
        progress: Told how many scans are done.
        scan_ids: Scans to map; None maps all of the run.

    Returns:
        How many maps were made and how many moved the assignment as they should.

    Raises:
        MissingStepError: If the run has not been fitted.
        StudyError: If a scan is not part of the run.
    """
    run = Run(study, name)
    table = run.scans()
    wanted = _wanted(table, scan_ids)
    with run.lock(), RunWriter(run, "localize") as writer:
        parts = (settings.model_dump_json(), run.info().inputs, str(run.weights().stat().st_size))
        done = {
            line.pop("scan_id"): line
            for line in writer.start(hashlib.sha256("\n".join(parts).encode()).hexdigest())
        }
        work = _Work(study, run, settings)
        grid = work.images.grid
        writer.create("maps", len(table), grid, "float16")
        for row, scan_id in enumerate(table.index):
            if scan_id in done or scan_id not in wanted:
                continue
            scaled, line = work.one(row)
            writer.write_row("maps", row, scaled.astype(np.float16))
            writer.note({"scan_id": scan_id, **line})
            done[str(scan_id)] = line
            progress("Making maps", len(done), len(wanted))
        return _store(run, writer, work, done)


class _Work:
    """Everything that the map of one scan needs."""

    def __init__(self, study: Study, run: Run, settings: LocalizeSettings) -> None:
        self.table = run.scans()
        self.model, scale = load_model(run)
        self.settings = settings
        self._study = study
        source = source_of(study, [str(scan_id) for scan_id in self.table.index])
        self.images = CohortImages(source, scale)
        self.clusters = self.table["cluster"].to_numpy() - 1
        self.layer = map_layer(self.model, settings)
        self.reference = make_reference(self.model, self.batches(), self.layer, settings.seed)

    def batches(self) -> Iterator[torch.Tensor]:
        """The cohort, eight scans at a time."""
        yield from self.images.stream(torch.split(torch.arange(len(self.images)), 8))

    def maps(self, rows: list[int]) -> ActivationMaps:
        """Maps of some scans."""
        images = self.images.batch(torch.tensor(rows))
        return make_maps(self.model, images, self.settings, self.reference, self.clusters[rows])

    def one(self, row: int) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Scaled map of one scan, and its line of the table of maps."""
        made = self.maps([row])
        volume, mask = self.images.source.read(row)
        hu = volume if self._study.info.unit == "HU" else None
        shares = map_shares(made.raw[0], mask, hu)
        tested = measure_faithfulness(
            self.model,
            self.images.batch(torch.tensor([row])),
            made,
            self.reference,
            FaithfulnessSettings(seed=self.settings.seed),
            None if mask is None else mask[None],
        )[0]
        positive = made.positive[0]
        peak = np.unravel_index(int(positive.argmax()), positive.shape)
        line = {
            "explained": int(made.cluster[0]) + 1,
            "rather_than": int(made.other[0]) + 1,
            "completeness": _number(made.completeness[0]),
            "raw_low": float(positive.min()),
            "raw_high": float(positive.max()),
            "peak": [int(index) for index in peak],
            "zones": shares.zones,
            "bands": shares.bands,
            "sentence": shares.sentence,
            **{name: _plain(value) for name, value in tested.as_dict().items()},
        }
        return made.scaled[0], line

    def randomization(self) -> float | None:
        """Mean correlation of some maps with those of a random encoder; None without maps."""
        n_scans = len(self.table)
        rows = np.unique(np.linspace(0, n_scans - 1, min(N_RANDOMIZED, n_scans)).astype(int))
        images = self.images.batch(torch.from_numpy(rows))
        made = self.maps([int(row) for row in rows])
        found = check_randomization(self.model, images, made, self.settings, self.batches())
        return _number(float(np.nanmean([one.pearson for one in found])))


def _wanted(table: pd.DataFrame, scan_ids: list[str] | None) -> set[str]:
    if scan_ids is None:
        return {str(scan_id) for scan_id in table.index}
    missing = [scan_id for scan_id in scan_ids if scan_id not in table.index]
    if missing:
        raise StudyError(f"The run has no scan {missing[0]!r}; choose scans that it was fitted on.")
    return set(scan_ids)


def _store(run: Run, writer: RunWriter, work: _Work, done: dict[str, dict[str, Any]]) -> Summary:
    """Cluster maps and means, the table of maps, and the summary; then all take their places."""
    means = _cluster_level(writer, work, done)
    for name, values in means.items():
        writer.write_array(name, values)
    table = _table(work.table.index, done)
    writer.write_table("maps.parquet", table)
    writer.write_bytes("reference.safetensors", pack_reference(work.reference))
    summary = _faithfulness(table)
    correlation = work.randomization()
    localized = {
        "settings": work.settings.model_dump(mode="json"),
        "layer": work.layer,
        "reference": work.reference.note,
        "faithfulness": summary,
        "randomization": correlation,
    }
    info = run.info().model_copy(update={"localized": localized})
    names = ["arrays.zarr/maps", *(f"arrays.zarr/{name}" for name in means)]
    writer.commit(info, [*names, "maps.parquet", "reference.safetensors"])
    moved = int(table["moved_as_it_should"].sum())
    sentences = [
        f"{plural(len(done), 'map')} made ({work.settings.variant}, layer {work.layer}); "
        f"{moved} moved the assignment as they should.",
    ]
    if correlation is not None:
        sentences.append(
            f"With random weights in the encoder the maps correlate {correlation:.2f} with these "
            "(low is good)."
        )
    return Summary(tuple(sentences), {"n_maps": len(done), **localized})


def _cluster_level(
    writer: RunWriter, work: _Work, done: dict[str, dict[str, Any]]
) -> dict[str, NDArray[np.float32]]:
    """Mean map and mean volume (in the study's unit) of each cluster."""
    n_clusters, grid = work.model.n_clusters, work.images.grid
    maps, volumes = ClusterMeans(n_clusters, grid), ClusterMeans(n_clusters, grid)
    for row, scan_id in enumerate(work.table.index):
        if scan_id not in done:
            continue
        cluster = work.clusters[[row]]
        maps.add(writer.read_row("maps", row).astype(np.float32)[None], cluster)
        volumes.add(work.images.source.read(row)[0].astype(np.float32)[None], cluster)
    return {"cluster_maps": maps.means, "cluster_means": volumes.means}


def _table(index: pd.Index[Any], done: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row per scan of the run; those without a map have `done` false."""
    rows = [{"done": scan_id in done, **done.get(str(scan_id), {})} for scan_id in index]
    table = pd.DataFrame(rows, index=index)
    table["moved_as_it_should"] = table["moved_as_it_should"].fillna(value=False).astype(bool)
    for name in ("zones", "bands"):
        shares = pd.DataFrame(
            [row if isinstance(row, dict) else {} for row in table.pop(name)], index=index
        )
        table = table.join(shares.astype("float64").add_prefix(f"{name}: "))
    return table


def _faithfulness(table: pd.DataFrame) -> dict[str, float]:
    rows = table[table["done"]]
    names = [field.name for field in fields(Faithfulness)]
    columns = {name: rows[name].tolist() for name in names}
    found = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return summarize([Faithfulness(**row) for row in found])


def _plain(value: Any) -> Any:  # noqa: ANN401
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
