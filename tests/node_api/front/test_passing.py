from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from node_api.doors import Door, DoorApp, Receive, Scope, Send
from node_api.front.core_connection import CorePool
from node_api.front.passing import PassingApp
from tests.support.asgi_server import serve


class StandInCore:
    """Answers like a core, and does on demand what a core does when it dies."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.disconnected = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(f"{scope['method']} {scope['path']}")
        await getattr(self, scope["path"].strip("/").replace("-", "_") or "echo")(
            scope, receive, send
        )

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, has_more = 0, True
        while has_more:
            message = await receive()
            size += len(message.get("body", b""))
            has_more = message.get("more_body", False)
        headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
        body = json.dumps(
            {
                "size": size,
                "headers": headers,
                "method": scope["method"],
                "query": scope["query_string"].decode(),
                "path": scope["raw_path"].decode(),
            }
        ).encode()
        await answer(
            send,
            body,
            (b"x-of-core", b"1"),
            (b"connection", b"keep-alive, x-hop"),
            (b"x-hop", b"1"),
            (b"x-zhenglian-inner", b"1"),
        )

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Before the body has come."""
        await answer(send, b"no", status=413)

    async def large(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 0\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.disconnected.set()

    async def slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.disconnected.set()

    async def nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def answer(send: Send, body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    length = (b"content-length", str(len(body)).encode())
    start: dict[str, Any] = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def core() -> StandInCore:
    return StandInCore()


@contextmanager
def serve_front(path: Path, **options: int) -> Iterator[str]:
    """A front before whatever is at a socket."""
    pool = CorePool(str(path), **options)
    with serve(DoorApp(PassingApp(pool), Door.PUBLIC), at_end=pool.close) as url:
        yield url


@pytest.fixture
def front(core: StandInCore, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a front before a core."""
    path = tmp_path / "core.sock"
    with ExitStack() as stack:
        stack.enter_context(serve(core, path))
        url = stack.enter_context(serve_front(path))
        yield stack.enter_context(httpx.Client(base_url=url, timeout=30))


def headers_of(answer: httpx.Response) -> dict[str, str]:
    return dict(answer.json()["headers"])


def test_a_request_reaches_the_core_as_it_was_sent(front: httpx.Client) -> None:
    answer = front.post("/echo?a=1&b=%2F", content=b"abc", headers={"x-own": "kept"})
    told = answer.json()
    assert (told["method"], told["size"], told["query"]) == ("POST", 3, "a=1&b=%2F")
    assert headers_of(answer)["x-own"] == "kept"
    assert headers_of(answer)["host"] == front.base_url.netloc.decode()
    assert answer.headers["x-of-core"] == "1"


def test_nobody_outside_says_who_asks(front: httpx.Client) -> None:
    forged = {
        "x-zhenglian-client": "10.0.0.1",
        "x-zhenglian-role": "operator",
        "x-request-id": "of-my-own",
        "forwarded": "for=10.0.0.1",
        "connection": "x-secret",
        "x-secret": "for this hop alone",
        "te": "trailers",
    }
    told = headers_of(front.get("/echo", headers=forged))
    assert told["x-zhenglian-client"] == "127.0.0.1"
    assert told["x-request-id"] != "of-my-own"
    assert told.keys().isdisjoint({"x-zhenglian-role", "forwarded", "x-secret", "te"})


def test_what_is_for_one_hop_goes_no_further(front: httpx.Client) -> None:
    answer = front.get("/echo")
    assert answer.headers.keys().isdisjoint({"x-hop", "x-zhenglian-inner"})
    assert len(answer.headers.get_list("date")) == 1


def test_uploads_of_unknown_and_of_known_length_arrive_whole(front: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(48):
            yield bytes(1 << 20)

    assert front.post("/echo", content=parts()).json()["size"] == 48 << 20
    assert front.post("/echo", content=bytes(48 << 20)).json()["size"] == 48 << 20
    assert front.get("/echo").json()["size"] == 0


def test_a_core_that_wants_no_more_is_heard_before_the_upload_ends(front: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1 << 16)
            time.sleep(0.005)

    try:
        answer = front.post("/refuse", content=parts())
    except httpx.WriteError:
        pass  # the front closed while we were still sending
    else:
        assert answer.status_code == 413
    assert front.get("/echo").status_code == 200


def test_large_answers_and_empty_ones_come_back(front: httpx.Client) -> None:
    with front.stream("GET", "/large") as answer:
        assert sum(len(part) for part in answer.iter_raw()) == 64 << 20
    assert front.get("/nothing").status_code == 204
    assert front.head("/echo").content == b""
    assert front.get("/echo").status_code == 200


def test_events_come_as_they_are_sent_and_end_when_the_reader_leaves(
    front: httpx.Client, core: StandInCore
) -> None:
    with front.stream("GET", "/events") as answer:
        assert next(answer.iter_raw()) == b"data: 0\n\n"
    assert core.disconnected.wait(10)


def test_who_leaves_while_the_core_works_is_not_waited_for(
    front: httpx.Client, core: StandInCore
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        front.post("/slow", content=b"x", timeout=0.2)
    assert core.disconnected.wait(10)


def test_many_requests_share_connections(front: httpx.Client, core: StandInCore) -> None:
    async def ask_all() -> set[int]:
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(base_url=front.base_url, limits=limits) as client:
            answers = await asyncio.gather(*(client.get("/echo") for _ in range(100)))
            return {answer.status_code for answer in answers}

    assert asyncio.run(ask_all()) == {200}
    assert len(core.seen) == 100


class DyingCore:
    """Accepts connections at a socket and ends them as it is told.

    Args:
        answers: what it sends on each connection before it closes it, one for each connection.
    """

    def __init__(self, path: Path, answers: list[bytes]) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(8)
        self._answers = answers
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for told in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                self.requests.append(connection.recv(65_536))
                connection.sendall(told)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


def ask_dying(path: Path, answers: list[bytes], *methods: str) -> tuple[list[Any], list[bytes]]:
    """What becomes of requests, and what the core was sent."""
    core = DyingCore(path, answers)
    told: list[Any] = []
    with serve_front(path) as url, httpx.Client(base_url=url, timeout=10) as client:
        for method in methods:
            try:
                told.append(client.request(method, "/v1/certificates"))
            except httpx.HTTPError as error:
                told.append(error)
    core.close()
    return told, core.requests


KEPT_ALIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_without_a_core_nothing_was_done_and_that_is_said(tmp_path: Path) -> None:
    with serve_front(tmp_path / "none.sock") as url, httpx.Client(base_url=url) as client:
        for method in ("GET", "POST"):
            answer = client.request(method, "/v1/certificates")
            assert answer.status_code == 503
            assert answer.json()["code"] == "core_unavailable"
            assert int(answer.headers["retry-after"]) > 0


def test_a_change_is_never_sent_twice(tmp_path: Path) -> None:
    (answer,), sent = ask_dying(tmp_path / "s", [b""], "POST")
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert len(sent) == 1


def test_a_change_over_a_connection_that_ends_meanwhile_is_not_repeated(tmp_path: Path) -> None:
    # The connection is given back after the first answer, and closed at once.
    told, sent = ask_dying(tmp_path / "s", [KEPT_ALIVE, b""], "GET", "POST")
    assert told[0].status_code == 200
    assert told[1].json()["code"] == "outcome_unknown"
    methods = [request[:4] for request in sent]
    # Whether the front sees the end before or after it writes, the change goes out once at most.
    assert methods in ([b"GET "], [b"GET ", b"POST"])


def test_half_an_answer_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
    (error,), _ = ask_dying(tmp_path / "s", [half], "GET")
    assert isinstance(error, httpx.RemoteProtocolError)


def test_what_is_no_http_is_no_answer(tmp_path: Path) -> None:
    (answer,), _ = ask_dying(tmp_path / "s", [b"\x00\x01garbage\r\n\r\n"], "GET")
    assert answer.status_code == 503


def test_more_than_there_is_room_for_is_refused(core: StandInCore, tmp_path: Path) -> None:
    path = tmp_path / "core.sock"
    with (
        serve(core, path),
        serve_front(path, max_connections=1) as url,
        httpx.Client(base_url=url, timeout=10) as client,
        client.stream("GET", "/events") as stream,
    ):
        parts = stream.iter_raw()
        assert next(parts)
        answer = client.get("/echo")
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
