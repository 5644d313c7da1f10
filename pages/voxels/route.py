"""The route of the voxels: what there is of a scan, one slice at once, all in chunks of 1 MiB."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clam_core.errors import ClamError
from clam_core.pipeline.own_resolution.own_scans import DEFAULT_BYTES, OwnScans
from clam_core.study import Study
from pages.shell.place import studies_root
from pages.voxels.ticket import OFFICE, Ticket
from pages.voxels.visitor_names import visitor_of_request

LIMIT = "CLAM_VOXELS_GB"
"""How many gigabytes scans at their own resolution may take beside the studies."""
_ONE = threading.Lock()
_NOT_STORED = {"Cache-Control": "no-store"}
_KEPT = {"Cache-Control": "private, max-age=43200, immutable"}
_UNREADABLE = "This scan cannot be shown at its own resolution; look at the copy in the study."
_MEDIA = "application/zip"
"""Streamlit compresses whatever is not known as compressed, which takes longer than sending it."""


def voxel_routes() -> list[Route]:
    """What the server answers beside the pages."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    start = f"/{base}/voxels" if base else "/voxels"
    return [
        Route(f"{start}/{{ticket}}/info", _info, methods=["GET"]),
        Route(f"{start}/{{ticket}}/early/{{index:int}}", _early, methods=["GET"]),
        Route(f"{start}/{{ticket}}/{{digest}}/{{chunk:int}}", _chunk, methods=["GET"]),
    ]


async def _info(request: Request) -> Response:
    ticket = _ticket(request)
    if ticket is None:
        return _refused()
    try:
        told = await _elsewhere(_told, ticket)
    except (ClamError, OSError, KeyError):  # the study was deleted, or is damaged
        told = {"state": "failed", "sentence": _UNREADABLE}
    return JSONResponse(told, headers=_NOT_STORED)


async def _chunk(request: Request) -> Response:
    ticket = _ticket(request)
    if ticket is None:
        return _refused()
    digest, number = request.path_params["digest"], request.path_params["chunk"]
    folder = studies_root() / ticket.study
    content = await _elsewhere(_own_scans().chunk, folder, ticket.scan_id, digest, number)
    if content is None:  # it made room for others: asking for the info again reads it again
        return Response(status_code=404, headers=_NOT_STORED)
    return Response(content, media_type=_MEDIA, headers=_KEPT)


async def _early(request: Request) -> Response:
    ticket = _ticket(request)
    if ticket is None:
        return _refused()
    try:
        content = await _elsewhere(_early_slice, ticket, request.path_params["index"])
    except (ClamError, OSError, KeyError):
        content = None
    if content is None:
        return Response(status_code=404, headers=_NOT_STORED)
    return Response(content, media_type=_MEDIA, headers=_NOT_STORED)


def _told(ticket: Ticket) -> dict[str, Any]:
    return _own_scans().info(Study(studies_root() / ticket.study), ticket.scan_id)


def _early_slice(ticket: Ticket, index: int) -> bytes | None:
    return _own_scans().early(Study(studies_root() / ticket.study), ticket.scan_id, index)


def _ticket(request: Request) -> Ticket | None:
    """What the request may see, if who asks is who got the ticket."""
    ticket = OFFICE.check(request.path_params["ticket"], time.time())
    if ticket is None or visitor_of_request(request) != ticket.user:
        return None
    return ticket


def _refused() -> Response:
    return Response(status_code=403, headers=_NOT_STORED)


async def _elsewhere(function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
    """In a thread: the server answers others meanwhile."""
    return await asyncio.to_thread(function, *arguments)


def _own_scans() -> OwnScans:
    with _ONE:  # ten who ask at once must not make ten
        return _made()


@lru_cache(maxsize=1)
def _made() -> OwnScans:
    try:
        limit = int(float(os.environ.get(LIMIT, "")) * 1e9)
    except (ValueError, OverflowError):
        limit = DEFAULT_BYTES
    return OwnScans(limit if limit > 0 else DEFAULT_BYTES)
