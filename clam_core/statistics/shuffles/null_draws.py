"""What a test's statistic is compared with: draws of it where nothing differs."""

from __future__ import annotations

from typing import Protocol

from clam_core.statistics.result import Values

Key = tuple[int, ...]
"""What draws follow from."""


class NullDraws(Protocol):
    """A statistic, and how to draw it where the clusters do not differ."""

    @property
    def observed(self) -> float:
        """The statistic as it was seen."""
        ...

    def draw(self, count: int, key: Key) -> Values:
        """Statistics where nothing differs, shape (count,); the same for the same key."""
        ...
