"""Protocol: what is read, by whom, on what scale; it is fixed before the first answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from clam_core import __version__
from clam_core.settings import Settings

PROTOCOL_VERSION = 1
Kind = Literal["grades", "percent", "yes_no", "choice", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ControlKind = Literal["other_cluster", "other_scan", "shuffled"]
CONTROL_KINDS: tuple[ControlKind, ...] = get_args(ControlKind)
RULES = ("mean", "median")
"""How readers become one value, besides the name of a reader."""

ZONES = tuple(
    f"{side} {third}" for side in ("right", "left") for third in ("upper", "mid", "lower")
)
MOST_WORDS, MOST_FIELDS, MOST_READERS = 10, 60, 12
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
Short = Annotated[str, Field(min_length=1, max_length=80)]


class Item(Settings):
    """One question about a scan.

    Attributes:
        name: Name of its column, such as `ground_glass`.
        label: What the reader is asked.
        kind: `grades` (whole numbers in order), `percent`, `yes_no`, `choice` or `text`.
        lowest: Lowest grade.
        highest: Highest grade.
        words: Meaning of each grade, or what there is to choose from.
        zones: Whether it is asked of six zones (upper, mid and lower on each side) instead of
            the lungs as a whole.
        needed: Whether a case cannot be saved without it.
    """

    name: str
    label: Short
    kind: Kind = "grades"
    lowest: int = Field(default=0, ge=0, le=1)
    highest: int = Field(default=4, ge=1, le=9)
    words: tuple[Short, ...] = Field(default=(), max_length=MOST_WORDS)
    zones: bool = False
    needed: bool = True

    @model_validator(mode="after")
    def _check(self) -> Item:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the name of an item has small letters, digits and _, and begins with a letter; "
                f"{self.name!r} is another"
            )
        if self.kind == "choice" and not 2 <= len(self.words) <= MOST_WORDS - 1:
            raise ValueError(f"the item {self.name!r} needs two to nine words to choose from")
        if len({word.casefold() for word in self.words}) < len(self.words):
            raise ValueError(f"a word of the item {self.name!r} occurs twice")
        if self.kind == "grades" and self.words and len(self.words) != len(self.grades):
            raise ValueError(
                f"the item {self.name!r} has {len(self.grades)} grades, but {len(self.words)} words"
            )
        return self

    @property
    def grades(self) -> tuple[int, ...]:
        """Whole numbers that a reader may give; empty where there are none."""
        if self.kind == "grades":
            return tuple(range(self.lowest, self.highest + 1))
        return (0, 1) if self.kind == "yes_no" else ()


@dataclass(frozen=True)
class Question:
    """One cell of the form: an item, of a zone or of the whole.

    Attributes:
        name: Name of its column.
        label: What is shown beside it.
        item: What is asked.
    """

    name: str
    label: str
    item: Item


class RatedMaps(Settings):
    """The second part: maps that are rated, half of them controls.

    Attributes:
        run: Run whose maps are rated.
        scans: Scans whose maps are rated; each is shown twice, with its own map and a control.
        controls: Kind of control of each of them, in the same order.
        highest: Highest rating; 0 is "nowhere".
    """

    run: str
    scans: tuple[str, ...] = Field(min_length=2)
    controls: tuple[ControlKind, ...]
    highest: int = Field(default=4, ge=1, le=9)

    @model_validator(mode="after")
    def _check(self) -> RatedMaps:
        if len(self.controls) != len(self.scans) or len(set(self.scans)) < len(self.scans):
            raise ValueError("every rated scan stands there once, with one control")
        return self


class Protocol(Settings):
    """What is read, by whom, in which order.

    Attributes:
        schema_version: Version of this layout.
        title: What the study is about.
        items: What is asked of each scan.
        readers: Names or initials; with a login, the names by which readers log in.
        scans: Scans that are read.
        repeats: Share of the scans that every reader sees twice without being told.
        seed: Same protocol, same order.
        agreed: How several readers become one value: `mean`, `median`, or a reader's name.
        maps: The second part; None where no maps are rated.
        made: When it was made, such as `2026-11-29`.
        version: Version of the software that made it.
    """

    schema_version: int = PROTOCOL_VERSION
    title: Annotated[str, Field(max_length=200)] = ""
    items: tuple[Item, ...] = Field(min_length=1)
    readers: tuple[Short, ...] = Field(min_length=1, max_length=MOST_READERS)
    scans: tuple[str, ...] = Field(min_length=2)
    repeats: float = Field(default=0.1, ge=0, le=0.5)
    seed: int = Field(default=0, ge=0)
    agreed: str = "mean"
    maps: RatedMaps | None = None
    made: str = ""
    version: str = __version__

    @field_validator("readers")
    @classmethod
    def _readers(cls, readers: tuple[str, ...]) -> tuple[str, ...]:
        known = {name.casefold().strip() for name in readers}
        if len(known) < len(readers):
            raise ValueError("two readers have the same name")
        if known & {*RULES, ""} or not all(name.isprintable() for name in readers):
            raise ValueError("a reader needs a name, and not 'mean' or 'median'")
        return tuple(name.strip() for name in readers)

    @model_validator(mode="after")
    def _check(self) -> Protocol:
        names = [one.name for one in self.questions]
        if len(set(names)) < len(names):
            raise ValueError("two items have the same name")
        if len(names) > MOST_FIELDS:
            raise ValueError(
                f"a case has {len(names)} values; more than {MOST_FIELDS} tire readers"
            )
        if len(set(self.scans)) < len(self.scans):
            raise ValueError("a scan stands in the list twice; repeats are drawn by 'repeats'")
        if self.agreed not in (*RULES, *self.readers):
            raise ValueError("'agreed' is 'mean', 'median', or the name of a reader")
        return self

    @property
    def questions(self) -> tuple[Question, ...]:
        """All cells of the form, in order."""
        return questions_of(self.items)

    @property
    def digest(self) -> str:
        """SHA-256 of what it asks.

        Values that are the usual ones are left out, so that a later version with a further
        setting has the same digest, and with it the same order and the same logs.
        """
        told = self.model_dump_json(
            exclude_defaults=True, exclude={"schema_version", "made", "version"}
        )
        return hashlib.sha256(told.encode()).hexdigest()

    def number_of(self, reader: str) -> int:
        """Number of a reader, from 1.

        Raises:
            ValueError: If there is none of that name.
        """
        return [name.casefold() for name in self.readers].index(reader.casefold().strip()) + 1


def questions_of(items: Sequence[Item]) -> tuple[Question, ...]:
    """Cells of a form: an item of six zones becomes six of them."""
    return tuple(one for item in items for one in _cells(item))


def _cells(item: Item) -> list[Question]:
    if not item.zones:
        return [Question(item.name, item.label, item)]
    return [
        Question(f"{item.name}_{zone.replace(' ', '_')}", f"{item.label}, {zone}", item)
        for zone in ZONES
    ]
