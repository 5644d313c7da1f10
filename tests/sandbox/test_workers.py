"""Engines: whoever carries out tasks, what comes back is the same, and failures are sentences."""

import numpy as np
import pytest

from clam_core.errors import ClamError, LimitError
from clam_core.sandbox.engine import InProcess, Shared, Task
from clam_core.sandbox.workers import WorkerPool, engine_with

HERE = "tests.sandbox.test_workers"


def add(value, shared):
    return {"sum": value + float(shared["a"].sum())}, {"half": shared["a"].astype(np.float16)}


def end():
    import os

    os._exit(9)


def stumble():
    return {}["nothing"]


def fill():
    return {"n": len(bytearray(1 << 60))}, {}


def test_every_engine_gives_the_same():
    shared = Shared({"a": np.arange(4, dtype=np.float32)})
    tasks = [Task(f"{HERE}:add", {"value": n}, key=n) for n in range(7)]
    for n_workers in (1, 2):
        with engine_with(n_workers) as engine:
            assert isinstance(engine, InProcess) is (n_workers == 1)
            for factor in (1, 10):  # other arrays under the same name are sent anew
                given = Shared({"a": factor * shared.arrays["a"]})
                came = {task.key: reply.unwrap() for task, reply in engine.map(tasks, given)}
                assert {n: one[0]["sum"] for n, one in came.items()} == {
                    n: n + 6.0 * factor for n in range(7)
                }
                assert came[3][1]["half"].dtype == np.float16


def test_a_worker_that_dies_is_a_sentence_and_a_fault_is_a_fault():
    with WorkerPool(1) as pool:
        reply = pool.run(Task(f"{HERE}:end", {}))
        assert reply.crashed
        with pytest.raises(ClamError, match="code 9.* it goes on from what is done"):
            reply.unwrap()
        with pytest.raises(RuntimeError, match="KeyError in stumble"):
            pool.run(Task(f"{HERE}:stumble", {}))


def test_too_little_memory_says_to_take_fewer_workers():
    with WorkerPool(1) as pool, pytest.raises(LimitError, match="so many workers; .* fewer"):
        pool.run(Task(f"{HERE}:fill", {})).unwrap()
