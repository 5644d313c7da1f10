"""The order in which a reader sees scans: drawn by HMAC, so that it can be drawn again.

A case has a number and nothing else that tells which scan it is. Which scans come twice, and
which maps are controls, follows from the same draw; a reader is told neither.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clam_core.reading_study.protocol import Protocol

Part = Literal["scores", "maps"]
PARTS: tuple[Part, ...] = ("scores", "maps")
_GAP = 0.25
"""Share of all cases that lie at least between a scan and its repeat."""


@dataclass(frozen=True)
class Case:
    """What a reader is shown under one number.

    Attributes:
        number: From 1, in the order of this reader.
        scan_id: The scan.
        is_repeat: Whether the reader has seen it under an earlier number.
        is_control: Whether the map on it is a control; False where there is none.
    """

    number: int
    scan_id: str
    is_repeat: bool = False
    is_control: bool = False


def cases_of(protocol: Protocol, reader: str, part: Part = "scores") -> tuple[Case, ...]:
    """All cases of a reader in order.

    Args:
        protocol: The study.
        reader: One of its readers.
        part: Scores of scans, or the rating of maps.
    """
    if part == "maps":
        return _map_cases(protocol, reader)
    drawn = _shuffled(protocol, f"scores|{reader}", protocol.scans)
    n_repeats = _n_repeats(protocol)
    gap = max(1, round(_GAP * len(drawn)))
    # Repeated are scans of the first part, so that there is room for the gap behind them.
    early = drawn[: max(n_repeats, len(drawn) - gap)]
    again = _shuffled(protocol, f"again|{reader}", early)[:n_repeats]
    keyed = [(float(place), scan_id, False) for place, scan_id in enumerate(drawn)]
    for scan_id in again:
        first = drawn.index(scan_id) + gap
        room = max(0.0, len(drawn) - first)
        share = int(_drawn(protocol, f"place|{reader}|{scan_id}")[:8], 16) / 16**8
        keyed.append((first + 0.5 + share * room, scan_id, True))
    return tuple(
        Case(number, scan_id, is_repeat)
        for number, (_, scan_id, is_repeat) in enumerate(sorted(keyed), start=1)
    )


def _n_repeats(protocol: Protocol) -> int:
    n_scans = len(protocol.scans)
    return min(n_scans, max(1, round(protocol.repeats * n_scans))) if protocol.repeats else 0


def _map_cases(protocol: Protocol, reader: str) -> tuple[Case, ...]:
    """Every scan once in each half: in one with its own map, in the other with its control."""
    if protocol.maps is None:
        return ()
    scans = protocol.maps.scans
    first = _shuffled(protocol, f"maps|{reader}", scans)
    coin = _shuffled(protocol, f"controls|{reader}", scans)
    controls_first = set(coin[: len(coin) // 2])
    second = _shuffled(protocol, f"maps again|{reader}", scans)
    shown = [(scan_id, scan_id in controls_first) for scan_id in first]
    shown += [(scan_id, scan_id not in controls_first) for scan_id in second]
    return tuple(
        Case(number, scan_id, is_control=is_control)
        for number, (scan_id, is_control) in enumerate(shown, start=1)
    )


def _shuffled(protocol: Protocol, purpose: str, scans: Iterable[str]) -> list[str]:
    return sorted(scans, key=lambda scan_id: _drawn(protocol, f"{purpose}|{scan_id}"))


def _drawn(protocol: Protocol, text: str) -> str:
    key = f"{protocol.seed}|{protocol.digest}".encode()
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
