"""The stream of notices: resumed without loss, bounded, ended when it has to be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ledger.actions.api_keys import create_api_key, revoke_api_key
from ledger.actions.issuers import change_mandate, register_department
from ledger.identifiers import RegionCode, Uscc
from ledger.roles import Role
from node_api.doors import Door, DoorApp
from node_api.feed.stream import PATH, NoticeStream, StreamTimes
from tests.support.consortium import ISSUER, SAFETY_STAFF
from tests.support.event_stream import EventClient, open_stream
from tests.support.node import AsgiBridge, RunningNode

REGION = RegionCode.parse("500000")
QUICK = StreamTimes(heartbeat_s=0.05, look_again_s=0.1, send_within_s=0.2)
Connect = Callable[..., AbstractContextManager[EventClient]]


def loop_of(node: RunningNode) -> asyncio.AbstractEventLoop:
    bridge = node.public._transport
    assert isinstance(bridge, AsgiBridge)
    return bridge._loop


def make_key(node: RunningNode, role: Role = Role.OPERATOR) -> tuple[str, dict[str, str]]:
    """The id of a fresh key, and the headers of who has it."""
    made = create_api_key(node.workspace, "stream", role, all_departments=True)
    return made.key.key_id, {"authorization": f"Bearer {made.secret}"}


def act(node: RunningNode, number: int) -> None:
    """Something that is news to everybody."""
    department = Uscc.build(f"115000000000{number:05}")
    register_department(node.workspace, department, f"部门{number}", REGION)


@pytest.fixture
def connect(node: RunningNode) -> Connect:
    """Opens a stream of the whole application, with a key of its own unless others are given."""
    _, own = make_key(node)

    def open_one(
        headers: dict[str, str] | None = None, *, query: str = "", **more: Any
    ) -> AbstractContextManager[EventClient]:
        app = DoorApp(node.node.app, Door.PUBLIC)
        given = {**(own if headers is None else headers), **more.pop("also", {})}
        return open_stream(app, loop_of(node), PATH, given, query=query, **more)

    return open_one


@pytest.fixture
def quick(node: RunningNode) -> Callable[..., NoticeStream]:
    """Makes streams that lose patience soon."""

    def make(times: StreamTimes = QUICK, **limits: int) -> NoticeStream:
        async def build() -> NoticeStream:
            return NoticeStream(node.node.runtime, node.node.gate.admit, times=times, **limits)

        return asyncio.run_coroutine_threadsafe(build(), loop_of(node)).result(30)

    return make


def test_stream_tells_what_the_feed_tells_and_then_what_happens(
    node: RunningNode, connect: Connect
) -> None:
    told = node.get("/v1/notices", limit=1000)["items"]
    with connect() as client:
        events = client.events(len(told))
        assert [each.data for each in events] == told
        assert [each.id for each in events] == [each["log_index"] for each in told]
        assert {each.name for each in events} == {each["topic"] for each in told}
        assert (client.status, client.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
        act(node, 11)
        new = client.events(2)
    assert [each.data["act"] for each in new] == ["department_registered", "seal_key_registered"]


def test_client_that_reconnects_misses_nothing_and_is_told_nothing_twice(
    node: RunningNode, connect: Connect
) -> None:
    seen: list[int] = []
    last = -1
    for number in (21, 22, 23):
        with connect(also={"last-event-id": str(last)}) as client:
            for event in client.events(3):
                assert event.id is not None
                seen.append(event.id)
            last = seen[-1]  # what came after it was not taken
        act(node, number)
    whole = [each["log_index"] for each in node.get("/v1/notices", limit=1000)["items"]]
    with connect(also={"last-event-id": str(last)}) as client:
        seen += [event.id or 0 for event in client.events(len(whole) - len(seen))]
    assert seen == whole


def test_last_event_id_counts_before_the_query(node: RunningNode, connect: Connect) -> None:
    indexes = [each["log_index"] for each in node.get("/v1/notices", limit=1000)["items"]]
    with connect(also={"last-event-id": str(indexes[1])}, query="after=-1") as client:
        assert client.events(1)[0].id == indexes[2]
    with connect(query=f"after={indexes[0]}&topics=issuers") as client:
        assert {event.name for event in client.events(3)} == {"issuers"}


@pytest.mark.parametrize("given", ["last", "-2", "1e3", "٣", "9" * 16, "9" * 400, "1 2"])
def test_cursor_that_cannot_be_is_refused(connect: Connect, given: str) -> None:
    with connect(query=f"after={given.replace(' ', '+')}") as client:
        assert client.body()["code"] in ("cursor_malformed", "malformed_input")
        assert client.status == 422


def test_unknown_topic_and_parameter_are_refused(connect: Connect) -> None:
    for query, code in (("topics=weather", "topic_unknown"), ("since=5", "parameter_unknown")):
        with connect(query=query) as client:
            assert client.body()["code"] == code


def test_nobody_and_a_kiosk_are_told_nothing(node: RunningNode, connect: Connect) -> None:
    _, kiosk = make_key(node, Role.KIOSK)
    for headers, code, status in (
        ({}, "credentials_missing", 401),
        (kiosk, "role_not_allowed", 403),
    ):
        with connect(headers) as client:
            assert (client.body()["code"], client.status) == (code, status)


def test_heartbeats_move_the_last_id_past_what_is_no_news(
    node: RunningNode, quick: Callable[..., NoticeStream]
) -> None:
    _, headers = make_key(node)
    end = node.workspace.index.cursor().size - 1
    with open_stream(quick(), loop_of(node), PATH, headers, query="topics=recall") as client:
        client.next()
        client.next()
        assert client.last_id == end


def test_streams_are_bounded_and_a_place_becomes_free(
    node: RunningNode, quick: Callable[..., NoticeStream]
) -> None:
    stream = quick(max_streams=3, max_of_one=2)
    one, two = make_key(node)[1], make_key(node)[1]

    def is_full(headers: dict[str, str]) -> bool:
        with open_stream(stream, loop_of(node), PATH, headers) as client:
            return client.next() is None

    first = open_stream(stream, loop_of(node), PATH, one)
    with open_stream(stream, loop_of(node), PATH, one) as second:
        with first as opened:
            opened.next(), second.next()
            assert is_full(one)
            with open_stream(stream, loop_of(node), PATH, two) as third:
                third.next()
                assert is_full(two)
        assert not is_full(one)
    assert stream.count == 0


def test_key_that_is_revoked_ends_its_stream(
    node: RunningNode, quick: Callable[..., NoticeStream]
) -> None:
    key_id, headers = make_key(node)
    with open_stream(quick(), loop_of(node), PATH, headers) as client:
        client.events(1)
        revoke_api_key(node.workspace, key_id)
        while client.next() is not None:
            pass


def test_stream_ends_after_its_longest_time(
    node: RunningNode, quick: Callable[..., NoticeStream]
) -> None:
    _, headers = make_key(node)
    stream = quick(StreamTimes(heartbeat_s=0.02, longest_s=0.1))
    with open_stream(stream, loop_of(node), PATH, headers) as client:
        while client.next() is not None:
            pass


def test_client_that_takes_nothing_is_let_go(
    node: RunningNode, quick: Callable[..., NoticeStream]
) -> None:
    async def never(_: object) -> None:
        await asyncio.sleep(60)

    _, headers = make_key(node)
    stream = quick()
    with open_stream(stream, loop_of(node), PATH, headers, send=never) as client:
        assert client.next() is None
    assert stream.count == 0


def test_many_streams_are_told_of_the_same_change(node: RunningNode, connect: Connect) -> None:
    end = node.workspace.index.cursor().size - 1
    from contextlib import ExitStack

    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(also={"last-event-id": str(end)})) for _ in range(10)
        ]
        for client in clients:
            client.next()
        change_mandate(node.workspace, ISSUER, SAFETY_STAFF, valid_until_unix=int(time.time()) * 2)
        assert {client.events(1)[0].data["act"] for client in clients} == {"mandate_changed"}


def test_node_that_stops_ends_its_streams(node: RunningNode, connect: Connect) -> None:
    with connect() as client:
        client.events(3)
        node.node.runtime.is_stopping.set()
        while client.next() is not None:
            pass
