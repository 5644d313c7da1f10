"""What the computer refuses is a sentence; a fault of ours is none."""

import errno
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from clam_core.errors import LimitError, StudyError
from clam_core.files.system_errors import as_sentence

FULL = Path("/dev/full")


def raised(call):
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


def fill_device():
    with FULL.open("wb", buffering=0) as stream:
        stream.write(b"x")


@pytest.mark.parametrize("call", [
    lambda: np.ones(1 << 55), lambda: bytearray(1 << 60), lambda: torch.empty(1 << 55),
])  # fmt: skip
def test_no_memory(call):
    found = as_sentence(raised(call))
    assert isinstance(found, LimitError)
    assert "smaller grid" in str(found)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk():
    found = as_sentence(raised(fill_device))
    assert isinstance(found, StudyError)
    assert "the disk is full; free some space" in str(found)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EIO, errno.ESTALE])
def test_names_of_people_are_not_said(code):
    shown = as_sentence(OSError(code, "x", "/home/u/scans.parquet"))
    hidden = as_sentence(OSError(code, "x", "/home/u/Mary Jones.dcm"))
    assert "'scans.parquet'" in str(shown)
    assert "Jones" not in str(hidden) and "A file could not be" in str(hidden)
    assert str(shown).count(". ") == 1  # one sentence, and that nothing was lost


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), RuntimeError("x"), OSError("x"), KeyError()]
)
def test_a_fault_of_ours_is_none(error):
    assert as_sentence(error) is None


def test_a_disk_that_takes_no_more(tmp_path):
    """A real process that may write no file of more than 2,000 bytes."""
    code = (
        "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from clam_core.__main__ import main\n"
        f"sys.argv = ['clam', 'demo', {str(tmp_path / 's')!r}, '--scans', '4', '--grid', '16']\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "fault of the software" not in done.stderr
    assert done.stderr.startswith("Error: ")
