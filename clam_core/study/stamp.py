"""When a run was last changed under the same name, for whoever keeps what was made from it.

- `fit_stamp`: it was fitted again. For models and medians kept in memory.
- `maps_stamp`: that, or its volumes or its stored maps were made again. For pictures of scans.
- `results_stamp`: anything of it or of its study was changed. For whole pages and reports.

Stamps are for memory: they follow from times and places on the disk, and a copy of a study
has others. What is stored follows from content: whether a run belongs to the study's volumes
is said by `pipeline/current.py`, whether associations belong to the run and the clinical table
by `study/associations.py`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from clam_core.study import atomic
from clam_core.study.readings.reading import LOCKS, READINGS
from clam_core.study.runs import REFERENCE, Run


def fit_stamp(run: Run) -> str:
    """A text that changes when a run is fitted again under the same name.

    Raises:
        MissingStepError: If it has not been fitted.
        OSError: If its weights are gone.
    """
    return _stamp(run.weights())


def maps_stamp(run: Run) -> str:
    """A text that changes when volumes, fit or stored maps of a run are made again.

    Raises:
        MissingStepError: If it has not been fitted.
        OSError: If its weights are gone.
    """
    prepared = run.study.info.prepared
    reference = run.folder / REFERENCE
    maps = _stamp(reference) if reference.is_file() else "no maps"
    voxels = "" if prepared is None else prepared.fingerprint
    return "/".join((voxels, run.info().inputs, fit_stamp(run), maps))


def results_stamp(run: Run) -> str:
    """A text that changes whenever a table, a setting or a map of a run or its study does.

    Args:
        run: A run.

    Returns:
        Digest of names, sizes and times of change; arrays count by their `run.json`, which
        every step that writes them replaces.
    """
    total = hashlib.sha256()
    locks = sorted((run.study.folder / READINGS).glob(f"*/*{LOCKS}"))
    for folder in (run.study.folder, run.folder):
        for path in sorted((*folder.glob("*.*"), *folder.glob("associations/*"))):
            if path.is_file() and path.suffix != ".lock":
                # Not the contents: this runs at every page view.
                seen = path.stat()
                total.update(f"{path.name}/{seen.st_size}/{seen.st_mtime_ns}\n".encode())
    for path in locks:  # what readers say counts once they have locked
        total.update(f"{path.parent.name}/{path.name}/{path.stat().st_mtime_ns}\n".encode())
    return total.hexdigest()


def _stamp(path: Path) -> str:
    return "/".join(str(part) for part in atomic.stamp(path))
