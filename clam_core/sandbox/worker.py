"""The reader process: takes tasks from its standard input, under limits, until it ends.

Started by `sandbox.ReaderPool` as `python -m clam_core.sandbox.worker`. A task names a
function of clam_core and its arguments; the reply is its result or its error.
Whatever goes wrong with a file stays in this process.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from clam_core.errors import ClamError

FOLDER_PREFIX = "clam-reader-"
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def main() -> None:
    """Serve tasks until the parent closes the pipe."""
    tasks = os.fdopen(os.dup(0), "rb", buffering=1 << 20)
    replies = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)  # a library that prints must not write into the replies
    _leave_network()
    first, _ = _receive(tasks)
    limit_memory(int(first["memory_bytes"]))
    for module in first["preload"]:
        importlib.import_module(module)
    shared: dict[str, Any] = {}
    while True:
        try:
            task, arrays = _receive(tasks)
        except _wire().WireError:  # the parent has ended, perhaps without cleaning up
            return _remove_own_folder()
        limit_cpu(float(task["seconds"]))
        if task.get("is_new"):
            shared = arrays
        if task.get("shares"):
            task["arguments"]["shared"] = shared
        _answer(replies, task)


def _wire() -> Any:  # noqa: ANN401
    return importlib.import_module("clam_core.sandbox.wire")


def _system_errors() -> Any:  # noqa: ANN401
    return importlib.import_module("clam_core.files.system_errors")


def _receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    message: tuple[dict[str, Any], dict[str, Any]] = _wire().receive(stream)
    return message


def _remove_own_folder() -> None:
    """Remove the temporary folder that was made for this process alone."""
    folder = Path(os.environ.get("TMPDIR", ""))
    if folder.name.startswith(FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _answer(replies: IO[bytes], task: dict[str, Any]) -> None:
    try:
        values, arrays = find_function(task["function"])(**task["arguments"])
        reply: dict[str, Any] = {"ok": True, "result": values}
    except ClamError as error:
        reply, arrays = {"ok": False, "kind": type(error).__name__, "message": str(error)}, {}
    except MemoryError:
        reply, arrays = {"ok": False, "kind": "MemoryError", "message": ""}, {}
    except RecursionError:
        reply, arrays = {"ok": False, "kind": "RecursionError", "message": ""}, {}
    except Exception as error:  # any fault of a parser is an outcome here
        message = f"{type(error).__name__} in {_where(error)}"
        reply, arrays = {"ok": False, "kind": "Exception", "message": message}, {}
        refused = _system_errors().as_sentence(error)
        reply |= {} if refused is None else {"refused": str(refused)}
    _wire().send(replies, reply, arrays)


def _where(error: Exception) -> str:
    """Function in which an unexpected error was raised; its text may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_qualname if trace is not None else "unknown"


def find_function(name: str) -> Callable[..., Any]:
    """The function that `package.module:function` names; the parent, who asks, is trusted."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def limit_memory(n_bytes: int) -> None:
    """Let this process map at most `n_bytes` of memory and write no core file."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; there, time alone is limited
        return
    for kind, value in ((resource.RLIMIT_AS, n_bytes), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (allowed, hard))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def limit_cpu(seconds: float) -> None:
    """End this process when it uses `seconds` of CPU time from now on."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    if hard != resource.RLIM_INFINITY:
        until = min(until, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _leave_network() -> None:
    """Move to an empty network, where the system lets us (Linux); otherwise nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    try:
        ctypes.CDLL(None).unshare(flags)
    except (OSError, AttributeError):
        return


if __name__ == "__main__":
    main()
