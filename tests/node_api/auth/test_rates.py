"""Limits count by address and by principal, in bounded memory, and say when to come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from node_api.auth import rates
from node_api.auth.failures import TooManyRequestsError
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal, PrincipalKind, Role
from node_api.auth.rates import AddressLimits, CountingStorage, RateClass, RateLimits
from node_api.auth.settings import LimitSettings
from node_api.doors import Receive, Scope, Send

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
