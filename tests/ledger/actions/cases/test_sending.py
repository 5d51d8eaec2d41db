"""A case between two provinces by their nodes: handed over, taken, receipted, shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.actions.cases.papers import read_papers
from ledger.actions.deliveries.cases import receive_case, send_hand_over, send_share
from ledger.actions.deliveries.inbox import list_inbox, list_outgoing, show_delivery
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.chain.case_reading import fetch_case
from ledger.errors import ConflictError
from ledger.formats.case_receipt import HandOverReceipt
from ledger.formats.envelope import DeliveryKind
from ledger.vault.delivery_tables import DeliveryState
from tests.ledger.actions.cases.cases import OFFICER, SICHUAN_HOUSING, WINDOW, submit
from tests.ledger.actions.homes import CHONGQING, SICHUAN, Ledger
from tests.node_api.deliveries.delivery_nodes import DeliveryNode, Listener
from tests.support.served_chain import serve_chain


@contextmanager
def both(ledger: Ledger) -> Iterator[tuple[DeliveryNode, DeliveryNode]]:
    """The nodes of Chongqing and Sichuan, listening."""
    with serve_chain(ledger.chain) as served:
        ledger.set_chain(served.url)
        with ledger.open() as chongqing, ledger.open(SICHUAN) as sichuan:
            nodes = DeliveryNode(chongqing, Listener()), DeliveryNode(sichuan, Listener())
            for node in nodes:
                node.listen()
            nodes[0].peers = {str(SICHUAN): nodes[1].listener.url}
            nodes[1].peers = {str(CHONGQING): nodes[0].listener.url}
            try:
                yield nodes
            finally:
                for node in nodes:
                    node.stop_listening()


def test_a_case_is_handed_over_and_its_receipt_comes_back_by_itself(two: Ledger) -> None:
    case_id = submit(two)
    with both(two) as (chongqing, sichuan):
        sent = send_hand_over(chongqing.workspace, case_id, OFFICER)
        again = send_hand_over(chongqing.workspace, case_id, OFFICER)
        assert again.delivery_id == sent.delivery_id
        assert sent.receiver == SICHUAN_HOUSING
        chongqing.send_due()

        (arrived,) = list_inbox(sichuan.workspace)
        assert (arrived.kind, arrived.subject) == (DeliveryKind.CASE_PACKAGE, case_id.hex())
        taken = receive_case(sichuan.workspace, arrived.delivery_id, "齐全", OFFICER)
        assert receive_case(sichuan.workspace, arrived.delivery_id, "齐全", OFFICER) is not None
        assert fetch_case(sichuan.workspace.gateway, case_id).custodian == SICHUAN_HOUSING
        assert len(list_outgoing(sichuan.workspace)) == 1

        sichuan.send_due()
        chongqing.settle()
        receipts = read_papers(chongqing.workspace, case_id).of(HandOverReceipt)
        assert [each.note for each in receipts] == ["齐全"]
        assert taken.receipt_delivery is not None
        kept = show_delivery(chongqing.workspace, taken.receipt_delivery)
        assert (kept.kind, bool(kept.taken_at_unix)) == (DeliveryKind.RECEIPT, True)
        sichuan.settle()
        assert show_delivery(sichuan.workspace, taken.receipt_delivery).state is (
            DeliveryState.ACKNOWLEDGED
        )


def test_papers_that_are_shared_are_kept_and_nothing_is_taken_over(two: Ledger) -> None:
    case_id = submit(two)
    with both(two) as (chongqing, sichuan):
        sent = send_share(chongqing.workspace, case_id, SICHUAN_HOUSING)
        assert send_share(chongqing.workspace, case_id, SICHUAN_HOUSING) == sent
        chongqing.send_due()
        taken = receive_case(sichuan.workspace, sent.delivery_id)
        assert (taken.case_id, taken.result, taken.receipt_delivery) == (case_id, None, None)
        assert read_papers(sichuan.workspace, case_id).documents
        assert fetch_case(sichuan.workspace.gateway, case_id).custodian == WINDOW


def test_a_receipt_that_is_none_is_told_and_kept_for_people(two: Ledger) -> None:
    with both(two) as (chongqing, sichuan):
        queued = queue_delivery(sichuan.workspace, DeliveryKind.RECEIPT, WINDOW, b"{}")
        sichuan.send_due()
        for _ in range(2):
            chongqing.settle()
        found = show_delivery(chongqing.workspace, queued.delivery.delivery_id)
        assert (found.taken_at_unix, found.reason) == (None, "case_document_format")
        with pytest.raises(ConflictError) as refusal:
            receive_case(chongqing.workspace, found.delivery_id)
        assert refusal.value.code == "delivery_no_case"
