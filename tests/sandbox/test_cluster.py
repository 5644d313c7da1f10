"""Dask: the same replies as on one computer; whatever dies, nothing is lost or one sentence."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("distributed")

from clam_core.errors import ClamError, ReadError, SettingsError
from clam_core.sandbox.cluster import dask_engine
from clam_core.sandbox.cluster.dask_engine import DaskEngine
from clam_core.sandbox.cluster.same_everywhere import difference, expected_here
from clam_core.sandbox.cluster.scheduler import check_scheduler, is_protected, reached
from clam_core.sandbox.engine import Shared, Task
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import ReadLimits
from tests.cluster_of_two import HOME, two_workers

HERE = "tests.sandbox.test_cluster"
ENGINE = "tests.sandbox.test_workers"
pytestmark = pytest.mark.slow


def add_slowly(value, seconds, shared):
    time.sleep(seconds)
    return {"sum": value + float(shared["a"].sum())}, {"half": shared["a"].astype(np.float16)}


def refuse(value):
    if value % 2:
        raise ReadError(f"{value} is odd.")
    return {"value": value}, {}


def who():
    import os

    return {"pid": os.getpid(), "parent": os.getppid()}, {}


@pytest.fixture
def cluster(tmp_path):
    with two_workers(tmp_path) as made:
        yield made


def tasks(n, seconds=0.0):
    return [Task(f"{HERE}:add_slowly", {"value": k, "seconds": seconds}, key=k) for k in range(n)]


SHARED = {"a": np.arange(4, dtype=np.float32)}
EXPECTED = {k: k + 6.0 for k in range(12)}


def sums(came):
    return {task.key: reply.unwrap()[0]["sum"] for task, reply in came}


def test_replies_errors_and_shared_arrays_are_those_of_one_computer(cluster):
    work = Workforce(2, cluster.address)
    with work.computers(12, ()) as engine:
        assert sums(engine.map(tasks(12), Shared(SHARED))) == EXPECTED
        ten = Shared({"a": 10 * SHARED["a"]})
        assert sums(engine.map(tasks(12), ten)) == {k: k + 60.0 for k in range(12)}
        ((_, reply),) = engine.map(tasks(1), Shared(SHARED))
        assert reply.arrays["half"].dtype == np.float16
        found = dict.fromkeys(range(4))
        for task, reply in engine.map(
            Task(f"{HERE}:refuse", {"value": k}, key=k) for k in range(4)
        ):
            found[task.key] = reply
        assert found[2].values == {"value": 2}
        with pytest.raises(ReadError, match="^3 is odd.$"):
            found[3].unwrap()
        ((_, reply),) = engine.map([Task(f"{ENGINE}:end", {})])
        assert reply.crashed
        with pytest.raises(RuntimeError, match="KeyError in stumble"):
            list(engine.map([Task(f"{ENGINE}:stumble", {})]))


def test_a_reader_is_a_process_below_the_worker_with_limits(cluster):
    with Workforce(2, cluster.address).readers(ReadLimits(), ()) as engine:
        ((_, reply),) = engine.map([Task(f"{HERE}:who", {})])
        assert reply.values["parent"] in {one.pid for one in cluster.workers}
        ((_, reply),) = engine.map([Task(f"{ENGINE}:fill", {})])
        with pytest.raises(ReadError, match="more than the 4 GiB of memory"):
            reply.unwrap()
        ((_, reply),) = engine.map([Task(f"{HERE}:who", {})])
        pid = reply.values["pid"]
    import psutil

    time.sleep(0.5)
    assert not psutil.pid_exists(pid)  # the step has ended, and its reader with it


def test_few_tasks_are_out_at_a_time(cluster):
    taken = []

    def source():
        for task in tasks(40):
            taken.append(task.key)
            yield task

    with Workforce(2, cluster.address).computers(40, ()) as engine:
        for number, _ in enumerate(engine.map(source(), Shared(SHARED)), start=1):
            assert len(taken) <= number + 4


def test_a_worker_that_is_killed_loses_nothing(cluster):
    with Workforce(2, cluster.address).computers(12, ()) as engine:
        came = engine.map(tasks(12, seconds=0.3), Shared(SHARED))
        found = [next(came)]
        cluster.kill(cluster.workers[0])
        assert sums([*found, *came]) == EXPECTED


def test_all_workers_killed_and_others_started_lose_nothing(cluster):
    with Workforce(2, cluster.address).computers(12, ()) as engine:
        came = engine.map(tasks(12, seconds=0.3), Shared(SHARED))
        found = [next(came)]
        for worker in cluster.workers:
            cluster.kill(worker)
        cluster.add_worker()
        assert sums([*found, *came]) == EXPECTED


def test_a_scheduler_that_is_started_again_loses_nothing(cluster):
    with Workforce(2, cluster.address).computers(12, ()) as engine:
        came = engine.map(tasks(12, seconds=0.3), Shared(SHARED))
        found = [next(came)]
        cluster.kill(cluster.scheduler)
        cluster.start()
        assert sums([*found, *came]) == EXPECTED


def test_a_scheduler_that_stays_away_is_one_sentence(cluster, monkeypatch):
    with Workforce(2, cluster.address).computers(12, ()) as engine:
        came = engine.map(tasks(12, seconds=0.3), Shared(SHARED))
        next(came)
        monkeypatch.setattr(dask_engine, "PATIENCE_SECONDS", 3.0)
        cluster.kill(cluster.scheduler)
        with pytest.raises(ClamError, match=r"scheduler .* it goes on from what is done\.$"):
            list(came)


def test_no_worker_at_all_is_one_sentence(cluster, monkeypatch):
    monkeypatch.setattr(dask_engine, "PATIENCE_SECONDS", 2.0)
    for worker in cluster.workers:
        cluster.kill(worker)
    with (
        Workforce(2, cluster.address).computers(1, ()) as engine,
        pytest.raises(ClamError, match="The scheduler has no workers since 2 s"),
    ):
        list(engine.map(tasks(1), Shared(SHARED)))


def test_a_worker_of_other_software_or_files_is_refused(cluster, tmp_path):
    seen = tmp_path / "scan.nii"
    seen.write_bytes(b"abc")
    with reached(cluster.address, 1) as client:
        expected = expected_here((seen,))
        expected.software["numpy"] = "0.1"
        engine = DaskEngine(client, expected, (), None)
        with pytest.raises(
            ClamError, match=r"worker on .* has numpy 2.*computer that asks has 0.1"
        ):
            list(engine.map(tasks(1), Shared(SHARED)))
        expected = expected_here((seen,))
        seen.write_bytes(b"abcd")
        engine = DaskEngine(client, expected, (), None)
        with pytest.raises(ClamError, match="does not see .*scan.nii.* mount the folder"):
            list(engine.map(tasks(1), Shared(SHARED)))


def test_what_is_compared(tmp_path):
    assert difference(expected_here((tmp_path,))) == ""
    gone = tmp_path / "gone"
    gone.mkdir()
    expected = expected_here((gone,))
    gone.rmdir()
    assert "does not see" in difference(expected)
    assert {"clam-explorer", "Python", "torch", "SimpleITK"} <= expected.software.keys()


@pytest.mark.parametrize("name", ["local", "slurm", "tls://head:8786", "tcp://127.0.0.1:8786",
                                  "tcp://localhost:8786", "tcp://[::1]:8786"])  # fmt: skip
def test_what_is_encrypted_or_on_this_computer_is_taken(name):
    check_scheduler(name)


@pytest.mark.parametrize("name", ["tcp://10.0.0.4:8786", "tcp://head:8786", "tcp://0.0.0.0:1"])
def test_what_others_could_read_is_refused(name):
    assert not is_protected(name)
    with pytest.raises(SettingsError, match="without encryption"):
        check_scheduler(name)


@pytest.mark.parametrize("name", ["sge", "head:8786", "http://head:8786", "tls://head", ""])
def test_what_is_no_scheduler_is_refused(name):
    with pytest.raises(SettingsError, match="is no scheduler; give its address"):
        check_scheduler(name)


def test_nobody_at_the_address_is_one_sentence():
    with (
        pytest.raises(ClamError, match="no scheduler at tcp://127.0.0.1:9 that answers"),
        reached("tcp://127.0.0.1:9", 1),
    ):
        pass


SBATCH = """#!/bin/sh
echo "$@" >> {folder}/asked
bash "$1" > {folder}/said 2>&1 &
echo "Submitted batch job 17"
"""
ASK = """
import sys
from clam_core.errors import ClamError
from clam_core.sandbox.engine import Shared, Task
from clam_core.sandbox.workforce import Workforce
from tests.sandbox.test_cluster import SHARED, sums, tasks
if __name__ == "__main__":
    try:
        with Workforce(1, sys.argv[1]).computers(5, ()) as engine:
            workers = list(engine._client.scheduler_info()["workers"])
            assert all(one.startswith("tls://") for one in workers), workers
            assert sums(engine.map(tasks(5), Shared(SHARED))) == {k: k + 6.0 for k in range(5)}
            print("as expected", engine._client.scheduler.address)
    except ClamError as error:
        print(error)
