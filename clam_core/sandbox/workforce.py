"""Who does the work of a step: processes of this computer, or the workers of a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from clam_core.sandbox.engine import Engine
from clam_core.sandbox.pool import ReaderPool
from clam_core.sandbox.workers import engine_with
from clam_core.settings import ReadLimits


@dataclass(frozen=True)
class Workforce:
    """How many work, and where.

    Attributes:
        n_workers: Processes of this computer or jobs of a queue; a cluster that runs has its own.
        scheduler: Of Dask: `local`, `slurm`, `pbs`, `lsf` or an address. Empty: no cluster.
    """

    n_workers: int = 1
    scheduler: str = ""

    @contextmanager
    def readers(
        self, limits: ReadLimits, preload: tuple[str, ...], *seen: Path
    ) -> Iterator[Engine]:
        """Sandboxed processes that read files of strangers.

        Args:
            limits: What one file may cost.
            preload: Modules that each process imports before its first task.
            seen: Paths that every worker of a cluster must see as this computer does.
        """
        if not self.scheduler:
            with ReaderPool(self.n_workers, limits, preload) as pool:
                yield pool
            return
        with self._dask(limits, preload, seen) as engine:
            yield engine

    @contextmanager
    def computers(self, n_tasks: int, preload: tuple[str, ...], *seen: Path) -> Iterator[Engine]:
        """Processes that compute; no more than there are tasks.

        Args:
            n_tasks: How many there will be.
            preload: Modules that each process imports before its first task.
            seen: Paths that every worker of a cluster must see as this computer does.
        """
        if not self.scheduler:
            with engine_with(max(1, min(self.n_workers, n_tasks)), preload) as engine:
                yield engine
            return
        with replace(self, n_workers=max(1, min(self.n_workers, n_tasks)))._dask(
            None, preload, seen
        ) as engine:
            yield engine

    @contextmanager
    def _dask(
        self, limits: ReadLimits | None, preload: tuple[str, ...], seen: tuple[Path, ...]
    ) -> Iterator[Engine]:
        from clam_core.sandbox.cluster.dask_engine import DaskEngine
        from clam_core.sandbox.cluster.same_everywhere import expected_here
        from clam_core.sandbox.cluster.scheduler import QUEUES, reached

        with reached(self.scheduler, self.n_workers) as client:
            engine = DaskEngine(
                client, expected_here(seen), preload, limits, waits=self.scheduler in QUEUES
            )
            with contextlib.closing(engine):
                yield engine
