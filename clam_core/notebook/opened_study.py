"""A study in a notebook: it shows itself, and gives tables and arrays."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clam_core.notebook.fitted_run import Run
from clam_core.notebook.scan_arrays import ScanArrays
from clam_core.notebook.shown import as_html, as_text
from clam_core.pipeline.clinical.values_of_scans import values_of_scans
from clam_core.pipeline.summary import Summary
from clam_core.study import Study as StoredStudy
from clam_core.study import run_names
from clam_core.wording import plural


class Study:
    """A study on disk.

    Args:
        folder: An existing study; `clam.create` makes one.
        summary: What the step that made it said.

    Raises:
        StudyError: If the folder holds no study.
    """

    def __init__(self, folder: Path | str, summary: Summary | None = None) -> None:
        self.stored = StoredStudy(folder)
        self.summary = summary

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.stored.folder

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.stored.name

    def scans(self) -> pd.DataFrame:
        """One row per scan, indexed by scan_id: status, reason, acquisition, quality."""
        return self.stored.scans()

    def skipped(self) -> pd.DataFrame:
        """Files that are no scan, with the reason."""
        return self.stored.skipped()

    def clinical(self) -> pd.DataFrame:
        """Clinical values of every scan, indexed by scan_id; no columns before the import."""
        return values_of_scans(self.stored)[0]

    def columns(self) -> pd.DataFrame:
        """What the clinical columns are, indexed by name: label, kind, unit, family."""
        infos = values_of_scans(self.stored)[1]
        rows = [(info.label, info.kind, info.unit, info.family) for info in infos]
        names = pd.Index([info.name for info in infos], name="name", dtype="str")
        return pd.DataFrame(rows, names, ["label", "kind", "unit", "family"])

    @property
    def volumes(self) -> ScanArrays:
        """Preprocessed volumes of the scans that are ready, each read when it is asked for."""
        return ScanArrays(self.stored.ready(), lambda scan_id: self.stored.volume(scan_id).array)

    @property
    def masks(self) -> ScanArrays:
        """Their masks; reading that of a scan without one gives None."""
        return ScanArrays(self.stored.ready(), self.stored.mask)

    def runs(self) -> list[str]:
        """Names of the finished runs."""
        return run_names(self.stored)

    def run(self, name: str = "default") -> Run:
        """A finished run.

        Raises:
            MissingStepError: If there is none of that name.
        """
        return Run(self.stored, name)

    def __repr__(self) -> str:
        return as_text(*self._shown())

    def _repr_html_(self) -> str:
        return as_html(*self._shown())

    def _shown(self) -> tuple[str, dict[str, object], tuple[str, ...]]:
        info, scans = self.stored.info, self.scans()
        counts = scans["status"].value_counts()
        listed = ", ".join(f"{counts[name]} {name}" for name in counts.index)
        facts: dict[str, object] = {
            "scans": f"{len(scans)} ({listed}), {info.modality}, {info.spatial_dims} dimensions"
        }
        if info.prepared is not None:
            facts["grid"] = " x ".join(str(n) for n in info.prepared.settings.grid)
        stored = self.stored.clinical()
        if stored is not None:
            facts["clinical"] = plural(len(stored[1]["columns"]), "column")
        facts["runs"] = ", ".join(self.runs()) or "none"
        return f"Study {self.name}", facts, self.summary.sentences if self.summary else ()
