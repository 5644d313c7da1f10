"""Look into labels, in a reader process: one label, several, or something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Format, FoundScan
from clam_core.read.reading import read_scan
from clam_core.sandbox.engine import Engine, Task
from clam_core.settings import ReadLimits

MOST_TRIED = 5
"""Labels that are read to see what they are; preprocessing looks at all of them."""
MOST_SAID = 4


def values_of_labels(
    fmt: str, files: list[list[str | None]], limits: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first few values other than 0 of one label (a task for a reader process)."""
    refs = [FileRef(Path(str(path)), member) for path, member in files]
    read = read_scan(cast("Format", fmt), refs, ReadLimits(**limits), "arbitrary")
    found: set[float] = set()
    for part in read.volume.array:  # slice by slice: what has many values is known soon
        found |= {float(value) for value in np.unique(part) if value != 0}
        if len(found) > MOST_SAID:
            break
    return {"values": sorted(found)[:MOST_SAID]}, {}


def doubt_of_labels(labels: Sequence[FoundScan], pool: Engine, limits: ReadLimits) -> str:
    """Why labels cannot be taken as masks unasked; empty if some that were read are binary.

    Args:
        labels: One per scan.
        pool: Reader processes.
        limits: What one file may cost.
    """
    step = max(1, len(labels) // MOST_TRIED)
    tasks = [_task(one, limits) for one in labels[::step][:MOST_TRIED]]
    found: set[float] = set()
    for _, reply in pool.map(tasks):
        if reply.error is not None:
            return "some of them cannot be read"
        found |= set(reply.values["values"])
    if any(value != round(value) or value < 0 for value in found):
        return "their values are no labels"
    if len(found) > 1:
        listed = ", ".join(f"{value:g}" for value in sorted(found)[:MOST_SAID])
        return f"they hold several labels ({listed})"
    return ""


def _task(label: FoundScan, limits: ReadLimits) -> Task:
    files = [[str(ref.path), ref.member] for ref in label.files]
    size = sum(ref.path.stat().st_size for ref in label.files)
    arguments = {"fmt": label.format, "files": files, "limits": limits.model_dump()}
    return Task("clam_core.find.layouts.label_values:values_of_labels", arguments, size)
