"""How many reader processes are started where nobody asks for another number."""

from __future__ import annotations

import os

MOST_WORKERS = 8
"""More readers wait for the disk."""


def usual_workers() -> int:
    """One reader per core of this machine, at most `MOST_WORKERS`."""
    return min(os.cpu_count() or 1, MOST_WORKERS)
