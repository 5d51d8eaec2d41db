"""An embedded chain behind a real HTTP server, which can misbehave as servers and proxies do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local_chain.embedded import EmbeddedChain

Exchange = Callable[["Handler", dict[str, Any], dict[str, Any]], bool]
"""Gets the handler, the request and the true response; answers whether it has dealt with it."""


class HttpNode:
    """Serves one chain.

    Attributes:
        misbehave: looked at for each request.
        connections: how many were made.
    """

    def __init__(self, chain: EmbeddedChain) -> None:
        self.chain = chain
        self.misbehave: Exchange | None = None
        self.connections = 0
        node = self

        class Bound(Handler):
            owner = node

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Refuses connections from now on."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Keeps connections alive, as nodes do."""

    protocol_version = "HTTP/1.1"
    owner: HttpNode

    def setup(self) -> None:
        super().setup()
        self.owner.connections += 1

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response = self.owner.chain.respond(request)
        if not (self.owner.misbehave and self.owner.misbehave(self, request, response)):
            self.reply(200, json.dumps(response).encode())

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Closes the connection without a word."""
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def serve(directory: Path) -> Iterator[HttpNode]:
    """The chain of a directory, over HTTP."""
    with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
        node = HttpNode(chain)
        node.start()
        try:
            yield node
        finally:
            node.stop()
