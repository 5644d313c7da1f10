"""Many people at once: sessions that speak the app's protocol without a browser."""

from __future__ import annotations

import asyncio
import importlib
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

MAX_BYTES = 64 << 20
PATIENCE = 60
PAUSE = (1.0, 2.0)
"""Seconds that a person looks before the next click."""


@dataclass
class Load:
    """What sessions have waited.

    Attributes:
        seconds: From each request to the end of its answer.
        errors: Requests that failed.
    """

    seconds: list[float] = field(default_factory=list)
    errors: int = 0


@dataclass(frozen=True)
class Visit:
    """What the sessions do.

    Attributes:
        address: Of the server, with ws:// before it.
        cookie: What lets them in.
        query: Study and run.
        scan_ids: Scans that they click.
        n_sessions: At once.
        n_rounds: Of two scans and a look at the clusters each.
    """

    address: str
    cookie: str
    query: str
    scan_ids: tuple[str, ...]
    n_sessions: int
    n_rounds: int


class Session:
    """One person: a connection to the app, and what it has been sent.

    Args:
        socket: The open connection.
        protocol: Messages by their names.
    """

    def __init__(self, socket: Any, protocol: dict[str, Any]) -> None:  # noqa: ANN401
        self._socket, self._protocol = socket, protocol
        self._pages: dict[str, str] = {}
        self._chart = self._part = ""

    async def open(self, page: str, query: str) -> bool:
        """Show a page; whether it came without an error."""
        return await self._ask(query, page=page)

    async def click(self, query: str, scan_id: str) -> bool:
        """Click a scan on the map; whether its slices came without an error."""
        point = {"customdata": [scan_id], "point_index": 0, "curve_number": 0}
        chosen = {"points": [point], "point_indices": [0], "box": [], "lasso": []}
        return await self._ask(query, click=json.dumps({"selection": chosen}))

    async def _ask(self, query: str, page: str = "", click: str = "") -> bool:
        message = self._protocol["BackMsg"]()
        wanted = message.rerun_script
        wanted.query_string = query
        wanted.page_script_hash = self._pages.get(page or "explore", "")
        if page not in self._pages:
            wanted.page_name = page
        if click:
            widget = wanted.widget_states.widgets.add()
            widget.id, widget.string_value = self._chart, click
            wanted.fragment_id = self._part
        await self._socket.send(message.SerializeToString())
        return await self._answer()

    async def _answer(self) -> bool:
        """Read until the script has finished, for good and not only to start again."""
        is_good = True
        again = self._protocol["ForwardMsg"].FINISHED_EARLY_FOR_RERUN
        while True:
            content = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            told = self._protocol["ForwardMsg"].FromString(content)
            kind = told.WhichOneof("type")
            if kind == "navigation":
                pages = told.navigation.app_pages
                self._pages |= {page.url_pathname: page.page_script_hash for page in pages}
            elif kind == "delta":
                is_good = self._look(told.delta) and is_good
            elif kind == "script_finished" and told.script_finished != again:
                return is_good

    def _look(self, delta: Any) -> bool:  # noqa: ANN401
        """Note the chart; whether this is no error."""
        kind = delta.new_element.WhichOneof("type")
        if kind == "plotly_chart" and delta.new_element.plotly_chart.id:
            self._chart, self._part = delta.new_element.plotly_chart.id, delta.fragment_id
        return bool(kind != "exception")


def protocol() -> dict[str, Any]:
    """The messages of the app's framework, which this library itself knows nothing of."""
    names = ("BackMsg", "ForwardMsg")
    return {
        name: getattr(importlib.import_module(f"streamlit.proto.{name}_pb2"), name)
        for name in names
    }


async def visit(plan: Visit) -> Load:
    """Let all sessions browse at the same time."""
    load, messages = Load(), protocol()
    people = [_browse(plan, load, messages, number) for number in range(plan.n_sessions)]
    await asyncio.gather(*people)
    return load


async def _browse(plan: Visit, load: Load, messages: dict[str, Any], number: int) -> None:
    """One person: the map, two scans, the clusters, and again."""
    from websockets.asyncio.client import connect

    rng = random.Random(number)  # noqa: S311
    address = f"{plan.address}/_stcore/stream"
    options: dict[str, Any] = {
        "subprotocols": ["streamlit"],
        "max_size": MAX_BYTES,
        "additional_headers": {"Cookie": plan.cookie},
    }
    async with connect(address, **options) as socket:
        session = Session(socket, messages)
        await asyncio.sleep(rng.uniform(0, PAUSE[1]))
        for _ in range(plan.n_rounds):
            await _timed(load, session.open("explore", plan.query))
            for scan_id in rng.sample(plan.scan_ids, 2):
                await asyncio.sleep(rng.uniform(*PAUSE))
                await _timed(load, session.click(plan.query, scan_id))
            await asyncio.sleep(rng.uniform(*PAUSE))
            await _timed(load, session.open("clusters", plan.query))
            await asyncio.sleep(rng.uniform(*PAUSE))


async def _timed(load: Load, asked: Any) -> None:  # noqa: ANN401
    begun = time.perf_counter()
    is_good = await asked
    load.seconds.append(time.perf_counter() - begun)
    load.errors += not is_good


def main() -> None:
    """Read a plan as JSON, visit, and write what was waited as JSON."""
    values = json.loads(sys.stdin.readline())
    load = asyncio.run(visit(Visit(**{**values, "scan_ids": tuple(values["scan_ids"])})))
    sys.stdout.write(json.dumps({"seconds": load.seconds, "errors": load.errors}))
