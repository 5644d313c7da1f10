"""Maps on demand, made in one process that all sessions share and that stays warm."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.errors import ClamError, StaleRunError
from clam_core.sandbox.pool import ReaderPool, Reply, Task
from clam_core.settings import LocalizeSettings, ReadLimits
from pages.shared.thumbnails import stamp
from pages.shell.place import Place

_LIMITS = ReadLimits(memory_bytes=64 << 30, base_seconds=900.0)
"""Far above what a map needs: they end a process that hangs, nothing else."""

Made = tuple[dict[str, Any], dict[str, NDArray[np.generic]]]


def explained(here: Place, scan_id: str, settings: LocalizeSettings) -> Made:
    """A map on demand: what was measured of it, and the arrays `signed` and perhaps `nodes`.

    Raises:
        ClamError: If it cannot be made.
    """
    if here.stale:
        raise StaleRunError(here.stale)
    folder, run = str(here.study.folder.resolve()), here.fitted.name
    return _explained(folder, run, stamp(here), scan_id, settings.model_dump_json())


@st.cache_data(max_entries=64, show_spinner=False)
def _explained(folder: str, run: str, stamped: str, scan_id: str, settings: str) -> Made:  # noqa: ARG001
    arguments = {
        "folder": folder,
        "name": run,
        "scan_id": scan_id,
        "settings": json.loads(settings),
    }
    return in_worker("clam_core.pipeline.method.explain:explain_task", arguments)


def in_worker(function: str, arguments: dict[str, Any]) -> Made:
    """Call a function of clam_core in the process that keeps torch and the run's model.

    Raises:
        ClamError: If the function raised one, or the process ended.
    """
    reply = _pool().run(Task(function, arguments))
    if _is_ours(reply):
        raise ClamError(
            "The process that makes maps stopped unexpectedly; try again, and if it happens "
            "again, make the maps with the step 'localize'."
        )
    return reply.unwrap()


def _is_ours(reply: Reply) -> bool:
    """Whether a fault of the software, not of the input, ended the task."""
    return reply.crashed or (reply.error is not None and "cannot be read (" in str(reply.error))


@st.cache_resource(show_spinner=False)
def _pool() -> ReaderPool:
    """One process, started with the first map that is asked for."""
    return ReaderPool(1, _LIMITS, ("clam_core.pipeline.method.explain",))
