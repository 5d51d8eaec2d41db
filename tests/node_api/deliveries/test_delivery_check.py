"""fsck tells what was altered in a delivery, and nothing of one that is as it should be."""

from __future__ import annotations

import os

import pytest

from ledger.actions.deliveries.inbox import discard_delivery
from ledger.actions.delivery_check import check_deliveries
from ledger.actions.outbox_check import find_altered_transactions
from ledger.vault.delivery_tables import DeliveryState
from ledger.workspace import Workspace
from tests.node_api.deliveries.delivery_nodes import Pair

ALTERED = [
    ("UPDATE deliveries SET digest = x'{zeros}' WHERE {this}", "delivery_altered"),
    ("UPDATE deliveries SET sender = receiver WHERE {this}", "delivery_altered"),
    ("UPDATE deliveries SET receipt = NULL WHERE {this}", "receipt_unreadable"),
    ("UPDATE deliveries SET receipt = {other} WHERE {this}", "receipt_unreadable"),
    ("UPDATE deliveries SET state = 'acknowledged' WHERE {this}", "receipt_not_in_log"),
    ("DELETE FROM delivery_parts WHERE {part} AND position = 0", "delivery_altered"),
    ("UPDATE delivery_parts SET content = x'00' WHERE {part}", "delivery_altered"),
    ("DELETE FROM delivery_secrets WHERE {part}", "delivery_unreadable"),
    ("UPDATE delivery_secrets SET manifest = x'00' WHERE {part}", "delivery_unreadable"),
    ("UPDATE delivery_secrets SET announcement = x'7b7d' WHERE {part}", "delivery_unreadable"),
]


def find_codes(workspace: Workspace, delivery_id: bytes) -> set[str]:
    workspace.sync_index()
    found = list(check_deliveries(workspace))
    return {each.code for each in found if delivery_id.hex() in each.subject}


@pytest.mark.parametrize(("statement", "code"), ALTERED, ids=lambda each: str(each)[:40])
def test_what_was_altered_is_told(pair: Pair, statement: str, code: str) -> None:
    delivery_id, other = pair.queue(os.urandom(40_000)), pair.queue(os.urandom(40))
    pair.sender.send_due()
    workspace = pair.receiver.workspace
    assert find_codes(workspace, delivery_id) == set()
    changes = {
        "zeros": "00" * 32,
        "this": f"delivery_id = x'{delivery_id.hex()}'",
        "part": f"delivery = x'{delivery_id.hex()}'",
        "other": f"(SELECT receipt FROM deliveries WHERE delivery_id = x'{other.hex()}')",
    }
    with workspace.vault._database.write() as connection:
        connection.exec_driver_sql(statement.format(**changes))
    assert code in find_codes(workspace, delivery_id)


def test_nothing_is_told_at_any_stage(pair: Pair) -> None:
    delivery_id = pair.queue(os.urandom(40_000))
    nodes = (pair.sender, pair.receiver)
    for step in (
        pair.sender.send_due,  # after others were altered, which hold nothing up
        pair.receiver.settle,
        pair.sender.settle,
        lambda: discard_delivery(pair.receiver.workspace, delivery_id),
    ):
        assert [find_codes(node.workspace, delivery_id) for node in nodes] == [set(), set()]
        step()
    assert [find_codes(node.workspace, delivery_id) for node in nodes] == [set(), set()]
    assert pair.state_at_sender(delivery_id) is DeliveryState.ACKNOWLEDGED
    assert list(find_altered_transactions(pair.receiver.workspace)) == []
