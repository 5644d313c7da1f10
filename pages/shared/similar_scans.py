"""Scans that are alike, typical of a cluster, or between clusters, by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.embedding.neighbors import Rows, borderline, nearest_scans, prototypes
from clam_core.study import Run, Study
from clam_core.study.stamp import results_stamp


def similar_ids(run: Run, scan_id: str, n: int) -> list[str]:
    """The scans that are nearest to one in the run's features, nearest first."""
    return _similar_ids(*_where(run), scan_id, n)


def typical_ids(run: Run, cluster: int, n: int) -> list[str]:
    """The most typical scans of a cluster (from 1), the most typical first."""
    return _typical_ids(*_where(run), cluster, n)


def borderline_ids(run: Run, cluster: int, n: int) -> list[str]:
    """The scans of a cluster (from 1) that are nearly in another one, but for typical ones."""
    return _borderline_ids(*_where(run), cluster, n)


def _where(run: Run) -> tuple[str, str, str]:
    """What decides whether ids that were kept are still right."""
    return str(run.study.folder), run.name, results_stamp(run)


@st.cache_data(max_entries=4000, show_spinner=False)
def _similar_ids(folder: str, name: str, stamped: str, scan_id: str, n: int) -> list[str]:  # noqa: ARG001
    run = Run(Study(folder), name)
    row = cast("int", run.scans().index.get_loc(scan_id))
    return _ids(run, nearest_scans(_values(run, "features"), row, n))


@st.cache_data(max_entries=500, show_spinner=False)
def _typical_ids(folder: str, name: str, stamped: str, cluster: int, n: int) -> list[str]:  # noqa: ARG001
    run = Run(Study(folder), name)
    return _ids(run, _typical(run, cluster, n))


@st.cache_data(max_entries=500, show_spinner=False)
def _borderline_ids(folder: str, name: str, stamped: str, cluster: int, n: int) -> list[str]:  # noqa: ARG001
    run = Run(Study(folder), name)
    shown = _typical(run, cluster, n)
    return _ids(run, borderline(_values(run, "soft_assignment"), cluster, n, shown))


def _typical(run: Run, cluster: int, n: int) -> Rows:
    return prototypes(_values(run, "soft_assignment"), _values(run, "features"), cluster, n)


def _values(run: Run, name: str) -> NDArray[np.float32]:
    return run.array(name).astype(np.float32, copy=False)


def _ids(run: Run, rows: Iterable[int]) -> list[str]:
    names = run.scans().index
    return [str(names[row]) for row in rows]
