"""Attacks on the port itself: who only holds on is let go, and what is no clean HTTP is no request.

The protocol is the one that nodes use, in front of an application that says what it was asked.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network

import orjson
import pytest

from node_api.doors import Door, DoorApp, Message, Receive, Scope, Send, client_of
from node_api.serving import guarded
from node_api.serving.guarded import AddressPlaces, GuardedProtocol
from node_api.serving.uvicorns import Listening, serve_until_stopped

SILENCE_S = 0.4
HEAD = b"POST /x HTTP/1.1\r\nhost: localhost\r\n"


async def tell_asked(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was asked; a slow path takes longer than anybody may be silent."""
    body, more = b"", True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(4 * SILENCE_S)
    names = sorted(name.decode("latin-1") for name, _ in scope["headers"])
    told = {"path": scope["path"], "body": len(body), "client": client_of(scope), "names": names}
    content = orjson.dumps(told)
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """As fronts are served, with little patience."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    app = DoorApp(tell_asked, Door.PUBLIC)

    async def serve() -> None:
        loop.remove_signal_handler = lambda _: True  # type: ignore[method-assign]
        loop.add_signal_handler = lambda *_: None  # type: ignore[method-assign]  # no main thread
        await serve_until_stopped([Listening(app, listener)], stopping)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GuardedProtocol, "silence_s", SILENCE_S)
        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
        thread.start()
        yield listener.getsockname()[1]
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
    loop.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def read_until(connection: socket.socket, expected: bytes) -> bytes:
    """An answer, which may come in pieces. Fails if it ends before."""
    found = b""
    while expected not in found:
        data = connection.recv(65_536)
        assert data, found
        found += data
    return found


def read_all(connection: socket.socket) -> bytes:
    """Until the other side closes, however it does."""
    found = b""
    try:
        while data := connection.recv(65_536):
            found += data
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n\r\n",
        b"POST /x HT",
        HEAD,
        HEAD + b"content-length: 10\r\n\r\nhalf",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhalf",
    ],
)
def test_who_holds_on_without_a_whole_request_is_let_go(port: int, begun: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(begun)
        assert b" 200 " not in read_all(connection)


def trickle(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"x: y\r\n")
        time.sleep(0.05)


def test_a_head_that_comes_bit_by_bit_for_ever_is_let_go(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD)
        with pytest.raises(ConnectionError):
            trickle(connection)


def test_a_head_without_end_is_refused_before_it_fills_the_memory(port: int) -> None:
    for endless in (b"x: y\r\n", b"x" * 1_000, b"\r\n"):
        with connect(port) as connection:
            connection.sendall(HEAD + (b"z: " if endless == b"x" * 1_000 else b""))
            told = b""
            try:
                for _ in range(200):
                    connection.sendall(endless * (100_000 // len(endless)))
                    time.sleep(0.001)
            except ConnectionError:
                pass
            else:
                told = read_all(connection)
                assert b" 431 " in told or b" 400 " in told


def test_slow_but_honest_clients_are_served(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD + b"content-length: 12\r\n\r\n")
        for _ in range(12):
            connection.sendall(b"x")
            time.sleep(SILENCE_S / 3)
        read_until(connection, b'"body":12')
        time.sleep(3 * SILENCE_S)  # between two requests there is another limit
        connection.sendall(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
        read_until(connection, b'"path":"/slow"')


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        HEAD + b"content-length: 4, 5\r\n\r\nabcde",
        HEAD + b"content-length: +4\r\n\r\nabcd",
        HEAD + b"content-length: -1\r\n\r\n",
        HEAD + b"content-length : 4\r\n\r\nabcd",
        HEAD + b"transfer-encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\n",
        HEAD + b"x: a\r\n folded\r\n\r\n",
        HEAD + b"x: a\rb\r\n\r\n",
        HEAD + b"x: a\x00b\r\n\r\n",
        HEAD + b"x y: a\r\n\r\n",
        HEAD + b": a\r\n\r\n",
        b"GET /x y HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET x HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /x HTTP/9.9\r\nhost: localhost\r\n\r\n",
        b"GET /x HTTP/1.1 \r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_two_servers_could_read_differently_is_read_by_none(
    port: int, request_bytes: bytes
) -> None:
    """Source: CWE-444; RFC 9112 §6.3, §11.2."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with connect(port) as connection:
        connection.sendall(request_bytes + smuggled)
        connection.shutdown(socket.SHUT_WR)
        told = read_all(connection)
    assert b" 200 OK" not in told, told
    assert b"/smuggled" not in told


def test_an_address_has_so_many_places_and_gateways_and_this_machine_any_number() -> None:
    places = AddressPlaces(2, [ip_network("10.0.0.0/24")])
    for address in ("203.0.113.1", "2001:db8::1"):
        taken = [places.take(address) for _ in range(3)]
        assert taken == [taken[0], taken[0], None]
        places.leave(taken[0] or "")
        assert places.take(address) is not None
    assert all(places.take(each) == "" for each in ("10.0.0.9", "127.0.0.1", "::1") for _ in "abc")
    assert places.take("203.0.113.2")


def test_more_connections_than_an_address_may_have_are_closed_and_others_go_on(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = AddressPlaces(3)
    monkeypatch.setattr(guarded, "find_counted", str)  # has this machine's own address count
    monkeypatch.setattr(GuardedProtocol, "places", places)
    monkeypatch.setattr(GuardedProtocol, "silence_s", 30.0)
    held = [connect(port) for _ in range(3)]
    for connection in held:
        connection.sendall(b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b" 200 " in connection.recv(65_536)
    with connect(port) as refused:
        assert read_all(refused) == b""
    for connection in held:
        connection.close()
    while places._counts:
        time.sleep(0.01)
    with connect(port) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b" 200 " in connection.recv(65_536)


def test_headers_that_are_ours_alone_do_not_come_in(port: int) -> None:
    names = (b"X-Zhenglian-Client", b"x-zhenglian-client", b"X-ZHENGLIAN-CLIENT")
    forged = b"".join(name + b": 10.9.9.9\r\n" for name in names)
    with connect(port) as connection:
        connection.sendall(HEAD + forged + b"x-request-id: a\r\ncontent-length: 0\r\n\r\n")
        answer = read_until(connection, b"}")
    told = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    assert told["client"] == "127.0.0.1"
    assert "x-zhenglian-client" not in told["names"]
