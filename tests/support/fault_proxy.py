"""An HTTP proxy between a node and its chain that fails as networks and engines do, by script.

    with serve_chain(directory) as chain, fault_proxy(chain.url) as proxy:
        home.set_chain(proxy.url)
        proxy.script("eth_sendRawTransaction", lose_response)          # the next request only
        proxy.script("eth_call", delay(0.3), times=4)                  # the next four
        proxy.script(ANY, unavailable(), for_s=1.5)                    # every one, for so long
        proxy.script("eth_getLogs", answer([]), times=None)            # until `clear`
        ...
        assert proxy.asked["eth_sendRawTransaction"] == 2

Rules are looked at in the order in which they were given, the first that fits deals with the
request; whatever fits none is passed on as it is. A rule for a method fits a batch that contains
it. Everything may be called from any thread, while requests are under way.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ANY = "*"
UPSTREAM_TIMEOUT_S = 60.0
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `cut_at`: the connection ends after so many bytes of the body."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    cut_at: int | None = None


Forward = Callable[[], Answer]
"""Passes the request on to the chain, each time it is called."""
Fault = Callable[[Any, Forward], Answer | None]
"""Gets the request (an object, or a list of them) and the way on; None cuts the connection."""


@dataclass(slots=True)
class _Rule:
    method: str
    fault: Fault
    left: int | None
    until: float | None

    def is_over(self) -> bool:
        return self.left == 0 or (self.until is not None and time.monotonic() >= self.until)


class FaultProxy:
    """A running proxy; made by `fault_proxy`.

    Attributes:
        asked: how often each method came, whatever became of it.
        passed: how often each method was passed on to the chain.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.asked: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        proxy = self

        class Bound(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Bound)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(
        self, method: str, fault: Fault, *, times: int | None = 1, for_s: float | None = None
    ) -> None:
        """Adds a rule.

        Args:
            method: JSON-RPC method, or ANY.
            times: how many requests it deals with; None means any number. With `for_s` the time
                alone counts.
            for_s: how long it holds, from now.
        """
        until = None if for_s is None else time.monotonic() + for_s
        with self._lock:
            self._rules.append(_Rule(method, fault, None if for_s is not None else times, until))

    def clear(self) -> None:
        """Forgets all rules: everything is passed on."""
        with self._lock:
            self._rules.clear()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Refuses connections from now on."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def deal_with(self, body: bytes) -> Answer | None:
        """What one request is answered with."""
        try:
            request = json.loads(body)
        except ValueError:
            return self._forward(body, [])
        methods = [str(each.get("method")) for each in _list(request)]
        fault = self._choose(methods)

        def forward() -> Answer:
            return self._forward(body, methods)

        return fault(request, forward) if fault else forward()

    def _choose(self, methods: list[str]) -> Fault | None:
        with self._lock:
            self.asked.update(methods)
            self._rules = [rule for rule in self._rules if not rule.is_over()]
            for rule in self._rules:
                if rule.method == ANY or rule.method in methods:
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return None

    def _forward(self, body: bytes, methods: list[str]) -> Answer:
        with self._lock:
            self.passed.update(methods)
        parts = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=UPSTREAM_TIMEOUT_S
        )
        try:
            connection.request("POST", parts.path or "/", body, {"content-type": JSON_TYPE})
            with connection.getresponse() as response:
                kind = response.getheader("content-type") or JSON_TYPE
                return Answer(response.status, response.read(), kind)
        except (OSError, http.client.HTTPException):
            return Answer(502, b"<html>Bad Gateway</html>", "text/html")
        finally:
            connection.close()


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy before the chain at this URL, for the length of the block."""
    proxy = FaultProxy(upstream)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def cut_before(_request: Any, _forward: Forward) -> None:
    """The connection ends before the chain has the request."""


def lose_response(_request: Any, forward: Forward) -> None:
    """The chain has done it; the connection ends before anything of the answer comes back."""
    forward()


def cut_within(_request: Any, forward: Forward) -> Answer:
    """The chain has done it; the connection ends in the middle of the answer."""
    found = forward()
    return Answer(found.status, found.body, found.content_type, cut_at=len(found.body) // 2)


def duplicate(_request: Any, forward: Forward) -> Answer:
    """The chain gets the request twice; the second answer comes back."""
    forward()
    return forward()


def delay(seconds: float, then: Fault | None = None) -> Fault:
    """The request waits so long on the way there; then `then`, or it is passed on."""

    def fault(request: Any, forward: Forward) -> Answer | None:
        time.sleep(seconds)
        return then(request, forward) if then else forward()

    return fault


def delay_answer(seconds: float) -> Fault:
    """The chain does it at once; the answer waits so long on the way back."""

    def fault(_request: Any, forward: Forward) -> Answer:
        found = forward()
        time.sleep(seconds)
        return found

    return fault


def unavailable(status: int = 503, body: bytes = b"<html>Service Unavailable</html>") -> Fault:
    """A gateway on the way answers for the chain, which is not asked."""
    return lambda _request, _forward: Answer(status, body, "text/html")


def answer(result: Any) -> Fault:
    """This result comes back, whatever was asked; the chain is not asked."""
    return _tell(lambda: {"result": result})


def refuse(message: str, code: int = -32000) -> Fault:
    """This error comes back; the chain is not asked."""
    return _tell(lambda: {"error": {"code": code, "message": message}})


def alter(change: Callable[[Any], Any]) -> Fault:
    """The chain's own result comes back changed. Not for batches."""

    def fault(_request: Any, forward: Forward) -> Answer:
        found = forward()
        response = json.loads(found.body)
        if "result" in response:
            response["result"] = change(response["result"])
        return Answer(found.status, json.dumps(response).encode())

    return fault


def _tell(make: Callable[[], dict[str, Any]]) -> Fault:
    def fault(request: Any, _forward: Forward) -> Answer:
        told = [{"jsonrpc": "2.0", "id": each.get("id"), **make()} for each in _list(request)]
        return Answer(200, json.dumps(told if isinstance(request, list) else told[0]).encode())

    return fault


def _list(request: Any) -> list[dict[str, Any]]:
    found = request if isinstance(request, list) else [request]
    return [each for each in found if isinstance(each, dict)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no matter."""


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections alive, as nodes do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: FaultProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = self.owner.deal_with(body)
        if found is None:
            self.close_connection = True
            return
        head = (
            f"HTTP/1.1 {found.status} Told\r\nContent-Type: {found.content_type}\r\n"
            f"Content-Length: {len(found.body)}\r\n\r\n"
        )
        with suppress(OSError):
            self.wfile.write(head.encode() + found.body[: found.cut_at])
        if found.cut_at is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""
