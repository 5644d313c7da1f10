"""Figures about this software, measured beside others in one run on one machine."""

from clam_core.benchmark.run import run

__all__ = ["run"]
