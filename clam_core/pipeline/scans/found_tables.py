"""What was found as the tables of a study: files, scans and reasons, without personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Discovery, FoundScan
from clam_core.files.personal_names import code, looks_private, scrub, stem
from clam_core.find.stored_paths import hidden_names, store_ref

StoredRef = tuple[str, str | None]
"""Path below the study's root and member of an archive, as they are stored."""

ACQUISITION: dict[str, str] = {
    "manufacturer": "str",
    "model": "str",
    "kernel": "str",
    "kvp": "float64",
    "slice_thickness_mm": "float64",
    "contrast": "str",
    "site": "str",
}
"""Columns of the scans table that come from headers, and their types."""

MOST_NAMED = 20
"""Skipped files of one folder and reason that get a row each; more share one."""

_SPELLED = {"PT": "PET", "OT": "of no named modality", "picture": "pictures"}


def fit_modality(scan: FoundScan, modality: str) -> FoundScan:
    """The scan with the study's modality where its format says none; failed where it is another."""
    if scan.status == "failed" or not scan.modality or scan.modality == modality:
        return replace(scan, modality=scan.modality or modality)
    own, others = (_SPELLED.get(name, name) for name in (scan.modality, modality))
    return scan.failed(
        f"It is {own}, and this study holds {others}; the two are not comparable. "
        "Make a study of its own for it."
    )


class FoundTables:
    """Turns what was found into tables without personal data.

    Args:
        root: Folder to which stored paths are relative.
        key: The study's secret key.
        found: Everything that was found at once: a file without a header of its own may bear the
            name of any of its patients.
        hides: Whether names of files and folders that may be personal become codes.
        known: How files are stored already.
    """

    def __init__(
        self,
        root: Path,
        key: str,
        found: Discovery,
        *,
        hides: bool,
        known: Mapping[FileRef, StoredRef] | None = None,
    ) -> None:
        self._root, self._key, self._hides = root, key, hides
        self._all_words = found.all_private_words()
        self._known = dict(known or {})
        self._places: dict[tuple[FileRef, str, str], StoredRef] = {}

    def scans(self, scans: Sequence[FoundScan]) -> pd.DataFrame:
        """The scans table as it is before preprocessing."""
        rows = [self._row(scan) for scan in scans]
        table = pd.DataFrame(rows, index=pd.Index([s.scan_id for s in scans], name="scan_id"))
        texts = [
            "subject_id",
            "session",
            "source",
            "status",
            "reason",
            "modality",
            "format",
            "notes",
        ]
        return table.astype({**dict.fromkeys(texts, "str"), **ACQUISITION, "n_files": "int64"})

    def _row(self, scan: FoundScan) -> dict[str, object]:
        values = {name: scan.acquisition.get(name) for name in ACQUISITION}
        values["site"] = code(self._key, scan.institution, "site-", 6) if scan.institution else None
        return {
            "subject_id": scan.subject_id,
            "session": scan.session,
            "source": self._label(scan),
            "status": scan.status,
            "reason": self._harmless(scan.reason, scan),
            "modality": scan.modality,
            "format": scan.format,
            "n_files": len(scan.files),
            "notes": self._harmless(" ".join(scan.notes), scan),
            **values,
        }

    def _label(self, scan: FoundScan) -> str:
        """Where the scan lies, in words: its file, or the folder of its files."""
        if not scan.files:
            return ""
        stored = [self._stored(ref, scan) for ref in scan.files]
        full = ["/".join(filter(None, pair)).split("/") for pair in stored]
        if len(full) == 1:
            return "/".join(full[0])
        shared = []
        for parts in zip(*full, strict=False):
            if len(set(parts)) > 1:
                break
            shared.append(parts[0])
        return "/".join(shared) or "."

    def _stored(self, ref: FileRef, scan: FoundScan) -> StoredRef:
        if ref in self._known:
            return self._known[ref]
        key = ref, scan.scan_id, scan.status
        if key not in self._places:
            words = self._words(scan) if self._hides else None
            self._places[key] = store_ref(ref, self._root, self._key, words)
        return self._places[key]

    def _words(self, scan: FoundScan) -> frozenset[str]:
        """Words that name its patient; of files without a header, those of everybody's."""
        return scan.private_words or (self._all_words if scan.status == "failed" else frozenset())

    def _harmless(self, text: str, scan: FoundScan) -> str:
        """A sentence without the names that this study must not hold."""
        if not self._hides or not text:
            return text
        words = self._words(scan)
        names = {part for ref in scan.files for part in self._parts(ref)}
        private = {n for n in names if looks_private(n, words)}
        for ref in scan.files:
            if ref in self._known:
                private |= hidden_names(*self._known[ref], ref, self._root)
        return scrub(text, {*private, *(stem(n) for n in private), *words})

    def _parts(self, ref: FileRef) -> list[str]:
        path = list(ref.path.relative_to(self._root).parts)
        return path + (ref.member.split("/") if ref.member else [])

    def sources(self, scans: Sequence[FoundScan]) -> pd.DataFrame:
        """Every file of every scan; those that failed are kept to be pointed at."""
        rows = []
        for scan in scans:
            role = "scan" if scan.status == "found" else "failed"
            for kind, refs in ((role, scan.files), (f"mask:{scan.mask_format}", scan.masks)):
                rows += [(scan.scan_id, kind, *self._stored(ref, scan)) for ref in refs]
        return pd.DataFrame(rows, columns=["scan_id", "role", "path", "member"]).astype("str")

    def skipped(self, found: Discovery) -> pd.DataFrame:
        """Every file that is no scan; many of one folder and reason share a row."""
        rows = []
        for item in found.skipped:
            is_few = len(item.files) <= MOST_NAMED
            for files in [(ref,) for ref in item.files] if is_few else [item.files]:
                scan = FoundScan("none", files).failed(item.reason)
                reason = self._harmless(item.reason, scan)
                rows.append((self._label(scan), item.kind, len(files), reason))
        columns = ["source", "kind", "n_files", "reason"]
        table = pd.DataFrame(rows, columns=columns)
        return table.astype({"source": "str", "kind": "str", "n_files": "int64", "reason": "str"})
