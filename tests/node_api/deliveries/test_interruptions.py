"""Connections cut anywhere, answers lost, a full disk, a changed key: it arrives once and whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from ledger.actions.deliveries.inbox import list_inbox, show_delivery, take_delivery
from ledger.actions.issuers import rotate_seal_key
from ledger.vault.delivery_tables import DeliveryState
from node_api.deliveries.sending import Sender
from node_api.deliveries.transport import PeerClient
from tests.node_api.deliveries.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from tests.node_api.deliveries.delivery_nodes import PART, Pair
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN

SIZE = 4 * PART + 5000


@pytest.fixture
def proxy(pair: Pair) -> Iterator[CuttingProxy]:
    with cutting_proxy(pair.receiver.listener.port) as proxy:
        usual, pair.sender.peers = pair.sender.peers, {str(SICHUAN): proxy.url}
        pair.sender.options = {"timeout_s": 1.0}  # an answer that is lost is soon given up
        yield proxy
    pair.sender.peers, pair.sender.options = usual, {}


def send_until_delivered(pair: Pair, delivery_id: bytes) -> int:
    """How many rounds it took."""
    for attempt in range(1, 50):
        pair.sender.send_due()
        if pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED:
            return attempt
        pair.wait_for_next_attempt()
    raise AssertionError("it was not delivered")


def require_arrived_once(pair: Pair, delivery_id: bytes, content: bytes) -> None:
    arrived = [each.delivery_id for each in list_inbox(pair.receiver.workspace)]
    assert arrived.count(delivery_id) == 1
    assert take_delivery(pair.receiver.workspace, delivery_id) == content
    pair.receiver.settle()
    pair.sender.settle()
    assert pair.state_at_sender(delivery_id) is DeliveryState.ACKNOWLEDGED


def test_a_connection_cut_in_the_middle_of_each_part_goes_on_where_it_was(
    pair: Pair, proxy: CuttingProxy
) -> None:
    """Each connection carries the announcement and one part, and is cut within the next."""
    content = os.urandom(SIZE)
    delivery_id = pair.queue(content)
    proxy.cut(*[Cut(3000 + PART + PART // 2)] * 5)
    assert send_until_delivered(pair, delivery_id) > 3
    require_arrived_once(pair, delivery_id, content)


@pytest.mark.parametrize("after", [0, 700, 3000 + PART, 3000 + 2 * PART])
def test_an_answer_that_is_lost_makes_nothing_arrive_twice(
    pair: Pair, proxy: CuttingProxy, after: int
) -> None:
    content = os.urandom(SIZE)
    delivery_id = pair.queue(content)
    proxy.cut(*[Cut(after, loses_answer=True)] * 2)
    send_until_delivered(pair, delivery_id)
    require_arrived_once(pair, delivery_id, content)


def test_the_receipt_is_lost_on_its_way_and_is_the_same_the_next_time(
    pair: Pair, proxy: CuttingProxy
) -> None:
    delivery_id = pair.queue(b"small")
    proxy.cut(Cut(10_000_000, loses_answer=True))
    pair.sender.send_due()
    while show_delivery(pair.sender.workspace, delivery_id).state is DeliveryState.QUEUED:
        pair.wait_for_next_attempt()
        pair.sender.send_due()
    require_arrived_once(pair, delivery_id, b"small")


@contextmanager
def full_disk(pair: Pair) -> Iterator[None]:
    """The receiver's database may not grow."""
    engine = pair.receiver.workspace.vault._database._engine

    def limit(connection: object, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    def lift(connection: object, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 4294967294")  # type: ignore[attr-defined]

    event.listen(engine, "checkout", limit)
    yield
    event.remove(engine, "checkout", limit)
    event.listen(engine, "checkout", lift)


def test_a_full_disk_at_the_receiver_stores_nothing_and_it_goes_on_once_there_is_room(
    pair: Pair,
) -> None:
    content = os.urandom(20 * PART)
    delivery_id = pair.queue(content)
    with full_disk(pair):
        pair.sender.send_due()
        waiting = show_delivery(pair.sender.workspace, delivery_id)
        assert (waiting.state, waiting.reason) == (DeliveryState.QUEUED, "disk_full")
        pair.wait_for_next_attempt()
    send_until_delivered(pair, delivery_id)
    require_arrived_once(pair, delivery_id, content)


def test_a_seal_key_that_was_replaced_meanwhile_does_not_stop_what_is_on_its_way(
    pair: Pair, proxy: CuttingProxy
) -> None:
    content = os.urandom(SIZE)
    delivery_id = pair.queue(content)
    proxy.cut(Cut(3000 + PART + PART // 2))
    pair.sender.send_due()
    assert 0 < show_delivery(pair.receiver.workspace, delivery_id).arrived < SIZE
    rotate_seal_key(pair.sender.workspace, ISSUERS[CHONGQING])
    rotate_seal_key(pair.receiver.workspace, ISSUERS[SICHUAN])
    pair.wait_for_next_attempt()
    send_until_delivered(pair, delivery_id)
    require_arrived_once(pair, delivery_id, content)


def test_what_never_becomes_whole_is_given_up_and_begins_anew_when_it_is_sent_again(
    pair: Pair, proxy: CuttingProxy
) -> None:
    content = os.urandom(SIZE)
    delivery_id = pair.queue(content)
    proxy.cut(Cut(3000 + PART + PART // 2))
    pair.sender.send_due()
    pair.clock.ahead_s += 8 * 86_400
    pair.receiver.settle()
    given_up = show_delivery(pair.receiver.workspace, delivery_id)
    assert (given_up.state, given_up.arrived) == (DeliveryState.EXPIRED, 0)
    send_until_delivered(pair, delivery_id)
    require_arrived_once(pair, delivery_id, content)


def test_what_is_under_way_at_a_stop_goes_on_at_the_next_start(pair: Pair) -> None:
    content = os.urandom(SIZE)
    delivery_id = pair.queue(content)
    workspace, settings = pair.sender.workspace, pair.sender.settings
    asked = iter([False, True])
    sender = Sender(workspace, settings, is_stopping=lambda: next(asked))
    peer = settings.find_peer(SICHUAN)
    assert peer is not None
    with PeerClient(peer, settings.timeout_s) as client:
        sender.send(workspace.vault.deliveries.get(delivery_id), client)
    assert pair.state_at_sender(delivery_id) is DeliveryState.SENDING
    assert show_delivery(pair.receiver.workspace, delivery_id).arrived == PART
    assert send_until_delivered(pair, delivery_id) == 1
    require_arrived_once(pair, delivery_id, content)
