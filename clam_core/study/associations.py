"""What the step `associate` found, as files of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clam_core.errors import MissingStepError, StudyError
from clam_core.settings import AssociateSettings
from clam_core.settings.on_disk import read_stored
from clam_core.study import atomic
from clam_core.study.folder import CLINICAL, CLINICAL_COLUMNS
from clam_core.study.folder import SCANS as STUDY_SCANS
from clam_core.study.json_files.stored_json import read_object
from clam_core.study.readings.reading import LOCKS, READINGS
from clam_core.study.runs import SCANS, Run
from clam_core.study.staging import Staging
from clam_core.study.visits import VISITS

ROWS, MORE, ABOUT = "associations.parquet", "associations", "about.json"
REPLICATION, REPLICATION_ABOUT = "replication.parquet", "replication.json"
STATISTICS_VERSION, FIRST_STATISTICS = "0.2.1", "0.1.0"
"""The version goes up when `associate` gives other numbers: it then compares clusters anew. What
was stored without one is of the first."""
TABLES = "tables"
"""Key of `about.json`: names of the further tables, so that a lost one is missed."""

_ABOUT = {
    **{"settings": dict, "clusters": list, "sizes": list, "n_tests": int, "inputs": str},
    **{"headline": str, "stability": dict},
}
_LACKING: dict[str, Any] = {
    "version": "unknown",
    "libraries": {},
    "banner": "",
    "notes": [],
    "qualifications": [],
    "doubts": [],
    "follow_up": {},
    "tables": [],
}
"""What `about.json` must hold, and what it may lack."""


@dataclass(frozen=True, eq=False)
class Associations:
    """Clusters against the clinical table, as stored.

    Attributes:
        rows: One row per clinical column.
        tables: Further tables by name: pairs, contrasts, confounding, within, table_one,
            and where there is follow-up curves, at_risk, cox,
            restricted_means, restricted_pairs, incidence, rates, rate_pairs, slopes, slope_pairs.
        about: Settings, notes, stability, versions and the digest of what went in.
    """

    rows: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """A further table; empty where there is none of that name."""
        return self.tables.get(name, pd.DataFrame())

    def label(self, variable: str) -> str:
        """Name of a variable as it is shown; its own name where it is not in the table."""
        known = self.rows.loc[self.rows["variable"] == variable, "label"]
        return str(known.iloc[0]) if len(known) else variable


def has_associations(run: Run) -> bool:
    """Whether the step `associate` has been run."""
    # One without the other is damage: both are written in one go.
    return (run.folder / ROWS).is_file() or (run.folder / MORE).is_dir()


def read_associations(run: Run) -> Associations:
    """What the step `associate` stored.

    Raises:
        MissingStepError: If it has not been run.
        StudyError: If a file is damaged.
    """
    if not has_associations(run):
        raise MissingStepError(
            f"The run {run.name!r} has not been compared with the clinical table; run the step "
            "'associate' first."
        )
    about = read_object(run.folder / MORE / ABOUT, _ABOUT, _LACKING)
    there = (path.stem for path in (run.folder / MORE).glob("*.parquet"))
    # Older ones have no list: what is there is all there was.
    names = sorted(about.pop(TABLES) or there)
    tables = {name: atomic.read_table(run.folder / MORE / f"{name}.parquet") for name in names}
    settings = read_stored(AssociateSettings, about["settings"], repr(ABOUT))
    about["settings"] = settings.model_dump(mode="json")
    return Associations(atomic.read_table(run.folder / ROWS), tables, about)


def inputs_digest(run: Run) -> str:
    """Digest of everything that the associations of a run follow from."""
    names = (CLINICAL, CLINICAL_COLUMNS, VISITS, STUDY_SCANS)
    paths = [*(run.study.folder / name for name in names), run.folder / SCANS]
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes() if path.is_file() else b""
        total.update(hashlib.sha256(content).digest())
    # Scores of readers count once they are locked; without any the digest is as it always was.
    for path in sorted((run.study.folder / READINGS).glob(f"*/*{LOCKS}")):
        total.update(path.parent.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_current(run: Run, stored: Associations) -> bool:
    """Whether clusters and clinical table are still those that were compared."""
    return bool(stored.about.get("inputs") == inputs_digest(run))


def known_stability(run: Run) -> list[float | None]:
    """Jaccard index of each cluster, by which it is found again in resampled cohorts.

    Returns:
        By cluster, None where it could not be measured; empty where the step `associate`, which
        measures it, has not been run on these clusters, or its file is damaged.
    """
    try:
        about = read_object(run.folder / MORE / ABOUT, _ABOUT, _LACKING)
    except (StudyError, OSError):
        return []
    jaccard = about["stability"].get("jaccard_of", [])
    is_whole = isinstance(jaccard, list) and len(jaccard) == run.info().n_clusters
    return jaccard if is_whole and about["inputs"] == inputs_digest(run) else []


def is_of_these_statistics(stored: Associations) -> bool:
    """Whether this version of the software would give the numbers that are stored."""
    return bool(stored.about.get("statistics", FIRST_STATISTICS) == STATISTICS_VERSION)


def why_old(run: Run, stored: Associations) -> str:
    """Why what is stored is not what would be found now, as a sentence; empty where it is."""
    if not is_current(run, stored):
        return "The clinical table or the clusters have changed since this was computed."
    if not is_of_these_statistics(stored):
        return (
            "An earlier version of the software computed this; some of its tests, effects and "
            "counts are others now."
        )
    return ""


def write_associations(run: Run, found: Associations) -> None:
    """Replace what is stored: all of it or nothing.

    Raises:
        BusyError: If another process works on the run.
        StudyError: If the disk is full.
    """
    with run.lock():
        staging = Staging(run.folder, "associate")
        # Never gone on with: the tables are written in a moment.
        staging.start(fingerprint="")
        more = staging.folder / MORE
        more.mkdir(exist_ok=True)
        atomic.write_table(staging.folder / ROWS, found.rows)
        for name, table in found.tables.items():
            atomic.write_table(more / f"{name}.parquet", table)
        atomic.write_json(more / ABOUT, {**found.about, TABLES: sorted(found.tables)})
        staging.commit([ROWS, MORE])


@dataclass(frozen=True, eq=False)
class Replication:
    """What the step `replicate` found, as stored.

    Attributes:
        rows: One row per variable and pair of clusters, effects in both cohorts.
        about: The second cohort, agreement of the clusters, rule, notes, digest of what went in.
    """

    rows: pd.DataFrame
    about: Mapping[str, Any]


def read_replication(run: Run) -> Replication | None:
    """What the step `replicate` stored; None where it has not been run.

    Raises:
        StudyError: If a file is damaged.
    """
    if not (run.folder / REPLICATION_ABOUT).is_file():
        return None
    needed = {"second": str, "agreement": dict, "rule": str, "sentence": str, "inputs": str}
    about = read_object(run.folder / REPLICATION_ABOUT, needed, {"notes": []})
    return Replication(atomic.read_table(run.folder / REPLICATION), about)


def write_replication(run: Run, found: Replication) -> None:
    """Replace what is stored: all of it or nothing.

    Raises:
        BusyError: If another process works on the run.
        StudyError: If the disk is full.
    """
    with run.lock():
        staging = Staging(run.folder, "replicate")
        staging.start(fingerprint="")
        atomic.write_table(staging.folder / REPLICATION, found.rows)
        atomic.write_json(staging.folder / REPLICATION_ABOUT, dict(found.about))
        staging.commit([REPLICATION, REPLICATION_ABOUT])
