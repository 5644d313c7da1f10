"""`torchrun -m clam_core fit`: several processes give what one gives, and one of them speaks."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clam_core.errors import SettingsError
from clam_core.pipeline.method.fit import fit
from clam_core.study import Run, Study
from tests.browser.serving import free_port
from tests.pipeline.simulated import QUICK, cohort, study_of

AGENT = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=1")
TOGETHER = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
ALONE = (sys.executable,)
CHOICES = ("--preset", "fast", "--epochs", "3", "--method", "kmeans", "--json")


def start(command, study, *more, dashes=False):
    """The command `fit`; its exit code and what it said."""
    # After dashes torchrun leaves `--run` and the like to the command.
    what = ["--", "clam_core"] if dashes else ["clam_core"]
    named = ["--run", "default"] if dashes else []
    done = subprocess.run(
        [*command, "-m", *what, "fit", str(study), *CHOICES, *named, *more],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip().splitlines()


def test_a_device_that_is_not_there_is_a_sentence(tmp_path):
    study = study_of(tmp_path / "s", cohort(4))
    with pytest.raises(SettingsError, match="choose cpu or cuda"):
        fit(study, "r", QUICK, device="abacus")
    assert not Run(study, "r").is_fitted


@pytest.mark.slow
def test_two_processes_store_what_one_stores(tmp_path):
    study_of(tmp_path / "one", cohort())
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    code, alone = start(ALONE, tmp_path / "one")
    assert code == 0
    code, together = start(TOGETHER, tmp_path / "two")
    assert code == 0
    assert len(together) == 1
    assert json.loads(together[0])["sizes"] == json.loads(alone[0])["sizes"]
    runs = [Run(Study(tmp_path / name), "default") for name in ("one", "two")]
    for name in ("latent", "soft_assignment"):
        first, second = (run.array(name) for run in runs)
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)
    assert [len(run.history()) for run in runs] == [3, 3]
    assert not (tmp_path / "two" / "runs" / "default" / "fit.staging").exists()


@pytest.mark.slow
def test_two_computers_with_a_process_each_store_what_one_stores(tmp_path):
    study_of(tmp_path / "one", cohort())
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert start(ALONE, tmp_path / "one")[0] == 0
    meet = f"127.0.0.1:{free_port()}"
    one_of_two = (*AGENT, "--nnodes=2", "--rdzv-backend=c10d", f"--rdzv-endpoint={meet}")
    with ThreadPoolExecutor(2) as computers:
        ends = [computers.submit(start, one_of_two, tmp_path / "two", dashes=True) for _ in "ab"]
        told = [end.result() for end in ends]
    assert [code for code, _ in told] == [0, 0]
    assert sorted(len(lines) for _, lines in told) == [0, 1]  # one of them speaks
    runs = [Run(Study(tmp_path / name), "default") for name in ("one", "two")]
    first, second = (run.array("latent") for run in runs)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_what_the_first_process_refuses_ends_all(tmp_path):
    study_of(tmp_path / "s", cohort())
    assert start(TOGETHER, tmp_path / "s")[0] == 0
    code, said = start(TOGETHER, tmp_path / "s")
    assert code == 0
    assert "Nothing to do" in said[0]
    code, said = start(TOGETHER, tmp_path / "s", "--seed", "1")
    assert code != 0
    assert "choose another name" in said[0]
    assert len(said) == 1
