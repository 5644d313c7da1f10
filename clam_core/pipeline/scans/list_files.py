"""Step `files`: where each scan, and each file that is none, lies on this machine.

The study stores names that may be personal as codes. This looks them up in the scans
folder, and tells them to whoever may read that folder; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clam_core.errors import MissingKeyError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.find.stored_paths import find_label, find_ref, is_coded
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
    key: str | None = None
    note: tuple[str, ...] = ()
    try:
        key = study.key("names that it hides are shown as codes")
    except MissingKeyError as error:
        note = (str(error),)
    rows = [*_scans(study, key, everything=everything), *_skipped(study, key)]
    lines = tuple(": ".join(part for part in row if part) for row in rows)
    names = ("what", "where", "reason")
    values = [dict(zip(names, row, strict=True)) for row in rows]
    said = lines or ("Every file belongs to a scan that can be used.",)
    return Summary((*note, *said), {"files": values})


def _scans(study: Study, key: str | None, *, everything: bool) -> Iterator[tuple[str, str, str]]:
    root = Path(study.info.scans_root)
    first = study.sources().groupby("scan_id", sort=False).first()
    for scan_id, row in study.scans().iterrows():
        if not everything and row["status"] != "failed":
            continue
        where = ""
        if scan_id in first.index:
            path, member = first.at[str(scan_id), "path"], first.at[str(scan_id), "member"]
            inner = member if isinstance(member, str) else None
            try:
                ref = _ref(str(path), inner, root, key)
                where = _show(ref, int(row["n_files"]))
            except ReadError as error:
                where = str(error)
        yield str(scan_id), where, str(row["reason"])


def _ref(path: str, member: str | None, root: Path, key: str | None) -> FileRef:
    if key is None and (is_coded(path) or is_coded(member)):
        return FileRef(root / path, member)
    return find_ref(path, member, root, key or "")


def _show(ref: FileRef, n_files: int) -> str:
    """The file, or the folder of many."""
    place = ref.path / ref.member if ref.member else ref.path
    shown = str(place if n_files == 1 else place.parent)
    return shown.encode("utf-8", "replace").decode()


def _skipped(study: Study, key: str | None) -> Iterator[tuple[str, str, str]]:
    root = Path(study.info.scans_root)
    for _, row in study.skipped().iterrows():
        what = f"skipped ({row['n_files']} {row['kind']})"
        stored = str(row["source"])
        found = stored if key is None else find_label(stored, root, key)
        yield what, str(root / found), str(row["reason"])
