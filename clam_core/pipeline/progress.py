"""How a step tells what it is doing, without printing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage in words, the number done, and the number of all."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
