"""The app's route and door, with an address that gives whoever asks a ticket: for tests alone."""

import os
import sys
import time
from pathlib import Path

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.routing import Route

HOME = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(HOME))

from pages.shell.opening import Opening  # noqa: E402
from pages.voxels.route import _own_scans, voxel_routes  # noqa: E402
from pages.voxels.ticket import make_ticket  # noqa: E402
from pages.voxels.visitor_names import visitor_of_request  # noqa: E402


async def ticket(request):
    asked = request.query_params
    user, now = visitor_of_request(request), time.time() + float(asked.get("later", 0))
    if user is None:
        return PlainTextResponse("nobody", status_code=403)
    return PlainTextResponse(make_ticket(user, asked["study"], asked["scan"], now))


async def counts(_):
    return PlainTextResponse(str(_own_scans().n_started))


async def memory(_):
    lines = Path("/proc/self/status").read_text().splitlines()
    return PlainTextResponse(next(line for line in lines if line.startswith("VmHWM")))


opening = Opening.from_environment()
app = st.App(
    os.environ.get("CLAM_TEST_SCRIPT", str(HOME / "pages" / "shell" / "start.py")),
    routes=[*voxel_routes(), Route("/ticket", ticket), Route("/n", counts), Route("/mem", memory)],
    middleware=opening.middleware,
    lifespan=opening.lifespan,
)
