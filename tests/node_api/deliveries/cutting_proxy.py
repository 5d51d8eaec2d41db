"""A TCP proxy before a node that cuts connections, each where a test says."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a connection ends.

    Attributes:
        after: bytes that the node gets in all; then both sides lose the connection.
        loses_answer: the node gets everything, and what it answers to the last is lost.
    """

    after: int
    loses_answer: bool = False


class CuttingProxy:
    """Forwards connections to a port; the first ones are cut as was ordered."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._cuts: deque[Cut] = deque()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def cut(self, *cuts: Cut) -> None:
        """The next connections are cut so, one after the other; later ones are left alone."""
        self._cuts.extend(cuts)

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                cut = self._cuts.popleft() if self._cuts else None
                threading.Thread(target=self._forward, args=(client, cut), daemon=True).start()

    def _forward(self, client: socket.socket, cut: Cut | None) -> None:
        with client, socket.create_connection(("127.0.0.1", self._upstream)) as node:
            back = threading.Thread(target=self._back, args=(node, client, cut), daemon=True)
            back.start()
            left = None if cut is None else cut.after
            with suppress(OSError):
                while data := client.recv(65_536):
                    node.sendall(data if left is None else data[:left])
                    left = None if left is None else left - len(data)
                    if left is not None and left <= 0:
                        break
            if cut is not None:
                _reset(client)
                if not cut.loses_answer:
                    _reset(node)
            with suppress(OSError):
                node.shutdown(socket.SHUT_WR)
            back.join(10)

    def _back(self, node: socket.socket, client: socket.socket, cut: Cut | None) -> None:
        with suppress(OSError):
            while data := node.recv(65_536):
                if cut is None or not cut.loses_answer:
                    client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """A proxy for the length of a block."""
    proxy = CuttingProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
