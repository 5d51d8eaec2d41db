"""Limits count by address and by principal, in bounded memory, and say when to come back."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest
from limits import parse
from pydantic import ValidationError

from node_api.auth import rates
from node_api.auth.addresses import BehindGateways, find_counted
from node_api.auth.failures import TooManyRequestsError
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal, PrincipalKind, Role
from node_api.auth.rates import AddressLimits, CountingStorage, RateClass, RateLimits, Window
from node_api.auth.settings import LimitSettings
from node_api.doors import Receive, Scope, Send, client_of
from node_api.protection import protect
from node_api.settings import NodeSettings

CLERK = Principal(PrincipalKind.OIDC, "oidc:a", frozenset({Role.CLERK}))
OTHER = Principal(PrincipalKind.OIDC, "oidc:b", frozenset({Role.CLERK}))


def count_allowed(limits: RateLimits, principal: Principal, address: str, *, change: bool) -> int:
    for number in range(100):
        try:
            limits.admit(principal, address, is_change=change)
        except TooManyRequestsError:
            return number
    return 100


def test_reads_and_writes_are_counted_apart_and_by_principal() -> None:
    limits = RateLimits(LimitSettings(reads="7/hour", writes="3/hour"))
    assert count_allowed(limits, CLERK, "a", change=True) == 3
    assert count_allowed(limits, CLERK, "b", change=False) == 7
    assert count_allowed(limits, CLERK, "c", change=False) == 0
    assert count_allowed(limits, OTHER, "a", change=True) == 3


def test_anonymous_requests_are_counted_by_address() -> None:
    limits = RateLimits(LimitSettings(anonymous="5/hour"))
    assert count_allowed(limits, ANONYMOUS, "a", change=False) == 5
    assert count_allowed(limits, ANONYMOUS, "b", change=False) == 5


def test_address_is_limited_whoever_asks() -> None:
    limits = RateLimits(LimitSettings(address="2/hour"))
    for _ in range(2):
        limits.count(RateClass.ADDRESS, "a")
    with pytest.raises(TooManyRequestsError):
        limits.count(RateClass.ADDRESS, "a")
    limits.count(RateClass.ADDRESS, "b")


def test_local_acts_and_empty_limits_are_not_counted() -> None:
    limits = RateLimits(LimitSettings(anonymous="", writes="1/hour"))
    assert count_allowed(limits, LOCAL, "local", change=True) == 100
    assert count_allowed(limits, ANONYMOUS, "a", change=False) == 100


def test_refusal_says_when_to_come_back() -> None:
    limits = RateLimits(LimitSettings(reads="1/minute"))
    limits.admit(CLERK, "a", is_change=False)
    with pytest.raises(TooManyRequestsError) as refusal:
        limits.admit(CLERK, "a", is_change=False)
    error = refusal.value
    assert 1 <= error.retry_after_s <= 60
    assert error.headers["Retry-After"] == str(error.retry_after_s)
    assert error.headers["RateLimit-Policy"] == '"reads";q=1;w=60'
    assert error.headers["RateLimit"] == f'"reads";r=0;t={error.retry_after_s}'


def test_several_limits_hold_together() -> None:
    limits = RateLimits(LimitSettings(reads="3/hour; 100/day"))
    assert count_allowed(limits, CLERK, "a", change=False) == 3


def test_looking_does_not_count() -> None:
    limits = RateLimits(LimitSettings(failed_logins="1/hour"))
    for _ in range(3):
        limits.require_room(RateClass.FAILED_LOGINS, "a")
    limits.count(RateClass.FAILED_LOGINS, "a")
    with pytest.raises(TooManyRequestsError):
        limits.require_room(RateClass.FAILED_LOGINS, "a")


def test_invented_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MAX_COUNTED", 50)
    storage = CountingStorage()
    for number in range(500):
        storage.incr(f"address {number}", 60)
    assert len(storage._counters) == 50
    assert storage.get("address 499") == 1


def test_window_ends() -> None:
    storage = CountingStorage()
    assert storage.incr("a", -1) == 1
    assert storage.get("a") == 0
    assert storage.incr("a", 60) == 1
    assert storage.incr("a", 60) == 2


def test_limit_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(ValidationError):
        LimitSettings(reads="many")


def test_a_window_counts_each_for_itself_until_it_ends_and_forgets_no_more_than_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "MAX_COUNTED", 3)
    now = [100.0]
    window = Window(parse("2/minute"), lambda: now[0])
    assert [window.count("a") for _ in range(3)] == [True, True, False]
    assert [window.count(who) for who in "bcd"] == [True] * 3
    assert len(window._counts) == 3
    assert window.left_s == 60
    now[0] += 60
    assert window.count("c")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("127.0.0.1", ""),
        ("127.8.8.8", ""),
        ("::1", ""),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_as_what_one_subscriber_has(address: str, counted: str) -> None:
    assert find_counted(address) == counted


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.5", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.5", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.5", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.5", ["203.0.113.9, 10.0.0.6"], "203.0.113.9"),
        ("10.0.0.5", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["nonsense"], "10.0.0.5"),
        ("10.0.0.5", ["203.0.113.9, <script>"], "10.0.0.5"),
        ("10.0.0.5", ["203.0.113.9," * 200 + "203.0.113.8"], "203.0.113.8"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
    ],
)
def test_only_what_a_gateway_of_ours_wrote_last_says_who_asks(
    peer: str, forwarded: list[str], client: str
) -> None:
    found: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(client_of(scope))

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "headers": headers, "client": (peer, 1), "zhenglian.door": "public"}
    behind: Any = BehindGateways(app, [ip_network("10.0.0.0/24")])
    asyncio.run(behind(scope, None, None))
    assert found == [client]


def test_by_default_a_hall_behind_one_address_is_let_in_and_a_flood_is_not() -> None:
    told: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])
            headers.update(message["headers"])

    async def run(address: str, count: int) -> None:
        for _ in range(count):
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/v1/verify",
                "headers": [(b"host", b"localhost")],
                "client": (address, 1),
            }
            await app_of_node(scope, None, send)

    headers: dict[bytes, bytes] = {}
    app_of_node: Any = protect(app, NodeSettings(listen="127.0.0.1:1"))
    asyncio.run(run("203.0.113.9", 12_001))
    assert (told.count(200), told.count(429)) == (12_000, 1)
    assert 1 <= int(headers[b"retry-after"]) <= 60
    asyncio.run(run("203.0.113.10", 1))
    asyncio.run(run("127.0.0.1", 1))
    assert told[-2:] == [200, 200]


def test_what_comes_by_the_port_is_counted_by_address_and_nothing_else() -> None:
    answered: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answered.append("in")

    async def refuse(error: Exception, scope: Scope, send: Send) -> None:
        answered.append(type(error).__name__)

    async def run() -> None:
        limits = RateLimits(LimitSettings(address="2/hour"))
        limited: Any = AddressLimits(app, limits, refuse)
        for door, address in (
            *[("public", "a")] * 3,
            *[("front", "a"), ("local", "a")] * 3,
            ("public", "b"),
        ):
            scope = {
                "type": "http",
                "headers": [],
                "client": (address, 1),
                "zhenglian.door": door,
            }
            await limited(scope, None, None)

    asyncio.run(run())
    assert answered == ["in", "in", "TooManyRequestsError", *["in"] * 7]
