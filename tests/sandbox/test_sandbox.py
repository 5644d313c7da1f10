"""Reader processes: whatever happens in one is a sentence here."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clam_core.errors import GeometryError, LimitError, ReadError
from clam_core.sandbox import wire
from clam_core.sandbox.pool import ReaderPool, Task
from clam_core.sandbox.queued_time import seconds_in_queue
from clam_core.settings import ReadLimits

HOSTILE = "tests.read.hostile"
LIMITS = ReadLimits(memory_bytes=1 << 30, base_seconds=1.0)


def task(name: str, **arguments: object) -> Task:
    return Task(f"{HOSTILE}:{name}", arguments)


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(1, LIMITS, preload=(HOSTILE,)) as pool:
        pool.run(task("echo", value=0))  # the first task may wait for imports; the others not
        yield pool


def alive(pool: ReaderPool) -> bool:
    return pool.run(task("echo", value="still here")).unwrap()[0]["value"] == "still here"


def test_values_and_arrays_come_back_although_a_library_prints(pool):
    values, arrays = pool.run(task("chatter")).unwrap()
    assert values == {"said": True}
    np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("name", ["crash", "abort"])
def test_a_crash_is_a_sentence_and_the_pool_goes_on(pool, name):
    reply = pool.run(task(name))
    assert reply.crashed
    assert isinstance(reply.error, ReadError)
    assert "made the reader stop" in str(reply.error)
    assert alive(pool)


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no such call")
def test_a_reader_that_was_ended_while_it_was_idle_is_replaced(pool):
    """As a system short of memory does; no file is to blame, so none is said to be damaged."""
    first = pool.run(task("own_number")).unwrap()[0]["pid"]
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # it has ended; the pool has not looked
    assert pool.run(task("own_number")).unwrap()[0]["pid"] != first


def test_an_endless_loop_is_ended_by_cpu_time(pool):
    reply = pool.run(task("spin"))
    assert isinstance(reply.error, LimitError)
    assert "1 s that a file of its size may take" in str(reply.error)
    assert alive(pool)


def test_a_reader_that_waits_is_ended_by_the_clock_and_no_file_is_called_damaged(pool, monkeypatch):
    monkeypatch.setattr("clam_core.sandbox.pool._START_SECONDS", 4.0)
    reply = pool.run(task("sleep", seconds=3600))
    assert isinstance(reply.error, LimitError)
    assert "stood still for 4 s, twice" in str(reply.error)
    assert "does not answer" in str(reply.error)
    assert "damaged" not in str(reply.error)
    assert reply.crashed
    assert alive(pool)


def test_a_file_that_could_not_be_read_for_a_while_is_read_again(pool, tmp_path):
    """As on a network disk that stood still, or a computer that slept."""
    mark = tmp_path / "asked"
    assert pool.run(task("sleep_at_first", mark=str(mark))).unwrap()[0] == {"asked": 2}
    assert alive(pool)


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="no such count")
def test_time_in_which_other_programs_had_the_processors_is_not_the_files(pool, monkeypatch):
    """A sound file on a busy computer: the clock of a waiting reader stands still."""
    queued = iter([0.0])
    monkeypatch.setattr("clam_core.sandbox.pool.seconds_in_queue", lambda _: next(queued, 60.0))
    assert pool.run(task("sleep", seconds=6)).unwrap()[0] == {}


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="no such count")
def test_a_process_that_has_to_wait_for_its_processor_is_seen_to_wait():
    spin = [sys.executable, "-c", "import os\nos.sched_setaffinity(0, {0})\nwhile True: pass"]
    both = [subprocess.Popen(spin) for _ in range(2)]
    try:
        until = time.monotonic() + 60
        while min(seconds_in_queue(one.pid) for one in both) < 0.2:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        for one in both:
            one.kill()
            one.wait()
    assert seconds_in_queue(both[0].pid) == 0  # it has ended


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS holds on Linux only")
def test_too_much_memory_is_refused_and_a_modest_amount_is_not(pool):
    error = pool.run(task("allocate", n_bytes=3 << 30)).error
    assert isinstance(error, LimitError)
    assert "more than the 1 GiB of memory" in str(error)
    assert pool.run(task("allocate", n_bytes=1 << 20)).unwrap()[0] == {"size": 1 << 20}


def test_our_errors_keep_their_kind_and_words(pool):
    reply = pool.run(task("refuse", message="Slice 7 is missing."))
    assert isinstance(reply.error, GeometryError)
    assert str(reply.error) == "Slice 7 is missing."
    with pytest.raises(GeometryError):
        reply.unwrap()


def test_the_text_of_an_unexpected_error_stays_inside(pool):
    error = pool.run(task("stumble")).error
    assert isinstance(error, ReadError)
    assert "DOE" not in str(error)
    assert "KeyError in stumble" in str(error)


def test_endless_recursion_is_a_sentence(pool):
    assert "nested too deeply" in str(pool.run(task("recurse")).error)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs network namespaces")
def test_a_reader_reaches_no_network(pool):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        values, _ = pool.run(task("connect", port=server.getsockname()[1])).unwrap()
    if values["code"] == 0:
        pytest.skip("this system does not let a process leave its network")
    assert values["code"] != 0


def test_map_answers_every_task_whatever_happens_between():
    tasks = [Task(f"{HOSTILE}:echo", {"value": n}, key=n) for n in range(20)]
    tasks[7] = Task(f"{HOSTILE}:crash", {}, key=7)
    with ReaderPool(2, LIMITS, preload=(HOSTILE,)) as pool:
        replies = {task.key: reply for task, reply in pool.map(iter(tasks))}
    assert sorted(replies) == list(range(20))
    assert [key for key, reply in replies.items() if reply.error] == [7]
    assert all(replies[n].values["value"] == n for n in range(20) if n != 7)


def test_map_draws_tasks_only_as_they_are_needed():
    drawn = []

    def tasks():
        for n in range(50):
            drawn.append(n)
            yield task("echo", value=n)

    with ReaderPool(1, LIMITS, preload=(HOSTILE,)) as pool:
        replies = pool.map(tasks())
        next(replies)
        assert len(drawn) <= 3
        replies.close()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff" * 40,
        (5).to_bytes(8, "big") + b"[1,2]",
        (2).to_bytes(8, "big") + b"{}",
        (46).to_bytes(8, "big") + b'{"values":{},"arrays":[["a","object",[1000]]]}',
        (48).to_bytes(8, "big") + b'{"values":{},"arrays":[["a","int16",[10,-1000]]]',
    ],
)
def test_what_is_no_message_is_refused(message):
    with pytest.raises(wire.WireError):
        wire.receive(io.BytesIO(message))


def test_messages_round_trip():
    stream = io.BytesIO()
    arrays = {"mask": np.eye(3, dtype=bool), "map": np.random.default_rng(0).random((2, 3, 4))}
    wire.send(stream, {"a": [1, None, "é"]}, {**arrays, "view": arrays["map"].T})
    stream.seek(0)
    values, back = wire.receive(stream)
    assert values == {"a": [1, None, "é"]}
    np.testing.assert_array_equal(back["mask"], arrays["mask"])
    np.testing.assert_array_equal(back["view"], arrays["map"].T)
    assert back["mask"].dtype == bool
