"""What stands in front of a server in a clinic: a proxy that names people, a login service."""

import base64
import json
import secrets
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

BUFFER = 1 << 16


@contextmanager
def proxy(port, **headers):
    """Address of a proxy to a local port that sets these headers in every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    threading.Thread(target=_accept, args=(listener, port, lines.encode()), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def _accept(listener, port, lines):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_forward, args=(client, port, lines), daemon=True).start()


def _forward(client, port, lines):
    """Every connection carries one request, so that each gets the headers."""
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        first, _, rest = client.recv(BUFFER).partition(b"\r\n")
        if not first:
            return
        rest = rest.replace(b"Connection: keep-alive\r\n", b"Connection: close\r\n", 1)
        server.sendall(first + b"\r\n" + lines + rest)
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join(timeout=5)


def _copy(source, target):
    try:
        while content := source.recv(BUFFER):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def login_service(email):
    """Address of an OpenID Connect provider that takes every visitor for one person."""
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    service = ThreadingHTTPServer(("127.0.0.1", 0), _Login)
    service.address = f"http://127.0.0.1:{service.server_port}"
    service.key, service.email, service.nonces = key, email, {}
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service.address
    finally:
        service.shutdown()
        service.server_close()


class _Login(BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        asked = urlsplit(self.path)
        own = self.server.address
        if asked.path == "/.well-known/openid-configuration":
            self._send(
                {
                    "issuer": own,
                    "authorization_endpoint": f"{own}/authorize",
                    "token_endpoint": f"{own}/token",
                    "jwks_uri": f"{own}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif asked.path == "/keys":
            self._send({"keys": [self.server.key.as_dict(private=False)]})
        elif asked.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            code = secrets.token_urlsafe(8)
            self.server.nonces[code] = query.get("nonce")
            back = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self):
        from joserfc import jwt

        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(sent).items()}
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        client = form.get("client_id") or base64.b64decode(basic).decode().split(":")[0]
        now = int(time.time())
        claims = {
            "iss": self.server.address,
            "sub": "1",
            "aud": client,
            "exp": now + 600,
            "iat": now,
            "email": self.server.email,
            "nonce": self.server.nonces.pop(form["code"]),
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.server.key)
        self._send({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _send(self, values):
        content = json.dumps(values).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
