"""Hosts, sizes and headers: what is refused before anything is read, and what every answer has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from node_api.auth.failures import TooLargeError, WrongHostError
from node_api.auth.hardening import BodyLimits, HostCheck, SecurityHeaders, strip_port
from node_api.doors import Application, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, then answers with its length."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await answer(str(length).encode())(scope, receive, send)


def answer(body: bytes, *headers: tuple[bytes, bytes]) -> Application:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


async def refuse(error: Exception, scope: Scope, send: Send) -> None:
    await send({"type": "http.response.start", "status": 400, "headers": []})
    await send({"type": "http.response.body", "body": type(error).__name__.encode()})


def ask(app: Application, headers: Headers, *chunks: bytes, door: str = "public") -> list[Any]:
    """What an application sends."""
    sent: list[Any] = []
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ] or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": headers, "zhenglian.door": door}
    run: Callable[[Any, Any, Any], Awaitable[None]] = app
    asyncio.run(run(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_answers_of_the_interface_are_strict() -> None:
    app = SecurityHeaders(answer(b"{}", (b"server", b"x"), (b"X-Powered-By", b"y")), is_tls=True)
    found = dict(ask(app, [])[0]["headers"])
    assert found[b"cache-control"] == b"no-store"
    assert found[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"
    assert found[b"x-content-type-options"] == b"nosniff"
    assert found[b"strict-transport-security"].startswith(b"max-age=31536000")
    assert found[b"cross-origin-opener-policy"] == b"same-origin"
    assert not {b"server", b"X-Powered-By"} & found.keys()


def test_what_an_answer_sets_itself_stays() -> None:
    app = SecurityHeaders(answer(b"x", (b"Cache-Control", b"max-age=60")), is_tls=False)
    headers = ask(app, [])[0]["headers"]
    assert [value for name, value in headers if name.lower() == b"cache-control"] == [b"max-age=60"]
    assert b"strict-transport-security" not in dict(headers)


def test_page_may_load_its_own_files_alone() -> None:
    app = SecurityHeaders(
        answer(b"<html>", (b"content-type", b"text/html; charset=utf-8")), is_tls=False
    )
    policy = dict(ask(app, [])[0]["headers"])[b"content-security-policy"]
    assert b"script-src 'self';" in policy
    assert b"unsafe" not in policy


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example.cn",
        b"node.example.cn.evil.cn",
        b"node.example.cn:80:80",
        b"node.example.cn@evil.cn",
        b"node.example.cn/..",
        b"",
        b"[::1",
        b"[::1]evil",
    ],
)
def test_foreign_host_is_refused(host: bytes) -> None:
    app = HostCheck(answer(b"in"), ["node.example.cn", "::1"], refuse)
    assert ask(app, [(b"host", host)])[1]["body"] == WrongHostError.__name__.encode()


def test_own_host_passes_with_and_without_a_port() -> None:
    app = HostCheck(answer(b"in"), ["node.example.cn", "::1"], refuse)
    for host in (b"node.example.cn", b"NODE.example.cn:8480", b"[::1]:8480"):
        assert ask(app, [(b"host", host)])[1]["body"] == b"in"
    assert strip_port(b"[::1]:x") == b""


def test_two_hosts_and_none_are_refused() -> None:
    app = HostCheck(answer(b"in"), ["a"], refuse)
    for headers in ([], [(b"host", b"a"), (b"host", b"a")]):
        assert ask(app, headers)[1]["body"] == b"WrongHostError"
    assert ask(app, [], door="local")[1]["body"] == b"in"
    anywhere = HostCheck(answer(b"in"), ["*"], refuse)
    assert ask(anywhere, [(b"host", b"b")])[1]["body"] == b"in"


def test_body_that_says_it_is_too_large_is_refused_unread() -> None:
    app = BodyLimits(read_all, lambda _: 10, refuse)
    for told in (b"11", b"-1", b"x", b"9" * 30, "１".encode()):
        sent = ask(app, [(b"content-length", told)], b"")
        assert sent[1]["body"] == TooLargeError.__name__.encode(), told
    assert ask(app, [(b"content-length", b"10")], b"a" * 10)[1]["body"] == b"10"


def test_body_that_grows_too_large_is_cut_off() -> None:
    app = BodyLimits(read_all, lambda _: 10, refuse)
    assert ask(app, [], b"a" * 5, b"a" * 5)[1]["body"] == b"10"
    assert ask(app, [], b"a" * 5, b"a" * 6)[1]["body"] == b"TooLargeError"
    lying = [(b"content-length", b"1")]
    assert ask(app, lying, b"a" * 11)[1]["body"] == b"TooLargeError"
