"""Summary: what a step has done, in sentences and in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, repr=False)
class Summary:
    """Result of a step for whoever started it.

    Attributes:
        sentences: What was done and what to know, in words.
        values: The same as plain JSON values.
        has_failures: Whether a part of what was asked for failed; the others are done.
    """

    sentences: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    has_failures: bool = False

    def __repr__(self) -> str:
        return "\n".join(self.sentences)
