"""Reach a Dask scheduler: one that runs, one for this call, or one whose workers a queue starts."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clam_core.errors import ClamError, MissingPackageError, SettingsError

QUEUES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster"}
"""What `--scheduler` may name besides `local` and an address, and the class of dask-jobqueue."""
PATIENCE_SECONDS = 90.0
"""So long a scheduler or the first worker may be away before a step gives up."""
_ANSWER_SECONDS = 10.0
_JOB: dict[str, Any] = {
    "cores": 1,
    "processes": 1,
    "memory": "4GB",
    "worker-extra-args": ["--dashboard-address", "127.0.0.1:0"],
}
"""What a job asks for where `jobqueue.yaml` says nothing."""


def check_scheduler(name: str) -> None:
    """Refuse what is no scheduler, and an address at which others could listen or command.

    Args:
        name: `local`, a queue, or an address such as `tls://head:8786`.

    Raises:
        SettingsError: With a sentence.
    """
    if name == "local" or name in QUEUES:
        return
    if not re.fullmatch(r"(tcp|tls)://[^/\s]+:\d+/?", name):
        raise SettingsError(
            f"{name!r} is no scheduler; give its address (tls://HOST:PORT), local, "
            f"{', '.join(list(QUEUES)[:-1])} or {list(QUEUES)[-1]}."
        )
    if not is_protected(name):
        raise SettingsError(
            f"{name} is reached without encryption, so anybody between could read the scans and "
            "command the workers; start scheduler and workers with TLS (tls://...), or on this "
            "computer alone (tcp://127.0.0.1:...)."
        )


def is_protected(address: str) -> bool:
    """Whether an address is encrypted, or on this computer alone."""
    parts = urlsplit(address)
    if parts.scheme in {"tls", "inproc"}:
        return True
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def reached(name: str, n_workers: int) -> Iterator[Any]:
    """A client of a scheduler; what was started for it ends with it.

    Args:
        name: As `check_scheduler` takes it.
        n_workers: Processes, or jobs of a queue; a scheduler that runs has its own.

    Yields:
        A `distributed.Client`.

    Raises:
        MissingPackageError: If Dask is not installed.
        ClamError: If there is no scheduler, or it takes no client of ours.
    """
    check_scheduler(name)
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("--engine dask", "cluster") from error
    with _without_logs(), contextlib.ExitStack() as stack:
        if name == "local" or name in QUEUES:
            scratch = tempfile.TemporaryDirectory(prefix="clam-dask-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(scratch))
            cluster = _local(n_workers, folder) if name == "local" else _queue(name, n_workers)
            stack.enter_context(cluster)
            yield stack.enter_context(_client(cluster, cluster.security))
        else:
            _knock(name)
            yield stack.enter_context(_client(name, _own_security(name)))


@contextmanager
def _without_logs() -> Iterator[None]:
    """What libraries log of lost workers and refused jobs is said in sentences of ours."""
    loggers = [
        logging.getLogger(name) for name in ("distributed", "asyncio", "tornado.application")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _knock(address: str) -> None:
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), _ANSWER_SECONDS).close()
    except OSError as error:
        raise ClamError(
            f"There is no scheduler at {address} that answers ({type(error).__name__}); start one, "
            "or check the address."
        ) from error


def _client(where: Any, security: Any) -> Any:  # noqa: ANN401
    from distributed import Client

    try:
        client = Client(
            where, security=security, timeout=PATIENCE_SECONDS, set_as_default=False, name="clam"
        )
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise ClamError(
            f"There is no scheduler at {where} that answers ({type(error).__name__}); start one, "
            "or check the address and the TLS files of Dask (distributed.comm.tls)."
        ) from error
    unsafe = [
        one for one in client.scheduler_info(n_workers=-1)["workers"] if not is_protected(one)
    ]
    if unsafe:
        client.close()
        raise ClamError(
            f"The worker {unsafe[0]} is reached without encryption, so anybody between could read "
            "the scans; start scheduler and workers with TLS."
        )
    return client


def _own_security(address: str) -> Any:  # noqa: ANN401
    """TLS files as the configuration of Dask names them."""
    from distributed.security import Security

    return Security(require_encryption=True) if address.startswith("tls") else Security()


def _local(n_workers: int, folder: Path) -> Any:  # noqa: ANN401
    """Workers on this computer; keys made for this call keep its other accounts out."""
    from distributed import LocalCluster
    from distributed.security import Security

    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        host="127.0.0.1",
        protocol="tls://",
        security=Security.temporary(),
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
        local_directory=str(folder),
    )


def _queue(name: str, n_jobs: int) -> Any:  # noqa: ANN401
    """Workers that a queue starts, one job each, when it is their turn."""
    import dask
    from distributed.security import Security

    try:
        import dask_jobqueue
    except ImportError as error:
        raise MissingPackageError(f"--scheduler {name}", "cluster") from error
    known = dask.config.get(f"jobqueue.{name}", {})
    missing = {key: value for key, value in _JOB.items() if not known.get(key)}
    shared = known.get("shared-temp-directory") or str(Path.home() / ".clam-dask")
    Path(shared).mkdir(mode=0o700, exist_ok=True)
    refused: list[str] = []
    cluster = _telling(getattr(dask_jobqueue, QUEUES[name]), refused)(
        **{key.replace("-", "_"): value for key, value in missing.items()},
        protocol="tls://",
        security=Security.temporary(),
        shared_temp_directory=shared,
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
    )
    cluster.scale(jobs=n_jobs)
    until = time.monotonic() + PATIENCE_SECONDS
    while not refused and not cluster.workers and time.monotonic() < until:
        time.sleep(0.1)
    if refused:
        with contextlib.suppress(Exception):
            cluster.close(timeout=_ANSWER_SECONDS)
        raise ClamError(
            f"The queue {name} took no jobs ({refused[0]}); try its own command first, and see "
            "~/.config/dask/jobqueue.yaml."
        )
    return cluster


def _telling(queue: Any, refused: list[str]) -> Any:  # noqa: ANN401
    """A class of dask-jobqueue that tells why a job was refused; by itself it only logs it."""

    class Job(queue.job_cls):  # type: ignore[misc]
        async def _submit_job(self, script: str) -> Any:  # noqa: ANN401
            try:
                return await super()._submit_job(script)
            except Exception as error:
                refused.append(" ".join(str(error).split()))
                raise

    return type(queue.__name__, (queue,), {"job_cls": Job})
