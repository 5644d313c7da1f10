"""Step `fit --features`: a table of numbers -> clusters and their map, without a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from clam_core.embedding import embed, usual_distance
from clam_core.errors import MissingStepError, SettingsError, TableError
from clam_core.files.personal_names import looks_private
from clam_core.fitting.fit_cohort import group_doubts
from clam_core.fitting.fit_table import FittedTable, fit_table
from clam_core.fitting.plain_rivals import look_plainly
from clam_core.localization import ClusterMeans
from clam_core.pipeline.clinical.hospital_numbers import number_codes
from clam_core.pipeline.clinical.open_table import read_raw_table
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.fingerprints import of_fit
from clam_core.pipeline.method.fit import source_of
from clam_core.pipeline.method.run_words import known_summary, library_versions, run_summary
from clam_core.pipeline.method.scans_table import scans_table
from clam_core.pipeline.method.weights import sealed
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import EmbedSettings, FitSettings
from clam_core.settings.given_numbers import TABLE, GivenNumbers
from clam_core.study import Run, RunInfo, RunWriter, Study
from clam_core.tables.import_table import ClinicalOptions
from clam_core.tables.numbers.feature_table import MAX_COLUMNS, FeatureTable, read_features
from clam_core.training import ScanSource


def fit_features(
    study: Study,
    name: str,
    path: Path,
    settings: FitSettings,
    progress: Progress = silent,
    options: ClinicalOptions | None = None,
) -> Summary:
    """Group the scans of a study by numbers from elsewhere, such as radiomics software.

    The table itself is not kept; its numbers are (as the run's `latent`), with the names of
    their columns.

    Args:
        study: A preprocessed study.
        name: Name of the run.
        path: CSV, TSV, XLSX, Parquet or NPZ: a column of ids, and columns of numbers.
        settings: Clusterer (`method`), number of clusters and of components, plane, seed.
        progress: Told what is going on.
        options: What the user decided about ids and duplicate rows.

    Returns:
        Size of the clusters, who matches whom, and everything that was left out.

    Raises:
        MissingStepError: If the study has not been preprocessed.
        ReadError, TableError: If the table cannot be read or joined.
        StudyError: If there is a finished run of that name with other settings or numbers.
        SettingsError: If the method is none that groups numbers.
        BusyError: If another process works on the run.
    """
    run = Run(study, name)
    if settings.harmonise is not None:
        raise SettingsError(
            "A table of numbers is grouped as it is; harmonise it where it was made, and leave out "
            "--harmonise."
        )
    if not study.ready():
        raise MissingStepError(
            f"No scan of the study {study.name!r} is ready; run the step 'preprocess' first."
        )
    progress("Reading the table", 0, 1)
    found = _read(study, path, options or ClinicalOptions())
    settings = settings.model_copy(update={"given": digest_of(found)})
    scan_ids = list(found.scan_ids)
    inputs = inputs_digest(study, scan_ids)
    with run.lock():
        if run.is_fitted:
            return known_summary(run, settings, inputs)
        progress("Clustering", 0, 1)
        fitted = fit_table(found.values, settings)
        with RunWriter(run, "fit") as writer:
            writer.clear()
            writer.start(of_fit(settings, inputs))
            given = _given(found, fitted, settings, path)
            return _store(run, writer, _Done(found, fitted, settings, given), progress)


def ways_to_match(
    id_column: str | None = None,
    sheet: str | None = None,
    duplicates: str = "refuse",
    *,
    nearly: bool = False,
) -> ClinicalOptions:
    """How the rows of such a table are brought to scans.

    Args:
        id_column: Column with the ids; None finds it.
        sheet: Sheet of a workbook; None finds it.
        duplicates: `refuse` rows of one id that contradict each other, or take the `first`.
        nearly: Whether ids that match only nearly are matched.

    Raises:
        SettingsError: If `duplicates` is neither.
    """
    values: dict[str, Any] = {"id_column": id_column, "sheet": sheet, "duplicates": duplicates}
    return ClinicalOptions(apply_near_misses=nearly, **values)


def digest_of(found: FeatureTable) -> str:
    """Digest of ids, names of columns and values; the same for every format of the file."""
    digest = hashlib.sha256("\n".join((*found.scan_ids, "", *found.columns)).encode())
    digest.update(np.ascontiguousarray(found.values).tobytes())
    return digest.hexdigest()


def _read(study: Study, path: Path, options: ClinicalOptions) -> FeatureTable:
    scans = study.scans()
    ids = [str(one) for one in (*scans.index, *scans["subject_id"].unique())]
    table = read_raw_table(path, options.sheet, ids, MAX_COLUMNS)
    codes = number_codes(study)
    try:
        return read_features(table, scans, study.ready(), options, codes.id_hash)
    except TableError as error:
        # A near miss stays one: the page offers to take it.
        raise type(error)(" ".join(filter(None, (str(error), codes.missing)))) from error


@dataclass(frozen=True, eq=False)
class _Done:
    """A table that was grouped."""

    found: FeatureTable
    fitted: FittedTable
    settings: FitSettings
    given: GivenNumbers


def _given(
    found: FeatureTable, fitted: FittedTable, settings: FitSettings, path: Path
) -> GivenNumbers:
    return GivenNumbers(
        table="" if looks_private(path.name) else path.name,
        digest=settings.given,
        columns=found.columns,
        n_components=fitted.n_components,
        is_standardized=fitted.is_standardized,
        clusterer=fitted.clusterer,
    )


def _store(run: Run, writer: RunWriter, done: _Done, progress: Progress) -> Summary:
    """Embed, then write everything beside the run and let it take its place."""
    found, fitted, settings = done.found, done.fitted, done.settings
    scan_ids = list(found.scan_ids)
    progress("Placing the scans on a map", 0, 1)
    placed = embed(fitted.features, EmbedSettings(method=settings.plane, seed=settings.seed))
    arrays = {
        "latent": fitted.scaled,
        "features": fitted.features,
        "soft_assignment": fitted.soft_assignment,
    }
    for array, values in arrays.items():
        writer.write_array(array, values)
    soft = fitted.soft_assignment
    writer.write_table("scans.parquet", scans_table(scan_ids, soft, fitted.features, placed))
    progress("Comparing with plain numbers", 0, 1)
    source = source_of(run.study, scan_ids)
    plain = look_plainly(source, soft.argmax(axis=1), fitted.features, settings.seed)
    for array, means in _means_of_clusters(source, soft.argmax(axis=1), fitted).items():
        writer.write_array(array, means)
    writer.write_bytes("weights.safetensors", sealed(_tensors(fitted)))
    writer.log([])
    notes = (
        *found.notes,
        *fitted.notes,
        *group_doubts(soft),
        *([placed.note] if placed.note else []),
    )
    info = RunInfo(
        name=run.name,
        libraries=library_versions(),
        device="cpu",
        settings=settings.model_dump(mode="json"),
        method=TABLE,
        model={"features": TABLE, "head": fitted.head.kind},
        plane=placed.method,
        inputs=inputs_digest(run.study, scan_ids),
        n_clusters=fitted.head.n_clusters,
        usual_distances=(usual_distance(fitted.features), usual_distance(fitted.scaled)),
        plain=plain,
        given=done.given,
        notes=notes,
    )
    writer.commit(info, ["arrays.zarr", "scans.parquet", "weights.safetensors", "history.jsonl"])
    return run_summary(run, notes)


def _means_of_clusters(
    source: ScanSource, clusters: NDArray[np.int64], fitted: FittedTable
) -> dict[str, NDArray[np.float32]]:
    """Mean volume (in the unit of the study) and mean mask of each cluster, as with maps."""
    volumes, masks = (ClusterMeans(fitted.head.n_clusters, source.grid) for _ in range(2))
    for row in range(source.n_scans):
        volume, mask = source.read(row)
        volumes.add(volume.astype(np.float32)[None], clusters[[row]])
        if mask is not None:
            masks.add(mask.astype(np.float32)[None], clusters[[row]])
    means = {"cluster_means": volumes.means}
    return means if not masks.counts.any() else {**means, "cluster_masks": masks.means}


def _tensors(fitted: FittedTable) -> dict[str, Tensor]:
    """What a new row would need: the scale of each column, the axes, the head."""
    named = {f"head.{name}": value for name, value in fitted.head.named_tensors().items()}
    tensors = {**named, "columns.mean": fitted.mean, "columns.sd": fitted.sd}
    if fitted.components is not None:
        tensors["columns.components"] = fitted.components
    return {name: value.detach().contiguous().clone() for name, value in tensors.items()}
