"""A run as AnnData: scans are observations, features are variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clam_core.errors import MissingPackageError, StudyError
from clam_core.pipeline.clinical.values_of_scans import values_of_scans
from clam_core.pipeline.scans.acquisition import acquisition_of
from clam_core.study import Run
from clam_core.tables.column_info import Kind

if TYPE_CHECKING:
    from anndata import AnnData

_SHOWN: tuple[Kind, ...] = ("continuous", "count", "ordinal", "nominal", "binary", "constant")
"""Kinds of columns that tell nothing of a person's identity; ids, dates and free text stay."""

_OF_RUN = ("confidence", "margin", "silhouette", "trust", "role")


def to_anndata(run: Run) -> AnnData:
    """A fitted run, as scanpy, cellxgene and viewers of embeddings read it.

    Args:
        run: A fitted run.

    Returns:
        `X`: features, shape (n_scans, n_features). `obs`: subject_id, cluster as category
        (from 1), confidence and more, then the clinical columns (values of a subject are
        repeated for each of its scans) and how the scan was made. `obsm`: X_latent,
        X_features, X_umap (X_pca where there were too few scans), soft_assignment. `uns`:
        settings, method, versions. No path, and no column of ids, dates, free text or
        personal data is in it.

    Raises:
        MissingPackageError: If anndata is not installed.
        MissingStepError: If the run has not been fitted.
    """
    try:
        import anndata
    except ImportError:
        raise MissingPackageError("AnnData", "export") from None
    info, scans = run.info(), run.scans()
    features = run.array("features")
    features = features.reshape(len(features), -1)
    return anndata.AnnData(
        X=features,
        obs=_observations(run, scans),
        var=pd.DataFrame(index=_texts(f"feature_{n + 1}" for n in range(features.shape[1]))),
        obsm={
            "X_latent": run.array("latent"),
            "X_features": features,
            f"X_{info.plane}": scans[["x", "y"]].to_numpy(),
            "soft_assignment": run.array("soft_assignment"),
        },
        uns={
            "clam": {
                "run": info.name,
                "version": info.version,
                "method": info.method,
                "n_clusters": info.n_clusters,
                "settings": _without_none(info.settings),
                "libraries": dict(info.libraries),
            }
        },
    )


def write_h5ad(run: Run, path: Path) -> None:
    """Write a run as one `.h5ad` file, beside first: a killed process leaves the old one.

    Raises:
        MissingPackageError: If anndata is not installed.
        StudyError: If it cannot be written.
    """
    beside = path.with_name(f".{path.name}.partial")
    annotated = to_anndata(run)
    try:
        annotated.write_h5ad(beside, compression="gzip")
        beside.replace(path)
    except OSError as error:
        raise StudyError(
            f"{path.name!r} could not be written ({error.strerror or 'disk full'}); free some "
            "space or choose another folder."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _observations(run: Run, scans: pd.DataFrame) -> pd.DataFrame:
    """A row per scan of the run; a clinical column called like one of ours gets a mark."""
    clinical, columns = values_of_scans(run.study)
    shown = [info.name for info in columns if info.kind in _SHOWN and not info.personal]
    made, _ = acquisition_of(run.study, shown)
    found = pd.DataFrame(index=_texts(scans.index).rename("scan_id"))
    found["subject_id"] = _category(run.study.scans()["subject_id"].reindex(scans.index))
    numbers = range(1, run.info().n_clusters + 1)
    found["cluster"] = _category(scans["cluster"], numbers)
    for column in _OF_RUN:
        found[column] = _writable(scans[column])
    for table in (clinical[shown], made):
        for name, values in table.reindex(scans.index).items():
            label = str(name).replace("/", " per ")  # a slash would be a folder of the file
            while label in found or label == "scan_id":
                label += " (clinical)"
            found[label] = _writable(values)
    return found.set_axis(_texts(found.columns), axis="columns")


def _writable(column: pd.Series[Any]) -> Any:  # noqa: ANN401
    """Values in a type that HDF5 holds: numbers, yes or no, or categories of text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _category(column, column.cat.categories, ordered=bool(column.cat.ordered))
    if pd.api.types.is_bool_dtype(column.dtype) and not column.hasnans:
        return column.astype(bool).to_numpy()
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("float64").to_numpy()
    return _category(column)


def _category(
    values: pd.Series[Any], levels: Iterable[object] | None = None, *, ordered: bool = False
) -> pd.Categorical:
    """Values as categories; without levels, those that occur, in order."""
    kept = sorted(values.dropna().unique()) if levels is None else levels
    texts = _texts(kept)
    codes = texts.get_indexer(_texts(values.astype(object).where(values.notna(), None)))
    return pd.Categorical.from_codes(codes, texts, ordered=ordered)


def _texts(values: Iterable[object]) -> pd.Index[Any]:
    """Texts as plain objects: anndata does not yet write the text type of pandas 3."""
    return pd.Index([value if value is None else str(value) for value in values], dtype=object)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as HDF5 holds them: what is None is left out."""
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value is not None
    }
