"""What `create` says of what it found: scans, subjects, failures, or nothing at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clam_core.files.found_scan import FoundScan
from clam_core.files.personal_names import SUBJECT_CODE, hide
from clam_core.pipeline.summary import Summary
from clam_core.study import StudyInfo
from clam_core.study.keys.key_files import key_file, shown
from clam_core.wording import plural


def whose_scans(scans: Sequence[FoundScan]) -> list[str]:
    """How many subjects the scans are of, where some have several."""
    counts = Counter(scan.subject_id for scan in scans if scan.status == "found")
    most = max(counts.values(), default=0)
    if most < 2:
        return []
    return [
        f"{counts.total():,} scans of {plural(len(counts), 'subject')}, up to {most} of one: scans "
        "of one subject do not count as independent."
    ]


def nothing_found(root: Path, skipped: pd.DataFrame, key: str) -> str:
    """Why there is no scan: what most of the files are."""
    n_files = int(skipped["n_files"].sum())
    message = f"No scan was found in {hide(root.name, key)!r}"
    if not n_files:
        return f"{message}: it holds no file."
    most = skipped.groupby("reason", sort=False)["n_files"].sum().idxmax()
    return f"{message}: {plural(n_files, 'file')} looked into, none of them a scan. {most}"


def summary_of_found(
    info: StudyInfo, scans: pd.DataFrame, skipped: pd.DataFrame, n_replaced: int
) -> Summary:
    """What was found, from the tables as they are stored: without personal data."""
    failed = scans.loc[scans["status"] == "failed", "reason"]
    n_skipped = int(skipped["n_files"].sum())
    sentences = [
        f"{plural(len(scans) - len(failed), 'scan')} found ({info.modality}, "
        f"{info.spatial_dims} dimensions), {len(failed)} failed, "
        f"{plural(n_skipped, 'file')} skipped."
    ]
    sentences += info.found
    sentences += [f"{scan_id}: {reason}" for scan_id, reason in failed.iloc[:10].items()]
    if len(failed) > 10:
        sentences.append(f"And {len(failed) - 10} more; the scans table has every reason.")
    if n_replaced:
        sentences.append(
            f"{plural(n_replaced, 'name')} of files or folders may be personal and became numbers; "
            "the command 'files' tells which is which, and with --ids names all names are kept."
        )
    if n_replaced or scans["subject_id"].str.fullmatch(SUBJECT_CODE).any():
        sentences.append(
            f"What leads from codes back to names and hospital numbers is the key "
            f"{shown(key_file(info.key_id))}: keep a copy of it, never in or beside the study."
        )
    values = {
        "n_found": len(scans) - len(failed),
        "n_failed": len(failed),
        "n_skipped_files": n_skipped,
        "n_names_replaced": n_replaced,
        "modality": info.modality,
        "spatial_dims": info.spatial_dims,
        "failed": failed.to_dict(),
        "skipped": {str(k): int(n) for k, n in skipped.groupby("reason")["n_files"].sum().items()},
    }
    return Summary(tuple(sentences), values)
