"""Summary: what a step has done, in sentences and in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Summary:
    """Result of a step for whoever started it.

    Attributes:
        sentences: What was done and what to know, in words.
        values: The same as plain JSON values.
    """

    sentences: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
