"""Figures about this software, measured beside others in one run on one machine."""

from benchmarks.run import BenchmarkOptions, run

__all__ = ["BenchmarkOptions", "run"]
