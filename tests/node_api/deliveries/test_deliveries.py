"""What one node sends arrives at the other once, whole, receipted on the chain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.actions.deliveries.acknowledging import find_recorded_receipt
from ledger.actions.deliveries.inbox import (
    discard_delivery,
    list_inbox,
    list_outgoing,
    read_receipt,
    retry_delivery,
    show_delivery,
    take_delivery,
)
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import DeliveryKind
from ledger.identifiers import Uscc
from ledger.vault.delivery_tables import DeliveryState
from tests.node_api.deliveries.delivery_nodes import Pair
from tests.node_api.deliveries.waiting import started, wait_until
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN

LARGE = 300_000  # several parts and several chunks


def test_a_delivery_arrives_whole_and_its_receipt_is_on_the_chain(pair: Pair) -> None:
    content = os.urandom(LARGE)
    delivery_id = pair.queue(content, name="材料.zip", subject="案件一", kind=DeliveryKind.RECEIPT)
    assert pair.state_at_sender(delivery_id) is DeliveryState.QUEUED

    pair.sender.send_due()
    assert pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED
    assert pair.state_at_receiver(delivery_id) is DeliveryState.RECEIVED
    pair.sender.settle()
    assert pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED

    pair.receiver.settle()
    assert pair.state_at_receiver(delivery_id) is DeliveryState.ACKNOWLEDGED
    pair.sender.settle()
    assert pair.state_at_sender(delivery_id) is DeliveryState.ACKNOWLEDGED

    found = show_delivery(pair.receiver.workspace, delivery_id)
    assert (found.name, found.subject, found.kind) == ("材料.zip", "案件一", DeliveryKind.RECEIPT)
    assert (found.sender, found.member) == (ISSUERS[CHONGQING], CHONGQING)
    assert take_delivery(pair.receiver.workspace, delivery_id) == content
    assert show_delivery(pair.receiver.workspace, delivery_id).taken_at_unix
    receipt = DeliveryReceipt.parse(read_receipt(pair.sender.workspace, delivery_id))
    stored = pair.sender.workspace.vault.deliveries.get(delivery_id)
    assert find_recorded_receipt(pair.sender.workspace.index, stored) == receipt.digest
    assert read_receipt(pair.receiver.workspace, delivery_id) == receipt.to_json()


def test_the_same_is_sent_once_however_often_it_is_asked_for(pair: Pair) -> None:
    first = pair.queue(b"the same", subject="one")
    assert pair.queue(b"the same", subject="one") == first
    pair.sender.send_due()
    pair.sender.send_due()
    assert pair.queue(b"the same", subject="one") == first
    assert pair.queue(b"the same", subject="another") != first
    found = [each for each in list_inbox(pair.receiver.workspace) if each.subject == "one"]
    assert [each.delivery_id for each in found] == [first]


def test_a_receiver_that_is_down_for_days_gets_it_when_it_is_up(fresh_pair: Pair) -> None:
    fresh_pair.receiver.stop_listening()
    delivery_id = fresh_pair.queue(os.urandom(LARGE))
    for attempt in range(1, 6):
        fresh_pair.sender.send_due()
        waiting = show_delivery(fresh_pair.sender.workspace, delivery_id)
        assert (waiting.state, waiting.reason) == (DeliveryState.QUEUED, "peer_unreachable")
        assert waiting.attempts == attempt
        fresh_pair.sender.send_due()  # before its time nothing is tried
        assert show_delivery(fresh_pair.sender.workspace, delivery_id).attempts == attempt
        fresh_pair.clock.ahead_s += 86_400
    fresh_pair.receiver.listen()
    fresh_pair.sender.send_due()
    assert fresh_pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED


def test_pauses_grow_up_to_the_longest_one(fresh_pair: Pair) -> None:
    fresh_pair.receiver.stop_listening()
    fresh_pair.sender.options = {"first_pause_s": 10, "longest_pause_s": 100}
    delivery_id = fresh_pair.queue(b"with pauses")
    pauses = []
    for _ in range(6):
        fresh_pair.sender.send_due()
        found = show_delivery(fresh_pair.sender.workspace, delivery_id)
        pauses.append(found.due_at_unix - found.changed_at_unix)
        fresh_pair.wait_for_next_attempt()
    fresh_pair.receiver.listen()
    fresh_pair.sender.options = {}
    fresh_pair.sender.send_due()
    assert pauses == [5, 10, 20, 40, 50, 50]  # half of it, since the test leaves no jitter


def test_what_is_not_taken_in_time_expires_and_can_be_sent_again(fresh_pair: Pair) -> None:
    fresh_pair.receiver.stop_listening()
    delivery_id = fresh_pair.queue(b"too late")
    fresh_pair.sender.send_due()
    fresh_pair.clock.ahead_s += 15 * 86_400
    fresh_pair.sender.send_due()
    found = show_delivery(fresh_pair.sender.workspace, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.EXPIRED, "peer_unreachable")
    fresh_pair.receiver.listen()
    fresh_pair.sender.send_due()
    assert fresh_pair.state_at_sender(delivery_id) is DeliveryState.EXPIRED
    retry_delivery(fresh_pair.sender.workspace, delivery_id)
    fresh_pair.sender.send_due()
    assert fresh_pair.state_at_sender(delivery_id) is DeliveryState.DELIVERED


def test_without_an_address_it_waits_and_says_so(pair: Pair) -> None:
    usual, pair.sender.peers = pair.sender.peers, {}
    delivery_id = pair.queue(b"to nowhere")
    pair.sender.send_due()
    pair.sender.peers = usual
    found = show_delivery(pair.sender.workspace, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.QUEUED, "peer_address_missing")


def test_a_receiver_that_is_away_keeps_the_others_of_it_waiting_without_an_attempt(
    fresh_pair: Pair,
) -> None:
    fresh_pair.receiver.stop_listening()
    ids = [fresh_pair.queue(subject=str(number)) for number in range(3)]
    fresh_pair.sender.send_due()
    attempts = [show_delivery(fresh_pair.sender.workspace, each).attempts for each in ids]
    fresh_pair.receiver.listen()
    fresh_pair.wait_for_next_attempt()
    fresh_pair.sender.send_due()
    assert sorted(attempts) == [0, 0, 1]


def test_files_are_sent_as_content_is(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "证照.zhenglian.json"
    path.write_bytes(os.urandom(LARGE))
    queued = queue_delivery(
        pair.sender.workspace, DeliveryKind.PRESENTATION, ISSUERS[SICHUAN], path
    )
    pair.sender.send_due()
    found = show_delivery(pair.receiver.workspace, queued.delivery.delivery_id)
    assert found.name == path.name
    taken = take_delivery(pair.receiver.workspace, queued.delivery.delivery_id)
    assert taken == path.read_bytes()


def test_nothing_travels_to_a_department_of_ones_own_member_or_to_nobody(pair: Pair) -> None:
    with pytest.raises(ConflictError, match="nothing has to travel"):
        queue_delivery(pair.sender.workspace, DeliveryKind.RESULT, ISSUERS[CHONGQING], b"")
    nobody = Uscc.build("11440000000000009")
    with pytest.raises(NotFoundError) as refusal:
        queue_delivery(pair.sender.workspace, DeliveryKind.RESULT, nobody, b"")
    assert refusal.value.code == "department_unknown"
    assert not [e for e in list_outgoing(pair.sender.workspace) if e.kind is DeliveryKind.RESULT]


def test_what_was_discarded_is_gone_but_not_that_it_came(pair: Pair) -> None:
    delivery_id = pair.queue(b"private", subject="somebody")
    with pytest.raises(ConflictError) as refusal:
        discard_delivery(pair.sender.workspace, delivery_id)
    assert refusal.value.code == "delivery_unfinished"
    pair.sender.send_due()
    pair.receiver.settle()
    shown = discard_delivery(pair.receiver.workspace, delivery_id)
    assert (shown.name, shown.subject) == ("", "")
    with pytest.raises(NotFoundError) as gone:
        take_delivery(pair.receiver.workspace, delivery_id)
    assert gone.value.code == "content_erased"
    assert read_receipt(pair.receiver.workspace, delivery_id)


def test_the_loops_do_all_of_it_by_themselves(pair: Pair) -> None:
    pair.sender.options = pair.receiver.options = {"interval_s": 0.02}
    with started(pair.sender), started(pair.receiver):
        delivery_id = pair.queue(os.urandom(LARGE))
        wait_until(lambda: pair.state_at_sender(delivery_id) is DeliveryState.ACKNOWLEDGED)
        wait_until(lambda: pair.state_at_receiver(delivery_id) is DeliveryState.ACKNOWLEDGED)
