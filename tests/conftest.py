"""Fixtures that many tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# The networks of the tests are tiny, and two threads on busy cores wait for each other.
# Torch reads this when it is first imported, also in the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def disk_is_not_waited_for() -> Iterator[None]:
    """Files of tests need not survive a power failure; waiting for the disk takes long.

    What waits and when is tested by tests that put a counter in the place of these calls.
    Processes that tests start wait as they do for users.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(os, "sync", lambda: None, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def keys_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys of the studies of tests do not lie beside those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAM_KEYS", str(tmp_path_factory.mktemp("keys")))
        yield


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
