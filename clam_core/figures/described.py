"""A figure with its sentence, and text of strangers in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Described:
    """A figure and what it shows.

    Attributes:
        figure: A plotly figure.
        sentence: What a reader should see in it; serves as its alternative text.
    """

    figure: Any
    sentence: str


def letters(text: str) -> str:
    """A text of a table as a figure shows it letter by letter: figures read tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