"""


def ask(scheduler, folder, path=""):
    """What a program of its own, which asks for five sums, says."""
    (folder / "ask.py").write_text(ASK)
    there = {"PYTHONPATH": str(HOME), "HOME": str(folder)}
    path = path or f"{folder}:{os.environ['PATH']}"
    command = [sys.executable, str(folder / "ask.py"), scheduler]
    environment = {**os.environ, **there, "PATH": path}
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_workers_of_this_computer_speak_tls(tmp_path):
    assert "as expected tls://127.0.0.1" in ask("local", tmp_path)


def test_a_queue_starts_the_workers(tmp_path):
    """`sbatch` of our own, which runs the job at once."""
    for name, text in (("sbatch", SBATCH), ("scancel", "#!/bin/sh\nexit 0\n")):
        (tmp_path / name).write_text(text.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    assert "as expected tls://" in ask("slurm", tmp_path)
    assert (tmp_path / ".clam-dask").stat().st_mode & 0o077 == 0
    assert (tmp_path / "asked").read_text().count("\n") == 1


def test_a_queue_that_refuses_is_one_sentence(tmp_path):
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho invalid partition >&2\nexit 1\n")
    (tmp_path / "sbatch").chmod(0o755)
    said = ask("slurm", tmp_path)
    assert said.startswith("The queue slurm took no jobs")
    assert "invalid partition" in said
    assert "\n" not in said.strip()


def test_a_queue_that_is_not_there_is_one_sentence(tmp_path):
    said = ask("slurm", tmp_path, str(tmp_path))
    assert said.startswith("The queue slurm took no jobs")
