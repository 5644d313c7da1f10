"""When the results of a run were last changed, for whoever keeps what was made from them."""

from __future__ import annotations

import hashlib

from clam_core.study.runs import Run


def results_stamp(run: Run) -> str:
    """A text that changes whenever a table, a setting or a map of a run or its study does.

    Args:
        run: A run.

    Returns:
        Digest of names, sizes and times of change; arrays count by their `run.json`, which
        every step that writes them replaces.
    """
    total = hashlib.sha256()
    for folder in (run.study.folder, run.folder):
        for path in sorted((*folder.glob("*.*"), *folder.glob("associations/*"))):
            if path.is_file() and path.suffix != ".lock":
                seen = path.stat()
                total.update(f"{path.name}/{seen.st_size}/{seen.st_mtime_ns}\n".encode())
    return total.hexdigest()
