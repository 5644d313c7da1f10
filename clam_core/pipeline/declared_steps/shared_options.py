"""Options that several steps have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from clam_core.errors import SettingsError
from clam_core.pipeline.declared_steps.declaration import Option
from clam_core.pipeline.declared_steps.written import GRID, LABELS, NAMES, of_table_or_column

if TYPE_CHECKING:
    from clam_core.settings.harmonise import HarmoniseSettings

N_WORKERS = min(os.cpu_count() or 1, 8)
"""Processes, if nobody says how many."""

Workers = Annotated[int, Option("Reader processes.", lowest=1, highest=64)]
MapWorkers = Annotated[
    int,
    Option("Processes that compute, one core each; the maps are the same.", lowest=1, highest=64),
]
AssignWorkers = Annotated[
    int, Option("Processes that read and compute, one core each.", lowest=1, highest=64)
]
EngineName = Annotated[
    str, Option("Who works: processes (of this computer), or dask (workers of a cluster).")
]
Scheduler = Annotated[
    str | None,
    Option("Of dask: local, slurm, pbs, lsf, or an address (tls://HOST:PORT); local if not given."),
]
Scans = Annotated[Path, Option("Folder, zip archive or file with the scans.")]
ScansTable = Annotated[
    Path | None,
    Option("CSV or XLSX: scan_id, subject_id, path, mask; paths relative to SCANS."),
]
Layout = Annotated[
    str,
    Option(
        "Whose scans: auto (by paths and names; labels are no scans), or none (each file is a "
        "scan of a subject of its own)."
    ),
]
Grid = Annotated[
    tuple[int, ...],
    Option("Voxels per axis: one number, or one per axis (88 or 64,64,48).", written=GRID),
]
Spacing = Annotated[
    float | None,
    Option("Voxel size in mm; without it the cropped box is scaled to the grid.", flag="--spacing"),
]
Mask = Annotated[str, Option("auto, lungs, given or none.")]
MaskLabel = Annotated[
    tuple[int, ...],
    Option(
        "Labels of given masks that are inside (3 or 3,4), where they hold several.", written=LABELS
    ),
]
ForgetMissing = Annotated[
    bool,
    Option("Give up ready scans whose files are missing or can no longer be prepared."),
]
IdColumn = Annotated[
    str | None, Option("Column with the ids; found out if not given.", flag="--id")
]
Overwrite = Annotated[bool, Option("Replace files that are there; scans and studies never are.")]
ByColumn = dict[str, list[str]]
"""Name of a column to what was said of it; an empty name is the whole table."""

Missing = Annotated[
    ByColumn | None,
    Option(
        "CODE for all columns, or COLUMN=CODE: means missing; may be given many times.",
        written=of_table_or_column("--missing", "CODE"),
    ),
]
DecimalMark = Annotated[
    ByColumn | None,
    Option(
        "Decimal mark, where the table does not tell: MARK or COLUMN=MARK.",
        written=of_table_or_column("--decimal", "MARK"),
    ),
]
DateOrders = Annotated[
    ByColumn | None,
    Option(
        "Dates begin with the day (dmy) or the month (mdy): ORDER or COLUMN=ORDER.",
        flag="--date-order",
        written=of_table_or_column("--date-order", "ORDER"),
    ),
]
ForgetDeclared = Annotated[
    bool, Option("What was declared for the table and its columns before no longer holds.")
]
RunName = Annotated[str, Option("Name of the run.")]
NClusters = Annotated[int, Option("Number of clusters.", lowest=2, highest=50)]
Method = Annotated[
    str, Option("auto, dcec, kmeans, gmm, graph, umap, profiles, density or texture.")
]
Views = Annotated[
    str,
    Option("What scans are grouped by: focal, density, texture or latent; auto and best compare."),
]
Features = Annotated[
    Path | None,
    Option("Table of numbers to group in place of the scans: CSV, XLSX, Parquet or NPZ."),
]
Encoder = Annotated[
    Path | None,
    Option("Encoder to use in place of our own: a TorchScript archive or a torch.export program."),
]
EncoderInputWords = Annotated[
    str,
    Option(
        "What it is given: own (aligned and standardised), stored (HU), or a window brought to "
        "0..1 (-1000,400)."
    ),
]
Preset = Annotated[str, Option("default, fast or paper.")]
Epochs = Annotated[int | None, Option("Epochs of pretraining; the preset's own if not given.")]
Seed = Annotated[int, Option("Same seed, same result.", lowest=0)]


@dataclass(frozen=True)
class TakenOut:
    """What is taken out of the numbers that scans are grouped by."""

    harmonise: Annotated[
        str | None,
        Option("Take out what differs with this column: site, scanner, kernel, or another."),
    ] = None
    harmonise_keep: Annotated[
        tuple[str, ...],
        Option("Columns whose differences stay, with commas, such as a disease.", written=NAMES),
    ] = ()
    harmonise_despite: Annotated[
        tuple[str, ...],
        Option("Columns that may go with it all the same, with commas.", written=NAMES),
    ] = ()

    def settings(self) -> HarmoniseSettings | None:
        """As the fit takes it; None where nothing is taken out.

        Raises:
            SettingsError: If columns are kept while nothing is taken out.
        """
        from clam_core.settings.harmonise import harmonise_settings

        return harmonise_settings(self.harmonise, self.harmonise_keep, self.harmonise_despite)


def scheduler_of(engine: str, scheduler: str | None) -> str:
    """The scheduler as `Workforce` takes it; empty for processes of this computer.

    Raises:
        SettingsError: If there is no such engine, or a scheduler without dask.
    """
    if engine not in {"processes", "dask"}:
        raise SettingsError(f"There is no engine {engine!r}; choose processes or dask.")
    if engine == "processes" and scheduler is not None:
        raise SettingsError("--scheduler belongs to --engine dask; add that, or leave it out.")
    return "" if engine == "processes" else scheduler or "local"


@dataclass(frozen=True)
class Readers:
    """Who reads the scans."""

    workers: Workers = N_WORKERS
    engine: EngineName = "processes"
    scheduler: Scheduler = None

    def by(self) -> str:
        """The scheduler as `Workforce` takes it.

        Raises:
            SettingsError: If there is no such engine, or a scheduler without dask.
        """
        return scheduler_of(self.engine, self.scheduler)


def declared_options(
    missing: ByColumn | None, decimal: ByColumn | None, date_orders: ByColumn | None
) -> dict[str, Any]:
    """What the three options declare, as values of `tables.declared.Declared`."""
    said = {"missing_values": missing, "decimal": decimal, "date_order": date_orders}
    values: dict[str, Any] = {}
    columns: dict[str, dict[str, Any]] = {}
    for what, given in said.items():
        for name, texts in (given or {}).items():
            place = columns.setdefault(name, {}) if name else values
            place[what] = tuple(texts) if what == "missing_values" else texts[-1]
    return values | {"columns": columns}
