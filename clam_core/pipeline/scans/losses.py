"""What preprocessing again would lose: volumes that are ready now and cannot be made again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from clam_core.errors import StudyError
from clam_core.pipeline.scans.sources import Source
from clam_core.wording import plural

_FLAG = " with --forget-missing"
_NOW = " (--scans FOLDER)"
_GIVE_UP = re.compile(rf"give up (?:that scan|those (?P<n>[0-9,]+) scans){_FLAG}")


def scans_with_missing_files(sources: Mapping[str, Source], *, with_masks: bool) -> set[str]:
    """Ids of the scans of which at least one file that would be read is not there now.

    Args:
        sources: Where the files of every scan lie.
        with_masks: Whether masks are read, too.
    """
    return {
        scan_id
        for scan_id, source in sources.items()
        if source.missing & source.needed(with_masks=with_masks)
    }


def refuse_missing(
    sources: Mapping[str, Source], ready: Collection[str], root: Path, *, with_masks: bool
) -> None:
    """Refuse to begin while a drive or folder is probably not connected.

    Args:
        sources: Where the files of every scan lie.
        ready: Ids of the scans whose volumes are ready.
        root: The folder below which the files were found.
        with_masks: Whether masks are read, too.

    Raises:
        StudyError: If a file of a scan that is ready has gone, or files of most scans.
    """
    hit = scans_with_missing_files(sources, with_masks=with_masks)
    if hit.isdisjoint(ready) and len(hit) <= len(sources) / 2:
        return
    needed = frozenset().union(*(one.needed(with_masks=with_masks) for one in sources.values()))
    missing = needed & frozenset().union(*(one.missing for one in sources.values()))
    raise StudyError(
        f"{len(missing):,} of {plural(len(needed), 'file')} of scans cannot be found below "
        f"{root.name or str(root)!r}, so no volume was changed; connect the drive or folder again, "
        f"name the folder in which they lie now{_NOW}, or give up {those_scans(len(hit))}{_FLAG}."
    )


def refuse_failed(scans: pd.DataFrame, lost: Collection[str]) -> None:
    """Refuse to replace volumes by failures.

    Args:
        scans: The scans table as it would become.
        lost: Ids of the scans that are ready now and would become failed.

    Raises:
        StudyError: If there are any.
    """
    if not lost:
        return
    ((most, _),) = Counter(scans.loc[sorted(lost), "reason"]).most_common(1)
    raise StudyError(
        f"{plural(len(lost), 'scan')} with a volume could not be prepared again, so the volumes "
        "are as before; repeat the command when that is repaired, or give up "
        f"{those_scans(len(lost))}{_FLAG}. The commonest reason: {most}"
    )


def scans_to_give_up(refusal: str) -> int:
    """How many scans would be given up, told from the sentence of a refusal; 0 if it is none."""
    said = _GIVE_UP.search(refusal)
    if said is None:
        return 0
    return int(said["n"].replace(",", "")) if said["n"] else 1


def without_flag(refusal: str) -> str:
    """The sentence of a refusal for those who have no command line before them."""
    return refusal.replace(_FLAG, "").replace(_NOW, "")


def those_scans(n_scans: int) -> str:
    """The scans that would be given up, in words."""
    return "that scan" if n_scans == 1 else f"those {n_scans:,} scans"
