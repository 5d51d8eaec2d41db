"""A provider of identities on loopback that can rotate its keys, fall silent and misbehave.

Serves discovery and key set over real HTTP, and signs whatever it is told to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

AUDIENCE = "zhenglian-500000"
_RSA: list[RSAKey] = []


def rsa_key() -> RSAKey:
    """One key of 2048 bits a process: making them is slow."""
    if not _RSA:
        _RSA.append(RSAKey.generate_key(2048))
    return _RSA[0]


class IdentityProvider:
    """The provider. Attributes: fetched: paths that were asked for, in order."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.keys: dict[str, RSAKey | ECKey | OKPKey] = {}
        self.fetched: list[str] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        """Has one fresh P-256 key alone from now on."""
        self.keys = {key_id: ECKey.generate_key("P-256")}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a clerk; None takes one away."""
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "8d1f",
            "iat": now,
            "exp": now + 300,
            "name": "王五",
            "roles": ["clerk"],
            "departments": ["11100000000013338W"],
        }
        return {name: value for name, value in (told | changes).items() if value is not None}

    def sign(
        self,
        claims: dict[str, Any] | None = None,
        *,
        key_id: str = "",
        key: Any = None,
        algorithm: str = "ES256",
        header: dict[str, Any] | None = None,
    ) -> str:
        """A token."""
        key_id = key_id or next(iter(self.keys))
        told = {"alg": algorithm, "kid": key_id, "typ": "JWT", **(header or {})}
        told = {name: value for name, value in told.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        registry.max_header_length = 4096
        return jwt.encode(
            told,
            claims or self.claims(),
            key or self.keys[key_id],
            algorithms=[algorithm],
            registry=registry,
        )

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """What is served at a path."""
        self.fetched.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            document: dict[str, Any] = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        elif path == "/keys":
            listed = [
                {**key.as_dict(private=False), "kid": key_id, "use": "sig"}
                for key_id, key in self.keys.items()
            ]
            document = {"keys": listed}
        else:
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, orjson.dumps(document)


@contextmanager
def run_provider() -> Iterator[IdentityProvider]:
    """A provider on a port of its own, as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = provider.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is named there
            """Tells nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = IdentityProvider(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
