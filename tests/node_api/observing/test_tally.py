"""Requests are counted together at the end of a turn of the event loop, and none is lost."""

from __future__ import annotations

import asyncio

from prometheus_client import REGISTRY

from node_api.observing.metrics import IN_FLIGHT, GatheredHistogram
from node_api.observing.tally import RequestTally

NAME = "zhenglian_http_request"


def read(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_what_a_turn_answers_is_in_the_metrics_after_it() -> None:
    tally, in_flight = RequestTally(), IN_FLIGHT._value.get()

    async def turn() -> None:
        for seconds in (0.001, 0.0011, 40.0):
            tally.begin()
            tally.end("tallied", 200, seconds)
        tally.begin()
        tally.end("tallied", 422, 0.2)
        tally.begin()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert IN_FLIGHT._value.get() == in_flight + 1

    asyncio.run(turn())
    assert read(f"{NAME}s_total", operation="tallied", status="200") == 3
    assert read(f"{NAME}s_total", operation="tallied", status="422") == 1
    assert read(f"{NAME}_duration_seconds_count", operation="tallied") == 4
    assert read(f"{NAME}_duration_seconds_bucket", operation="tallied", le="0.001") == 1
    assert read(f"{NAME}_duration_seconds_bucket", operation="tallied", le="30.0") == 3


def test_a_loop_that_ended_early_keeps_nobody_from_counting() -> None:
    tally = RequestTally()

    async def answer() -> None:
        tally.begin()
        tally.end("outlived", 200, 0.1)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(answer())
    loop.close()
    asyncio.run(answer())
    assert read(f"{NAME}s_total", operation="outlived", status="200") == 2


def test_a_request_that_its_loop_left_unanswered_is_counted_all_the_same() -> None:
    tally, in_flight = RequestTally(), IN_FLIGHT._value.get()

    async def begin() -> None:
        tally.begin()

    asyncio.run(begin())
    assert IN_FLIGHT._value.get() == in_flight + 1
    tally.end("dropped", 0, 0.1)
    assert IN_FLIGHT._value.get() == in_flight
    assert read(f"{NAME}s_total", operation="dropped", status="0") == 1


def test_many_observations_at_once_are_those_one_by_one() -> None:
    amounts = (0.0, 0.5, 0.5, 1.0, 1.5, 9.0)
    together = GatheredHistogram("together", "Together.", buckets=(0.5, 1, 2), registry=None)
    singly = GatheredHistogram("together", "Together.", buckets=(0.5, 1, 2), registry=None)
    together.observe_all(amounts)
    for amount in amounts:
        singly.observe(amount)
    assert [*together.collect()] == [*singly.collect()]
