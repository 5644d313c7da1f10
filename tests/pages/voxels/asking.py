"""A program that asks a real server for voxels, as a browser does."""

import json
import time
import urllib.error
import urllib.request
from urllib.parse import quote

import numpy as np

from tests.browser.serving import REPOSITORY, TOKEN

WITH_TICKETS = str(REPOSITORY / "tests" / "pages" / "voxels" / "server_with_tickets.py")


class Asker:
    """One visitor of a server."""

    def __init__(self, address, **headers):
        port = address.rsplit(":", 1)[1]
        # Cookies are of a name and not of a port, so the app adds the port to theirs.
        self.address = address
        self.headers = {"Cookie": cookie_of(port)} | headers

    def get(self, path, **headers):
        """Status, headers and content."""
        request = urllib.request.Request(f"{self.address}{path}", headers=self.headers | headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def ticket(self, study, scan, later=0):
        query = f"study={quote(study)}&scan={quote(scan)}&later={later}"
        status, _, content = self.get(f"/ticket?{query}")
        assert status == 200, (status, content)
        return content.decode()

    def info(self, ticket):
        """What there is once nothing is being read."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status, _, content = self.get(f"/voxels/{ticket}/info")
            assert status == 200
            told = json.loads(content)
            if told["state"] != "reading":
                return told
            time.sleep(0.1)
        raise AssertionError("still reading")

    def volume(self, ticket):
        """All voxels, and what the server says of them."""
        info = self.info(ticket)
        assert info["state"] == "ready", info
        nx, ny, nz = info["shape"]
        step = info["slices_per_chunk"]
        parts = []
        for n in range(-(-nz // step)):
            status, headers, content = self.get(f"/voxels/{ticket}/{info['digest']}/{n}")
            assert status == 200 and headers["Content-Type"] == "application/zip"
            assert headers["Content-Encoding"] is None
            assert len(content) == 2 * nx * ny * min(step, nz - n * step)
            parts.append(content)
        flat = np.frombuffer(b"".join(parts), "<i2")
        return flat.reshape((nx, ny, nz), order="F"), info


def cookie_of(port):
    from pages.shell.entry_token import cookie

    return cookie(f"127.0.0.1:{port}", TOKEN, is_secure=False).split(";")[0]
