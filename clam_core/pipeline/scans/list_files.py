"""Step `files`: where each scan, and each file that is none, lies on this machine.

The study stores names that may be personal as codes. This looks them up in the scans
folder, and tells them to whoever may read that folder; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.find.stored_paths import find_label, find_ref
from clam_core.pipeline.summary import Summary
from clam_core.study import Study


def list_files(study: Study, *, everything: bool = False) -> Summary:
    """Name the files of scans that failed and of files that were skipped.

    Args:
        study: The study.
        everything: Name those of the other scans, too.

    Returns:
        One sentence each: what it is, where it lies, why it is not used.
    """
    rows = [*_scans(study, everything=everything), *_skipped(study)]
    lines = tuple(": ".join(part for part in row if part) for row in rows)
    names = ("what", "where", "reason")
    values = [dict(zip(names, row, strict=True)) for row in rows]
    return Summary(lines or ("Every file belongs to a scan that can be used.",), {"files": values})


def _scans(study: Study, *, everything: bool) -> Iterator[tuple[str, str, str]]:
    root, key = Path(study.info.scans_root), study.info.key
    first = study.sources().groupby("scan_id", sort=False).first()
    for scan_id, row in study.scans().iterrows():
        if not everything and row["status"] != "failed":
            continue
        where = ""
        if scan_id in first.index:
            path, member = first.at[str(scan_id), "path"], first.at[str(scan_id), "member"]
            try:
                ref = find_ref(str(path), member if isinstance(member, str) else None, root, key)
                where = _show(ref, int(row["n_files"]))
            except ReadError as error:
                where = str(error)
        yield str(scan_id), where, str(row["reason"])


def _show(ref: FileRef, n_files: int) -> str:
    """The file, or the folder of many."""
    parts = [str(ref.path), *(ref.member.split("/") if ref.member else [])]
    shown = "/".join(parts if n_files == 1 else parts[:-1])
    return shown.encode("utf-8", "replace").decode()


def _skipped(study: Study) -> Iterator[tuple[str, str, str]]:
    root, key = Path(study.info.scans_root), study.info.key
    for _, row in study.skipped().iterrows():
        what = f"skipped ({row['n_files']} {row['kind']})"
        yield what, str(root / find_label(str(row["source"]), root, key)), str(row["reason"])
