"""Arrays of the scans of a study, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


class ScanArrays:
    """Arrays by position or by scan_id, as in a list or a dictionary.

    Args:
        scan_ids: Ids of the scans, in order.
        read: From an id to its array; None where the scan has none.
    """

    def __init__(self, scan_ids: list[str], read: Callable[[str], Array | None]) -> None:
        self.scan_ids, self._read = scan_ids, read

    def __len__(self) -> int:
        return len(self.scan_ids)

    def __getitem__(self, scan: int | str) -> Array | None:
        return self._read(scan if isinstance(scan, str) else self.scan_ids[scan])

    def __iter__(self) -> Iterator[Array | None]:
        return map(self._read, self.scan_ids)

    def __repr__(self) -> str:
        return f"<arrays of {len(self)} scans, read when asked for>"
