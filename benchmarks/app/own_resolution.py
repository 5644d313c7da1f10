"""How long scans at their own resolution take: opened, moved through, and by ten people at once."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import statistics
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.app.browser import HAVE_PAINTED, Visitor, chromium
from benchmarks.app.series import make_series_study
from benchmarks.app.server import Server, served
from benchmarks.app.sessions import MAX_BYTES, PATIENCE, protocol
from benchmarks.app.studies import RUN, Shown
from benchmarks.machine import memory_mib
from benchmarks.table import Figure, reached

if TYPE_CHECKING:
    from playwright.sync_api import Page

MIB = 1 << 20
_LINK = {"latency": 20, "downloadThroughput": 100e6 / 8, "uploadThroughput": 100e6 / 8}
_TICKET = re.compile(rb"ticket\W{1,8}([0-9a-f]{64})")


@dataclass(frozen=True)
class Sizes:
    """How large the scans are.

    Attributes:
        few: Slices of the small series, each in a zip archive.
        many: Slices of the large series, in folders.
        n_people: Who open different large series at once.
        n_runs: Clicks of each kind.
    """

    few: int = 99
    many: int = 400
    n_people: int = 10
    n_runs: int = 3


def measure_own(
    root: Path, sizes: Sizes, progress: Callable[[str, int, int], None]
) -> list[Figure]:
    """All figures of scans at their own resolution.

    Args:
        root: Folder of studies, which may be empty.
        sizes: How much is measured.
        progress: Told which figure is measured.
    """
    progress("Making series", 0, 4)
    few = make_series_study(root, "own-few", (sizes.n_runs + 1, sizes.few), packed=True)
    n_many = max(sizes.n_people, sizes.n_runs) + 1
    many = make_series_study(root, "own-many", (n_many, sizes.many))
    figures: list[Figure] = []
    progress("Opening scans at their own resolution", 1, 4)
    wanted = {"own-few": (1.5, 0.8, 2.0), "own-many": (4.0, 1.2, 5.0)}
    for shown, n_slices in ((few, sizes.few), (many, sizes.many)):
        _forget(root)
        with served(root) as server, chromium() as page:
            visitor = Visitor(page, server)
            figures += _opened(visitor, shown, (n_slices, sizes.n_runs), wanted[shown.name])
            if shown is many:
                figures += _moved(visitor, n_slices)
                figures += _memory(page, server, n_slices)
    progress("A slow link", 2, 4)
    _forget(root)
    with served(root) as server, chromium() as page:
        figures.append(_slow_link(Visitor(page, server), few, sizes.few))
    progress("Many people who open different scans", 3, 4)
    _forget(root)
    with served(root) as server:
        figures.append(_crowd(server, many, sizes))
    return figures


def _forget(root: Path) -> None:
    """Nothing is kept of any scan."""
    shutil.rmtree(root / ".voxels", ignore_errors=True)


def _figure(what: str, seconds: list[float], target: float, how: str) -> Figure:
    value = statistics.median(seconds)
    note = f"median of {len(seconds)} (slowest {max(seconds):.2f} s), {how}"
    return Figure(what, f"{value:.2f} s", f"<= {target:g} s", reached(value, target), note)


def _opened(
    visitor: Visitor, shown: Shown, size: tuple[int, int], targets: tuple[float, float, float]
) -> list[Figure]:
    """Scans that are clicked on the map: nothing kept of them, and once more."""
    n_slices, n_runs = size
    visitor.open("explore", shown)
    visitor.click_scan(shown, 0)
    cold = [visitor.click_own(shown, 1 + n) for n in range(n_runs)]
    visitor.click_own(shown, 0)
    kept = [visitor.click_own(shown, 1 + n) for n in range(n_runs)]
    grid, sharp, _ = zip(*cold, strict=True)
    _, again, whole = zip(*kept, strict=True)
    of = f"{n_slices} slices of 512 x 512"
    return [
        _figure(f"Click to the copy in the study, {of}", list(grid), 0.6, "88 cubed with its map"),
        _figure(f"Click to its own slice, {of}", list(sharp), targets[0], "nothing kept"),
        _figure(f"The same, kept from before, {of}", list(again), targets[1], "read once before"),
        _figure(f"Click to all its slices, {of}", list(whole), targets[2], "read once before"),
    ]


_ACTS = {
    "Next slice": (33, "v.step(n % 2 ? 1 : -2);"),
    "Change of the window": (33, "v.setWindow(-600 + 3 * n, 1500 + 5 * n);"),
    "Change of opacity": (33, "v.view.opacity = 0.3 + 0.02 * n; v.changed();"),
    "Slab of 10 mm, next slice": (80, "if (!v.scenes[0].slab) v.slab(); v.step(1);"),
}
_TIMED = """async (root) => {{{painted}
  const v = root.clamViewer, found = [];
  for (let n = 0; n < 20; n++) {{
    const begun = performance.now();
    {act}
    await paint();
    found.push((performance.now() - begun) / 1000);
    await frame();
  }}
  return found;
}}"""


def _moved(visitor: Visitor, n_slices: int) -> list[Figure]:
    """What moves while nothing is sent: all slices are here, three planes, with a map."""
    figures, before = [], visitor.n_told
    for what, (target, act) in _ACTS.items():
        seconds = visitor.viewer().evaluate(_TIMED.format(painted=HAVE_PAINTED, act=act))
        value = 1000 * statistics.median(seconds)
        note = f"median of 20 (slowest {1000 * max(seconds):.0f} ms), three planes with a map"
        name = f"{what}, 512 x 512 x {n_slices}"
        figures.append(
            Figure(name, f"{value:.0f} ms", f"<= {target} ms", reached(value, target), note)
        )
    told = visitor.n_told - before
    said = "80 changes; what was looked at is told a second after the last of each kind"
    figures.append(
        Figure("Messages to the server meanwhile", str(told), "<= 4", reached(told, 4), said)
    )
    return figures


def _memory(page: Page, server: Server, n_slices: int) -> list[Figure]:
    session = page.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    own = [one["id"] for one in processes if one["type"] in {"renderer", "GPU"}]
    used = sum(memory_mib(pid) or 0 for pid in own)
    of = f"{n_slices} slices"
    figures = [
        Figure(
            f"Browser: renderer and GPU process, {of}",
            f"{used:.0f} MiB",
            "<= 900 MB",
            reached(used * MIB, 900e6),
            "after several scans one after the other",
        )
    ]
    if server.memory_mib is not None:
        figures.append(
            Figure(
                f"Server, {of}",
                f"{server.memory_mib:.0f} MiB",
                "<= 250 MB",
                reached(server.memory_mib * MIB, 250e6),
                "its own process, not the readers'",
            )
        )
    return figures


def _slow_link(visitor: Visitor, shown: Shown, n_slices: int) -> Figure:
    visitor.open("explore", shown)
    visitor.click_own(shown, 0)
    visitor.click_own(shown, 1)
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, **_LINK})
    grid, sharp, _ = visitor.click_own(shown, 0)
    what = f"100 Mbit/s and 20 ms: own slice after the copy, {n_slices} slices"
    return _figure(what, [max(0.0, sharp - grid)], 0.6, "one scan that was read before")


def _crowd(server: Server, shown: Shown, sizes: Sizes) -> Figure:
    """From the request of the page to the bytes of the slice in the middle."""
    _visit(server, shown, shown.scan_ids[-1])  # the server has answered somebody before
    people = [
        asyncio.to_thread(_visit, server, shown, scan_id)
        for scan_id in shown.scan_ids[: sizes.n_people]
    ]

    async def all_at_once() -> list[float]:
        return list(await asyncio.gather(*people))

    seconds = asyncio.run(all_at_once())
    slow = float(np.quantile(seconds, 0.95))
    return Figure(
        f"{sizes.n_people} people open different scans of {sizes.many} slices: "
        "95 % have their own slice within",
        f"{slow:.2f} s",
        "<= 2 s",
        reached(slow, 2.0),
        f"median {statistics.median(seconds):.2f} s, nothing kept, load made on the same machine",
    )


def _visit(server: Server, shown: Shown, scan_id: str) -> float:
    begun = time.perf_counter()
    ticket = asyncio.run(_ticket(server, f"study={shown.name}&run={RUN}&scan={scan_id}"))
    base = f"{server.address}/voxels/{ticket}"
    while True:
        info = json.loads(_get(server, f"{base}/info"))
        if info["state"] not in {"reading", "ready"}:
            raise RuntimeError(f"The scan {scan_id} cannot be shown: {info['sentence']}")
        if "shape" in info:
            break
        time.sleep(0.1)
    middle = info["shape"][2] // 2
    where = f"early/{middle}"
    if info["state"] == "ready":
        where = f"{info['digest']}/{middle // info['slices_per_chunk']}"
    if not _get(server, f"{base}/{where}"):
        raise RuntimeError(f"No slice of the scan {scan_id} came.")
    return time.perf_counter() - begun


def _get(server: Server, address: str) -> bytes:
    request = urllib.request.Request(address, headers={"Cookie": "=".join(server.cookie)})  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:  # noqa: S310
        content: bytes = reply.read()
    return content


async def _ticket(server: Server, query: str) -> str:
    """Open the page as a browser does, and take the ticket that it is handed."""
    from websockets.asyncio.client import connect

    message = protocol()["BackMsg"]()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = "explore"
    options: dict[str, Any] = {
        "subprotocols": ["streamlit"],
        "max_size": MAX_BYTES,
        "additional_headers": {"Cookie": "=".join(server.cookie)},
    }
    address = f"{server.address.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(address, **options) as socket:
        await socket.send(message.SerializeToString())
        while True:
            content = await asyncio.wait_for(socket.recv(), PATIENCE)
            found = _TICKET.search(content if isinstance(content, bytes) else content.encode())
            if found:
                return found.group(1).decode()
