"""Clusters and clinical table brought together: one row per subject, or per scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clam_core.errors import AlignmentError, TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.subjects import PICK_WORDS, count_repeats, pick_scans
from clam_core.statistics.result import Labels, Values
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.rows_of_scans import align_to_scans
from clam_core.wording import plural

Description = Sequence[ColumnInfo] | Mapping[str, Any]
"""What the columns are: a list, or what `ClinicalImport.description` gives."""


@dataclass(frozen=True, eq=False)
class Cohort:
    """Rows that are compared.

    Attributes:
        frame: Typed clinical values, one row per subject (or scan), shape (n, columns).
        columns: What each column is, by name, in order.
        labels: Cluster of each row, from 1, shape (n,).
        soft: Soft assignment of each row, shape (n, k); None where there is none.
        subjects: Number of each row's subject, from 0, where subjects have several rows.
        notes: What was done, in sentences.
    """

    frame: pd.DataFrame
    columns: Mapping[str, ColumnInfo]
    labels: Labels
    soft: Values | None
    subjects: Labels | None
    notes: tuple[str, ...]

    @property
    def clusters(self) -> tuple[int, ...]:
        """Numbers of the clusters, ascending."""
        return tuple(int(one) for one in np.unique(self.labels))

    @property
    def own_soft(self) -> Values | None:
        """Soft assignment to the clusters that occur, in their order; None where there is none."""
        if self.soft is None or max(self.clusters) > self.soft.shape[1]:
            return None
        own: Values = self.soft[:, [number - 1 for number in self.clusters]]
        return own if (own.sum(axis=1) > 0).all() else None


def assemble(
    clusters: pd.DataFrame,
    clinical: pd.DataFrame,
    description: Description,
    settings: AssociateSettings,
) -> Cohort:
    """Join clusters and clinical values, and leave out what cannot be compared.

    Args:
        clusters: Indexed by scan_id: subject_id, cluster (from 1), and where they are
            known confidence and the soft assignment q_1 ... q_k.
        clinical: Typed values, indexed by scan_id or subject_id.
        description: What its columns are.
        settings: How subjects with several scans and small clusters are handled.

    Returns:
        The rows that are compared.

    Raises:
        AlignmentError: If ids are missing or not unique, or no row matches.
        TableError: If a column is not described, or fewer than two clusters are left.
    """
    columns = _columns(clinical, description)
    clusters, notes = _usable(clusters, settings)
    clinical = align_to_scans(clinical, clusters)
    subjects: Labels | None = None
    n_repeated = count_repeats(clusters["subject_id"].astype(str))
    if n_repeated and settings.repeated == "one_row":
        chosen = pick_scans(clusters, settings.pick)
        clusters, clinical = clusters.iloc[chosen], clinical.iloc[chosen]
        notes.append(
            f"{plural(n_repeated, 'subject has', 'subjects have')} several scans; one scan per "
            f"subject was used: {PICK_WORDS[settings.pick]}."
        )
        # Again: with one scan per subject a cluster may have lost some of its subjects to others.
        clusters, more = _without_small(clusters, settings.min_cluster_size)
        clinical = clinical.loc[clusters.index]
        notes += more
    elif n_repeated:
        subjects = pd.factorize(clusters["subject_id"])[0].astype(np.int64)
        notes.append(
            f"{plural(n_repeated, 'subject has', 'subjects have')} several scans; tests use all "
            "of them, and each subject counts once."
        )
    n_absent = int(clinical.isna().all(axis=1).sum()) if len(clinical.columns) else 0
    if n_absent:
        notes.append(f"{n_absent} of {len(clinical)} rows have no value in the clinical table.")
    labels = clusters["cluster"].to_numpy(dtype=np.int64)
    return Cohort(clinical, columns, labels, _soft(clusters), subjects, tuple(notes))


def _columns(clinical: pd.DataFrame, description: Description) -> dict[str, ColumnInfo]:
    given: Sequence[ColumnInfo]
    if isinstance(description, Mapping):
        given = [ColumnInfo.from_json(one) for one in description["columns"]]
    else:
        given = description
    columns = {info.name: info for info in given if info.name in clinical.columns}
    for name in clinical.columns:
        if name not in columns:
            raise TableError(f"Column {name!r} is not described; import the clinical table again.")
    return columns


def _usable(clusters: pd.DataFrame, settings: AssociateSettings) -> tuple[pd.DataFrame, list[str]]:
    """Scans that have a cluster of sufficient size."""
    for name in ("subject_id", "cluster"):
        if name not in clusters.columns:
            raise AlignmentError(
                f"The table of clusters has no column {name!r}; fit the run again."
            )
    if not clusters.index.is_unique:
        raise AlignmentError("A scan_id occurs twice in the table of clusters; fit the run again.")
    numbers = pd.to_numeric(clusters["cluster"], errors="coerce")
    known = (numbers >= 1).to_numpy(dtype=bool)
    notes = []
    if not known.all():
        notes.append(f"{int((~known).sum())} scans have no cluster and were left out.")
    kept = clusters[known].assign(cluster=numbers[known].astype(np.int64))
    if "confidence" not in kept.columns:
        kept = kept.assign(confidence=1.0)
    kept, more = _without_small(kept, settings.min_cluster_size)
    return kept, notes + more


def _without_small(clusters: pd.DataFrame, min_size: int) -> tuple[pd.DataFrame, list[str]]:
    """Clusters of at least `min_size` subjects."""
    sizes = clusters.groupby("cluster")["subject_id"].nunique()
    small = sizes[sizes < min_size]
    notes = [
        f"Cluster {number} was left out of all tests: it has {plural(int(size), 'subject')}, and "
        f"{min_size} are needed."
        for number, size in small.items()
    ]
    if len(sizes) - len(small) < 2:
        raise TableError(
            f"Fewer than two clusters have {min_size} or more subjects, so nothing can be "
            "compared; fit fewer clusters or add scans."
        )
    return clusters[~clusters["cluster"].isin(small.index)], notes


def _soft(clusters: pd.DataFrame) -> Values | None:
    """Soft assignment, if the table has it for every row."""
    names = [f"q_{number}" for number in range(1, len(clusters.columns) + 1)]
    names = [name for name in names if name in clusters.columns]
    if len(names) < 2:
        return None
    soft = clusters[names].to_numpy(dtype=np.float64)
    return soft if np.isfinite(soft).all() else None
