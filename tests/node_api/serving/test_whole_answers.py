"""Answers as they go over the wire: whole ones at once, and each as uvicorn itself has it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from node_api.doors import Message, Receive, Scope, Send
from node_api.serving.uvicorns import Listening, serve_until_stopped
from node_api.serving.whole_answers import WholeAnswersProtocol

BODY = b"x" * 3_000
GET = b"GET / HTTP/1.1\r\nhost: node\r\n\r\n"
Headers = list[tuple[bytes, bytes]]


def start(status: int = 200, headers: Headers | None = None) -> Message:
    given = [(b"content-length", b"3000")] if headers is None else headers
    return {"type": "http.response.start", "status": status, "headers": given}


def body(content: bytes = BODY, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What each connection's transport was given, write by write."""
    found: list[bytes] = []
    connect = WholeAnswersProtocol.connection_made

    class Noting:
        def __init__(self, transport: asyncio.Transport) -> None:
            self._transport = transport

        def write(self, data: bytes) -> None:
            found.append(bytes(data))
            self._transport.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._transport, name)

    def note(self: WholeAnswersProtocol, transport: asyncio.Transport) -> None:
        connect(self, transport)
        self.transport = Noting(transport)  # type: ignore[assignment]

    monkeypatch.setattr(WholeAnswersProtocol, "connection_made", note)
    return found


def answer_to(messages: Sequence[Message], request: bytes = GET) -> bytes:
    """All that comes back for some requests from a server whose every answer consists of these
    messages, until it ends the connection because it is stopped."""

    async def run() -> bytes:
        answered, stopping = asyncio.Semaphore(0), asyncio.Event()

        async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
            try:
                for message in messages:
                    await send(dict(message))
            finally:
                answered.release()

        listener = socket.create_server(("127.0.0.1", 0))
        task = asyncio.create_task(serve_until_stopped([Listening(app, listener)], stopping))
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        writer.write(request)
        for _ in range(request.count(b" HTTP/1.")):
            await asyncio.wait_for(answered.acquire(), 10)
        stopping.set()
        found = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await task
        return found

    return asyncio.run(run())


def test_a_whole_answer_is_one_write(writes: list[bytes]) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"3000")]
    found = answer_to([start(headers=headers), body()])
    head, _, content = found.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert writes == [found]
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[1].startswith(b"date: ")
    assert lines[2:] == [b"content-type: text/plain", b"content-length: 3000"]
    assert content == BODY


def test_an_empty_body_and_a_percent_sign_are_whole_too(writes: list[bytes]) -> None:
    headers = [(b"x-%b", b"50%"), (b"content-length", b"0")]
    found = answer_to([start(404, headers), body(b"")])
    assert writes == [found]
    assert found.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"\r\nx-%b: 50%\r\ncontent-length: 0\r\n\r\n" in found


def test_requests_of_one_connection_are_answered_in_order(writes: list[bytes]) -> None:
    found = answer_to([start(), body()], GET * 3)
    assert found.count(b"HTTP/1.1 200 OK") == 3
    assert len(writes) == 3


def test_the_length_is_told_without_a_body_where_only_the_head_is_asked_for() -> None:
    found = answer_to([start(), body()], GET.replace(b"GET", b"HEAD"))
    assert b"content-length: 3000" in found
    assert found.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_a_connection_that_ends_is_told_so(version: bytes) -> None:
    asked = b"GET / " + version + b"\r\nhost: node\r\nconnection: close\r\n\r\n"
    found = answer_to([start(), body()], asked)
    assert b"\r\nconnection: close\r\n" in found
    assert found.endswith(BODY)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_are_left_to_the_server(status: int) -> None:
    found = answer_to([start(status, [(b"content-length", b"0")]), body(b"")])
    assert found.startswith(b"HTTP/1.1 %d " % status)
    assert found.endswith(b"\r\n\r\n")


def test_streams_are_sent_as_they_come(writes: list[bytes]) -> None:
    kind = [(b"content-type", b"text/event-stream")]
    found = answer_to([start(headers=kind), body(b"one", more=True), body(b"two")])
    assert found.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert b"transfer-encoding: chunked" in found
    assert len(writes) == 3


def test_the_head_of_a_stream_does_not_wait_for_its_first_part() -> None:
    async def run() -> bytes:
        held = asyncio.Event()

        async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send(start(headers=[(b"content-type", b"text/event-stream")]))
            await held.wait()
            await send(body(b""))

        listener, stopping = socket.create_server(("127.0.0.1", 0)), asyncio.Event()
        task = asyncio.create_task(serve_until_stopped([Listening(app, listener)], stopping))
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        writer.write(GET)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        held.set()
        writer.close()
        stopping.set()
        await task
        return head

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_in_parts_has_the_length_that_was_told() -> None:
    found = answer_to([start(), body(BODY[:1_000], more=True), body(BODY[1_000:])])
    assert found.endswith(b"\r\n\r\n" + BODY)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"3000"), (b"x-told", b"a\r\nx-forged: 1")],
        [(b"content-length", b"3000"), (b"x-told\r\nx-forged", b"1")],
        [(b"content-length", b"3000"), (b"x told", b"1")],
        [(b"content-length", b"2999")],
    ],
)
def test_what_would_be_no_honest_head_is_refused_as_before(headers: Headers) -> None:
    found = answer_to([start(headers=headers), body()])
    assert b"x-forged" not in found
    assert not found.endswith(BODY)


def test_an_application_that_sends_only_a_head_has_failed() -> None:
    assert answer_to([start()]).startswith(b"HTTP/1.1 500 ")


def test_names_in_capitals_are_sent_as_the_server_writes_them() -> None:
    found = answer_to([start(headers=[(b"X-Told", b"1"), (b"content-length", b"3000")]), body()])
    assert b"\r\nx-told: 1\r\n" in found
    assert found.endswith(BODY)


def test_chunked_answers_with_a_length_keep_what_the_server_makes_of_them() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"3000")]
    found = answer_to([start(headers=headers), body()])
    assert found.endswith(b"bb8\r\n" + BODY + b"\r\n0\r\n\r\n")
