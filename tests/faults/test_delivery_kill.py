"""Sender or receiver killed at any stage: the content arrives once, with one receipt."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

from ledger.actions.deliveries.inbox import list_inbox, read_receipt, take_delivery
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import DeliveryKind
from ledger.records import DeliveryAcknowledged
from ledger.vault.delivery_tables import DeliveryState
from tests.faults import delivery_process
from tests.faults.delivery_process import Kill
from tests.node_api.deliveries.delivery_nodes import PART
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN, Consortium
from tests.support.served_chain import serve_chain

SIZE = 3 * PART
LONGEST_S = 120

AT_RECEIVER = [
    Kill("announce", is_after=False),
    Kill("announce", is_after=True),
    Kill("append", is_after=False, occurrence=2),
    Kill("append", is_after=True, occurrence=2),
    Kill("append", is_after=True, occurrence=4),  # whole, and not looked at
    Kill("file", is_after=False),
    Kill("file", is_after=True),
    Kill("submit", is_after=False),
    Kill("submit", is_after=True),
    Kill("mark_acknowledged", is_after=True),
]
AT_SENDER = [
    Kill("note_progress", is_after=False, occurrence=2),
    Kill("note_progress", is_after=True, occurrence=3),
    Kill("keep_receipt", is_after=False),
    Kill("keep_receipt", is_after=True),
    Kill("mark_acknowledged", is_after=False),
]


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes that have loaded the program already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([delivery_process.__name__])
    return context


@pytest.fixture(scope="module")
def served(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Consortium]:
    own = founded_consortium.copy(tmp_path_factory.mktemp("killed") / "consortium")
    with serve_chain(own.chain) as chain:
        own.set_chain_of_all(chain.url)
        yield own


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def start(forks: ForkServerContext, target: Any, *arguments: Any) -> BaseProcess:
    process = forks.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def stop(process: BaseProcess) -> None:
    process.kill()
    process.join()


@pytest.mark.parametrize(
    ("side", "kill"),
    [*(("receiver", kill) for kill in AT_RECEIVER), *(("sender", kill) for kill in AT_SENDER)],
    ids=str,
)
def test_whoever_is_killed_when_it_arrives_once(
    served: Consortium, forks: ForkServerContext, side: str, kill: Kill
) -> None:
    content = os.urandom(SIZE)
    with served.open(CHONGQING) as workspace:
        queued = queue_delivery(workspace, DeliveryKind.RESULT, ISSUERS[SICHUAN], content)
    delivery_id, port = queued.delivery.delivery_id, find_port()
    deadly = {side: kill}
    serving = (delivery_process.serve, served.directory, port)
    sending = (delivery_process.send, served.directory, port, delivery_id)
    receiver = start(forks, *serving, deadly.get("receiver"))
    sender = start(forks, *sending, deadly.get("sender"))

    doomed = receiver if side == "receiver" else sender
    doomed.join(LONGEST_S)
    assert doomed.exitcode == -signal.SIGKILL
    if side == "receiver":
        receiver = start(forks, *serving, None)
    else:
        sender = start(forks, *sending, None)
    sender.join(LONGEST_S)
    assert sender.exitcode == 0
    stop(receiver)

    with served.open(SICHUAN) as workspace:
        arrived = [each for each in list_inbox(workspace) if each.delivery_id == delivery_id]
        assert [each.arrived for each in arrived] == [arrived[0].size]
        assert take_delivery(workspace, delivery_id) == content
        theirs = read_receipt(workspace, delivery_id)
    with served.open(CHONGQING) as workspace:
        stored = workspace.vault.deliveries.get(delivery_id)
        assert stored.state is DeliveryState.ACKNOWLEDGED
        ours = read_receipt(workspace, delivery_id)
        entries = workspace.index.entries_of(delivery_id)
    assert ours == theirs
    (entry,) = entries
    assert entry.payload is not None
    recorded = DeliveryAcknowledged.decode_payload(entry.payload).statement
    assert recorded.receipt_digest == DeliveryReceipt.parse(ours).digest
