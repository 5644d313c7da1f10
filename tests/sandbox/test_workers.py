import os

import pytest

from clam_core.commands import options
from clam_core.jobs import steps
from clam_core.sandbox.workers import usual_workers


@pytest.mark.parametrize(("cores", "workers"), [(None, 1), (1, 1), (6, 6), (8, 8), (128, 8)])
def test_one_reader_per_core_and_never_very_many(monkeypatch, cores, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert usual_workers() == workers


def test_the_app_and_the_command_line_start_as_many():
    assert steps.N_WORKERS == options.N_WORKERS == usual_workers()
