"""What a Dask worker does with a task: it hands it to processes of its own, as one computer does.

A file is read in a sandboxed reader below the worker, so what may end there ends a reader and no
worker. Requests and replies are messages of `wire`: JSON and raw arrays.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, field
from typing import Any

from clam_core.errors import ClamError
from clam_core.sandbox import wire
from clam_core.sandbox.cluster.same_everywhere import Expected, difference
from clam_core.sandbox.engine import Reply, Shared, Task
from clam_core.sandbox.pool import ReaderPool
from clam_core.sandbox.workers import WorkerPool
from clam_core.settings import ReadLimits


@dataclass
class _Post:
    """What this worker keeps for one step that runs somewhere."""

    difference: str
    pool: ReaderPool | None = None
    shared: dict[str, Shared] = field(default_factory=dict)
    n_busy: int = 0

    def end(self) -> None:
        """End its processes."""
        if self.pool is not None:
            self.pool.__exit__(None, None, None)
        self.pool = None


_posts: dict[str, _Post] = {}
_lock = threading.Lock()


def carry_out(request: bytes, shared: bytes | None) -> bytes:
    """Do one task (called by Dask).

    Args:
        request: From `pack_request`.
        shared: Message with the arrays that all tasks of a call need, or None.

    Returns:
        For `unpack_reply`.

    Raises:
        RuntimeError: If a task raised what nobody foresaw: a fault of this software.
    """
    asked, _ = wire.receive(io.BytesIO(request))
    post = _post(asked)
    try:
        if post.difference or post.pool is None:
            return _pack({"difference": post.difference})
        task = Task(asked["function"], asked["arguments"], asked["n_bytes"])
        reply = post.pool.run(task, _shared(post, asked["shared_key"], shared))
    finally:
        with _lock:
            post.n_busy -= 1
    error = reply.error
    kind = None if error is None else [type(error).__name__, str(error)]
    return _pack({"result": reply.values, "error": kind, "crashed": reply.crashed}, reply.arrays)


def end_post(token: str) -> None:
    """The step has ended: so do the processes that this worker kept for it."""
    with _lock:
        post = _posts.pop(token, None)
    if post is not None:
        post.end()


def _post(asked: dict[str, Any]) -> _Post:
    with _lock:
        # A step that was killed does not say goodbye.
        for token in [one for one, post in _posts.items() if not post.n_busy]:
            if token != asked["token"]:
                _posts.pop(token).end()
        post = _posts.get(asked["token"])
        if post is None:
            post = _posts[asked["token"]] = _Post(difference(Expected(**asked["expected"])))
            if not post.difference:
                post.pool = _pool(asked)
        post.n_busy += 1
        return post


def _pool(asked: dict[str, Any]) -> ReaderPool:
    from distributed import get_worker

    n_threads = get_worker().state.nthreads
    preload = tuple(asked["preload"])
    if asked["limits"] is None:
        return WorkerPool(n_threads, preload).__enter__()
    return ReaderPool(n_threads, ReadLimits(**asked["limits"]), preload).__enter__()


def _shared(post: _Post, key: str | None, message: bytes | None) -> Shared | None:
    """The same object for all tasks of a call, so that it goes once to each process."""
    if key is None or message is None:
        return None
    with _lock:
        if key not in post.shared:
            post.shared = {key: Shared(wire.receive(io.BytesIO(message))[1])}
        return post.shared[key]


def _pack(values: dict[str, Any], arrays: wire.Arrays | None = None) -> bytes:
    stream = io.BytesIO()
    wire.send(stream, values, arrays)
    return stream.getvalue()


def pack_request(task: Task, always: dict[str, Any], shared_key: str | None) -> bytes:
    """A task as a message; `always` has token, expected, limits and preload."""
    own = {"function": task.function, "arguments": task.arguments, "n_bytes": task.n_bytes}
    return _pack({**always, **own, "shared_key": shared_key})


def pack_shared(shared: Shared) -> bytes:
    """Arrays as a message."""
    return _pack({}, shared.arrays)


def unpack_reply(message: bytes) -> Reply:
    """What came of a task.

    Raises:
        ClamError: If the worker differs from this computer, with a sentence.
    """
    from clam_core import errors

    values, arrays = wire.receive(io.BytesIO(message))
    if values.get("difference"):
        raise ClamError(values["difference"])
    error = None
    if values["error"] is not None:
        kind, words = values["error"]
        known = getattr(errors, kind, ClamError)
        error = known(words)
    return Reply(values["result"], arrays, error, values["crashed"])
