"""Options that several sub-commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clam_core.errors import ClamError, SettingsError

StudyPath = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
Workers = Annotated[int, typer.Option(help="Reader processes.", min=1, max=64)]
ForgetMissing = Annotated[
    bool,
    typer.Option(
        "--forget-missing",
        help="Give up ready scans whose files are missing or can no longer be prepared.",
    ),
]
N_WORKERS = min(os.cpu_count() or 1, 8)


def parse_overrides(given: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """`{"kind": ["fvc=continuous"]}` -> `{"fvc": {"kind": "continuous"}}`."""
    overrides: dict[str, dict[str, str]] = {}
    for what, pairs in given.items():
        for pair in pairs:
            column, equals, value = pair.rpartition("=")
            if not equals or not column:
                raise ClamError(f"--{what} {pair!r} is not COLUMN={what.upper()}.")
            overrides.setdefault(column, {})[what] = value
    return overrides


def parse_grid(text: str, n_axes: int) -> tuple[int, ...]:
    """`88` -> one number per axis; `64,64,48` -> itself."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise ClamError(f"The grid {text!r} is not a number, nor numbers with commas (64,64,48).")
    numbers = tuple(int(part) for part in parts)
    return numbers * n_axes if len(numbers) == 1 else numbers


def parse_range(text: str) -> tuple[int, int]:
    """`2..8` -> (2, 8); `3` -> (3, 3)."""
    parts = text.split("..")
    if not 1 <= len(parts) <= 2 or not all(part.strip().isdigit() for part in parts):
        raise SettingsError(f"{text!r} is no range of numbers; write it as 2..8.")
    return int(parts[0]), int(parts[-1])
