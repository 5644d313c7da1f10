"""Fixtures that many tests share."""

import os
from pathlib import Path

import pytest

# The networks of the tests are tiny, and two threads on busy cores wait for each other.
# Torch reads this when it is first imported, also in the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real scans beside the checkout; tests that need it are skipped without it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real scans (shared/data beside the checkout) is not here")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of inputs that once went wrong; tests that need it are skipped without it."""
    folder = REPOSITORY.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("the folder of inputs (shared/cases beside the checkout) is not here")
    return folder
