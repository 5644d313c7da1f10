"""Tables of figures: CSV for programs, Markdown for people."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        what: What was measured, in words.
        value: The figure with its unit.
        target: What was aimed at; empty for a peer.
        reached: `yes`, `no`, or empty where nothing was aimed at.
        how: Number of runs, what is quoted, what is included.
    """

    what: str
    value: str
    target: str = ""
    reached: str = ""
    how: str = ""


def reached(value: float, at_most: float) -> str:
    """`yes` if a figure is at or below its target."""
    return "yes" if value <= at_most else "no"


def to_markdown(figures: list[Figure], machine: str) -> str:
    """A table with the machine under it."""
    names = [field.name for field in fields(Figure)]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(asdict(figure).values()) + " |" for figure in figures]
    return "\n".join([*lines, "", f"Machine: {machine}.", ""])


def to_csv(figures: list[Figure]) -> str:
    """The same table for programs."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(Figure)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(figure) for figure in figures)
    return stream.getvalue()


def write(figures: list[Figure], machine: str, folder: Path, name: str) -> None:
    """Write both tables into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(to_markdown(figures, machine), encoding="utf-8")
    (folder / f"{name}.csv").write_text(to_csv(figures), encoding="utf-8")


def frame_to_markdown(frame: pd.DataFrame, title: str) -> str:
    """A frame as a table under a title; its index becomes the first columns."""
    flat = frame.reset_index()
    names = [" ".join(map(str, n)) if isinstance(n, tuple) else str(n) for n in flat]
    lines = [f"{title}", "", "| " + " | ".join(name.strip() for name in names) + " |"]
    lines.append("|" + " --- |" * len(names))
    lines += ["| " + " | ".join(str(value) for value in row) + " |" for row in flat.to_numpy()]
    return "\n".join([*lines, ""])
