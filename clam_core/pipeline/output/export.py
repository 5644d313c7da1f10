"""Step `export`: results of a run as files that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import SettingsError
from clam_core.export.formulas import csv_bytes
from clam_core.files.file_names import file_names
from clam_core.pipeline.current import check_current
from clam_core.pipeline.output.annotated_data import write_h5ad
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.output.export_figures import figure_files
from clam_core.pipeline.output.export_tables import association_files
from clam_core.pipeline.output.map_files import map_name, write_map
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.study import Run, Study
from clam_core.study.associations import has_associations, read_associations, read_replication
from clam_core.study.atomic import write_bytes
from clam_core.wording import plural


def export(
    study: Study,
    name: str,
    what: str,
    to: Path,
    progress: Progress = silent,
    *,
    overwrite: bool = False,
) -> Summary:
    """Write results of a run to a folder.

    Args:
        study: The study.
        name: A fitted run.
        what: `tables` (clusters.csv, and the associations if there are any), `figures` (of the
            associations, as SVG and PDF; figures.csv tells the variable of each where its
            name could not be used as it is), `latent` (latent.csv), `features` (features.csv:
            what was clustered; `fit --features` reads it back), `anndata` (`<run>.h5ad`), or
            `maps` (`<scan_id>.nii.gz` on the scan's own grid, in its own place; maps.csv tells
            the scan of each file, for an id that cannot be the name of one).
        to: The folder; it is made if it is not there.
        progress: Told how much is done.
        overwrite: Whether files that are there may be replaced; scans never are.

    Returns:
        What was written.

    Raises:
        SettingsError: If there is nothing called `what`.
        MissingStepError: If the results have not been made.
        MissingPackageError: If anndata is asked for and not installed.
        StaleRunError: If the run was fitted on other volumes.
        StudyError: If the folder cannot be written, or a file or link stands in a place.
    """
    kinds: dict[str, Callable[[Run, Destination, Progress], list[Path]]] = {
        "tables": _tables,
        "figures": _figures,
        "latent": _latent,
        "features": _features,
        "maps": _maps,
        "anndata": _anndata,
    }
    if what not in kinds:
        raise SettingsError(f"There is no {what!r} to export; choose {', '.join(kinds)}.")
    run = Run(study, name)
    check_current(study, run)
    destination = Destination(study, to, overwrite=overwrite)
    destination.make()
    written = kinds[what](run, destination, progress)
    listed = ", ".join(path.name for path in written[:3])
    more = f" and {len(written) - 3} more" if len(written) > 3 else ""
    sentence = f"{plural(len(written), 'file')} written to {to.name!r}: {listed}{more}."
    return Summary((sentence,), {"files": [path.name for path in written]})


def clusters_table(run: Run) -> pd.DataFrame:
    """One row per scan: scan_id, subject_id, cluster, confidence, q_1 .. q_k, x, y."""
    scans = run.scans()
    subjects = run.study.scans()["subject_id"]
    soft = run.array("soft_assignment")
    table = pd.DataFrame({"scan_id": scans.index, "subject_id": subjects[scans.index].to_numpy()})
    table["cluster"] = scans["cluster"].to_numpy()
    table["confidence"] = scans["confidence"].to_numpy()
    for cluster in range(soft.shape[1]):
        table[f"q_{cluster + 1}"] = soft[:, cluster].astype(np.float64)
    table["x"], table["y"] = scans["x"].to_numpy(), scans["y"].to_numpy()
    return table


def _tables(run: Run, to: Destination, progress: Progress) -> list[Path]:
    progress("Writing tables", 0, 1)
    files = {"clusters.csv": csv_bytes(clusters_table(run))}
    if has_associations(run):
        files |= association_files(read_associations(run))
    replication = read_replication(run)
    if replication is not None:
        files["replication.csv"] = csv_bytes(replication.rows)
    return _write(files, to)


def _figures(run: Run, to: Destination, progress: Progress) -> list[Path]:
    associations = read_associations(run)
    files = {}
    for name, content in figure_files(associations):
        files[name] = content
        progress("Writing figures", len(files), 2 * len(associations.rows) + 5)
    return _write(files, to)


def _latent(run: Run, to: Destination, progress: Progress) -> list[Path]:
    progress("Writing latent codes", 0, 1)
    codes = run.array("latent")
    given = run.info().given
    columns = [f"latent_{n + 1}" for n in range(codes.shape[1])]
    names = columns if given is None else list(given.columns)
    return _write({"latent.csv": _numbers(run, codes, names)}, to)


def _features(run: Run, to: Destination, progress: Progress) -> list[Path]:
    progress("Writing features", 0, 1)
    features = run.array("features")
    features = features.reshape(len(features), -1)
    names = [f"feature_{n + 1}" for n in range(features.shape[1])]
    return _write({"features.csv": _numbers(run, features, names)}, to)


def _numbers(run: Run, values: NDArray[np.generic], names: list[str]) -> bytes:
    """A row per scan, under names that are all different."""
    table = pd.DataFrame(values.astype(np.float64))
    table.insert(0, "scan_id", run.scans().index)
    table.columns = pd.Index(["scan_id", *names])
    return csv_bytes(table)


def _anndata(run: Run, to: Destination, progress: Progress) -> list[Path]:
    progress("Writing annotated data", 0, 1)
    path = to.place(f"{run.name}.h5ad")
    write_h5ad(run, path)
    return [path]


def _write(files: Mapping[str, bytes], to: Destination) -> list[Path]:
    places = to.places(list(files))
    for path, content in zip(places, files.values(), strict=True):
        write_bytes(path, content)
    return places


def _maps(run: Run, to: Destination, progress: Progress) -> list[Path]:
    table, scans = run.maps(), run.study.scans()
    done = [str(scan_id) for scan_id in table.index[table["done"]]]
    stems = file_names([str(scan_id) for scan_id in scans.index])
    names = [map_name(stems[scan_id]) for scan_id in done]
    # All places before the first map: a refusal leaves nothing half written.
    *places, listing = to.places([*names, "maps.csv"])
    for number, (scan_id, path) in enumerate(zip(done, places, strict=True), start=1):
        row = {str(name): value for name, value in scans.loc[scan_id].items()}
        shape = tuple(int(n) for n in row["source_shape"])
        source, grid = (np.reshape(row[name], (4, 4)) for name in ("source_affine", "affine"))
        resampled = on_own_grid(run.activation_map(scan_id), grid, shape, source)
        write_map(path, resampled, source)
        progress("Writing maps", number, len(done))
    listed = pd.DataFrame({"file": names, "scan_id": done}, dtype="str")
    write_bytes(listing, csv_bytes(listed))
    return [*places, listing]


def on_own_grid(
    activation_map: NDArray[np.float32],
    grid_affine: NDArray[np.float64],
    shape: tuple[int, ...],
    affine: NDArray[np.float64],
) -> NDArray[np.float32]:
    """A map resampled (linear) to the voxels of the scan as it was read; 0 outside the grid.

    Args:
        activation_map: On the study's grid.
        grid_affine: Of the study's grid, 4 x 4, mm.
        shape: Of the scan.
        affine: Of the scan, 4 x 4, mm.

    Returns:
        Shape of the scan, float32.
    """
    from scipy.ndimage import map_coordinates

    to_grid = np.linalg.inv(grid_affine) @ affine
    n_axes = activation_map.ndim
    resampled = np.empty(shape, dtype=np.float32)
    rest = np.stack(np.meshgrid(*(np.arange(n) for n in shape[1:]), indexing="ij"), axis=-1)
    for i in range(shape[0]):
        index = np.concatenate([np.full((*rest.shape[:-1], 1), i), rest], axis=-1)
        places = index @ to_grid[:n_axes, :n_axes].T + to_grid[:n_axes, 3]
        resampled[i] = map_coordinates(
            activation_map, np.moveaxis(places, -1, 0), order=1, mode="grid-constant"
        )
    return resampled
