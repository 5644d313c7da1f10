"""Which benchmark to run, and what becomes of its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clam_core.benchmark import speed, table
from clam_core.benchmark.machine import describe
from clam_core.errors import SettingsError


@dataclass(frozen=True)
class Result:
    """Figures in sentences and as plain JSON values."""

    sentences: tuple[str, ...]
    values: dict[str, Any]


def run(
    what: str,
    data: Path,
    to: Path | None,
    progress: Callable[[str, int, int], None],
    *,
    quick: bool = False,
) -> Result:
    """Run one benchmark.

    Args:
        what: `speed`.
        data: Folder of real scans.
        to: Folder for the tables, or None.
        progress: Told which figure is measured.
        quick: Fewer scans and runs.

    Returns:
        The table as Markdown, and the figures.

    Raises:
        SettingsError: If there is no such benchmark, or no scan to measure on.
    """
    if what != "speed":
        raise SettingsError(f"There is no benchmark {what!r}; choose speed.")
    figures = speed.measure(data, progress, quick=quick)
    machine = describe()
    if to is not None:
        table.write(figures, machine, to, what)
    values = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    return Result((table.to_markdown(figures, machine),), values)
