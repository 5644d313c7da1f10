"""Which scans a typed id, or a part of it, means."""

from __future__ import annotations

from collections.abc import Iterable


def find(scan_ids: Iterable[object], typed: str) -> list[str]:
    """Ids that are what was typed, or else begin with it, or else contain it.

    Args:
        scan_ids: All that there are.
        typed: What a person typed; capital or small letters do not matter.
    """
    wanted, ids = typed.strip().casefold(), [str(one) for one in scan_ids]
    lower = [one.casefold() for one in ids]
    for fits in (str.__eq__, str.startswith, str.__contains__):
        matches = [one for one, low in zip(ids, lower, strict=True) if fits(low, wanted)]
        if wanted and matches:
            return matches
    return []
