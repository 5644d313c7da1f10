"""How lists, pairs, grids, ranges and targets are written on the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from clam_core.errors import SettingsError
from clam_core.pipeline.declared_steps.declaration import Written


def _commas(values: Sequence[object]) -> str:
    """The values with commas between them; one that holds a comma or a quote in quotes."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(map(str, values))
    return written.getvalue()


def _read_names(text: str) -> tuple[str, ...]:
    """`age, "FVC, L"` -> ("age", "FVC, L")."""
    return tuple(part for part in _read_ids(text) if part)


def _read_ids(text: str) -> tuple[str, ...]:
    try:
        parts = next(csv.reader([text], skipinitialspace=True, strict=True), []) or [""]
    except csv.Error:
        parts = text.split(",")  # a quote that is part of a name
    return tuple(part.strip() for part in parts)


def _read_grid(text: str) -> tuple[int, ...]:
    """`88` -> (88,); `64,64,48` -> itself."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise SettingsError(
            f"The grid {text!r} is not a number, nor numbers with commas (64,64,48)."
        )
    return tuple(int(part) for part in parts)


def _read_labels(text: str) -> tuple[int, ...]:
    """`3,4` -> (3, 4); nothing -> ()."""
    parts = text.replace(" ", ",").split(",")
    try:
        return tuple(int(part) for part in parts if part)
    except ValueError:
        raise SettingsError(
            f"The labels {text!r} are not whole numbers with commas between them (3 or 3,4)."
        ) from None


def _read_range(text: str) -> tuple[int, int]:
    """`2..8` -> (2, 8); `3` -> (3, 3)."""
    parts = text.split("..")
    if not 1 <= len(parts) <= 2 or not all(part.strip().isdigit() for part in parts):
        raise SettingsError(f"{text!r} is no range of numbers; write it as 2..8.")
    return int(parts[0]), int(parts[-1])


def _read_target(text: str) -> str | int | tuple[int, int]:
    """`own`, `2` or `2,1`."""
    if text == "own":
        return text
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts) or len(parts) > 2:
        raise SettingsError(f"The target {text!r} is not 'own', a cluster (2), nor two (2,1).")
    return int(parts[0]) if len(parts) == 1 else (int(parts[0]), int(parts[1]))


def pairs(flag: str, shape: str) -> Written:
    """`["0=female"]` -> `{"0": "female"}`.

    Args:
        flag: The option, for the sentence about a pair that is none.
        shape: What a pair looks like, for the same sentence.
    """

    def read(given: list[str]) -> dict[str, Any]:
        values = {}
        for pair in given:
            name, equals, value = pair.rpartition("=")
            if not equals or not name:
                raise SettingsError(f"{flag} {pair!r} is not {shape}.")
            values[name] = value
        return values

    return Written(read, is_repeated=True)


def of_table_or_column(flag: str, what: str) -> Written:
    """`["-9", "FEV1=99"]` -> `{"": ["-9"], "FEV1": ["99"]}`: for the whole table, for a column.

    Args:
        flag: The option, for the sentence about what cannot be used.
        what: What it takes, for the same sentence.
    """

    def read(given: list[str]) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for one in given:
            name, equals, value = one.rpartition("=")
            if not value.strip() or (equals and not name.strip()):
                raise SettingsError(f"{flag} {one!r} is not {what}, nor COLUMN={what}.")
            values.setdefault(name.strip(), []).append(value.strip())
        return values

    return Written(read, is_repeated=True)


def axes(grid: tuple[int, ...], n_axes: int) -> tuple[int, ...]:
    """One number is meant for every axis."""
    return grid * n_axes if len(grid) == 1 else grid


NAMES = Written(_read_names, _commas)
IDS = Written(_read_ids, _commas)
GRID = Written(_read_grid, _commas)
LABELS = Written(_read_labels, _commas)
RANGE = Written(_read_range, lambda span: f"{span[0]}..{span[1]}")
TARGET = Written(_read_target)
