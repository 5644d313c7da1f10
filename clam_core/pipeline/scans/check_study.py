"""Step `check`: every file of a study is read, and what cannot be used is said with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from clam_core.errors import ClamError
from clam_core.pipeline.method.check_run import RunParts
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.study import Run, Study, run_names
from clam_core.study.own_voxels.kept_scans import KeptScans
from clam_core.study.runs import names_without_description
from clam_core.study.visits import read_visits
from clam_core.wording import plural

_COPY = "It holds what no step can make again: put it back from a copy, or make a new study."
_KEEP = "The step 'preprocess --keep-own' keeps it while its files are still there."
_PREPARE = "The step 'preprocess' makes it again."
_IMPORT = "Import the table again."


@dataclass
class _Findings:
    """What was looked at, and what is wrong with it."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_looked: int = 0

    def look(self, where: str, remedy: str, read: Callable[[], object]) -> bool:
        """Read one thing; whether it could be used."""
        self.n_looked += 1
        try:
            read()
        except ClamError as error:
            self.faults.append(_once(f"{where}: {error}", remedy))
        except Exception as error:
            self.faults.append(f"{where} cannot be read ({type(error).__name__}). {remedy}")
        else:
            return True
        return False


def check(study: Study, progress: Progress = silent) -> Summary:
    """Read every file of a study; nothing is changed.

    Args:
        study: The study.
        progress: Told how many scans and runs have been read.

    Returns:
        A sentence for each fault, with what makes it good again, and notes on what no
        reading can tell. `has_failures` where there is a fault.
    """
    found = _Findings()
    if _tables(study, found):
        _scans(study, found, progress)
        _kept(study, found)
        names = run_names(study)
        for number, name in enumerate(names):
            progress("Reading runs", number, len(names))
            _run(Run(study, name), found)
        for name in names_without_description(study):
            found.faults.append(
                f"Run {name!r}: its description (run.json) is missing, so it cannot be opened; put "
                "it back from a copy, or delete the folder and fit the scans again."
            )
    first = (
        f"{plural(len(found.faults), 'fault')} in the study {study.name!r}:"
        if found.faults
        else f"The study {study.name!r} is whole: {plural(found.n_looked, 'part')} were read."
    )
    values = {"n_parts": found.n_looked, "faults": found.faults, "notes": found.notes}
    return Summary((first, *found.faults, *found.notes), values, bool(found.faults))


def _tables(study: Study, found: _Findings) -> bool:
    """The tables beside the arrays; whether there is a table of scans to go by."""
    has_scans = found.look("The table of scans", _COPY, study.scans)
    found.look("The list of files", _COPY, study.sources)
    found.look("The list of files that are no scan", _COPY, study.skipped)
    found.look("The clinical table", _IMPORT, study.clinical)
    found.look("The visits", _IMPORT, partial(read_visits, study))
    return has_scans


def _scans(study: Study, found: _Findings, progress: Progress) -> None:
    ready = study.ready()
    for number, scan_id in enumerate(ready):
        progress("Reading scans", number, len(ready))
        whose = f"Scan {scan_id!r}"
        found.look(f"{whose}, volume", _PREPARE, partial(study.volume, scan_id))
        found.look(f"{whose}, mask", _PREPARE, partial(study.mask, scan_id))
        found.look(f"{whose}, picture", _PREPARE, partial(_picture, study, scan_id))
    if ready and not study.has_checksums():
        found.notes.append(
            "The volumes were made before volumes had checksums, so a changed bit in them cannot "
            "be seen; a new study from the same scans has them."
        )


def _kept(study: Study, found: _Findings) -> None:
    """Scans that are kept at their own resolution, where some are."""
    kept = KeptScans(study.folder)
    digests = kept.digests()
    if not digests:
        return
    scans = study.scans()
    missing = 0
    for scan_id in study.ready():
        digest = str(scans.at[scan_id, "voxel_digest"])
        if digest in digests:
            found.look(f"Scan {scan_id!r}, own resolution", _KEEP, partial(kept.verify, digest))
        missing += digest not in digests
    if missing:
        verb = "is" if missing == 1 else "are"
        found.notes.append(
            f"{plural(missing, 'scan')} of this study {verb} not kept at own resolution, while "
            f"others are. {_KEEP}"
        )


def _picture(study: Study, scan_id: str) -> None:
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(study.picture(scan_id))) as picture:
        picture.verify()  # the checksum of every chunk, which drawing does not look at


def _run(run: Run, found: _Findings) -> None:
    parts = RunParts(run)
    for part in parts.listed():
        found.look(f"Run {run.name!r}, {part.what}", part.remedy, part.read)
    found.notes.extend(parts.notes())


def _once(sentence: str, remedy: str) -> str:
    """The sentence with its remedy, unless it says itself which step to run."""
    return sentence if "the step '" in sentence or "fit " in sentence else f"{sentence} {remedy}"
