"""Whose a scan is, as its path tells it."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.find.layouts.path_words import Moment, moment_of


@dataclass(frozen=True)
class Whose:
    """Subject and session of a scan, as its path has them.

    Attributes:
        subject: Name of the subject.
        home: Folders above it that may tell two subjects of one name apart.
        moment: What says when or how the scan was made; None if nothing does.
        rule: What told, one of those of `recognise`.
    """

    subject: str
    home: tuple[str, ...]
    moment: Moment | None
    rule: str


def has_digit(text: str) -> bool:
    """Whether a name has a digit, as ids have."""
    return any(map(str.isdigit, text))


def home_of(place: tuple[str, ...]) -> tuple[str, ...]:
    """Folders that may tell subjects apart: no visits, no phases, no kinds of image."""
    return tuple(part for part in place if moment_of(part) is None and not _is_kind(part))


def _is_kind(part: str) -> bool:
    found = moment_of(f"x_{part}")
    return found is not None and found.kind == "modality" and found.text == part
