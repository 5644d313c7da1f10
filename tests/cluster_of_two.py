"""A Dask scheduler and its workers as processes of their own, on this computer alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HOME = Path(__file__).parents[1]


class TwoWorkers:
    """A scheduler and two workers; each can be killed and started again."""

    def __init__(self, scratch):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scratch = scratch
        self.scheduler, self.workers = None, []
        self.start()

    def start(self, n_workers=2):
        self.start_scheduler()
        for _ in range(n_workers):
            self.add_worker()

    def start_scheduler(self):
        self.scheduler = self._run(
            "dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
        )
        for _ in range(600):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the scheduler does not start")

    def add_worker(self, **environment):
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")
        where = ("--local-directory", str(self.scratch), "--host", "127.0.0.1")
        made = self._run("dask_worker", self.address, *options, *where, **environment)
        self.workers.append(made)
        return made

    def kill(self, process):
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def end(self):
        for process in (self.scheduler, *self.workers):
            if process.poll() is None:
                self.kill(process)

    def _run(self, module, *arguments, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            cwd=HOME,
            env={**os.environ, "PYTHONPATH": str(HOME), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def two_workers(scratch):
    made = TwoWorkers(scratch)
    try:
        yield made
    finally:
        made.end()
