"""kill -9 of the server at any instant: what had a receipt is there, and clients get on."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local_chain.embedded import EmbeddedChain
from local_chain.embedded.keccak import keccak
from tests.local_chain.embedded.contracts import encode_note
from tests.local_chain.embedded.history import check_history
from tests.local_chain.embedded.session import Session
from tests.local_chain.server.remote import RemoteChain
from tests.support.served_chain import RefusedError, ServedChain, serve_chain, start_serving

CLIENTS = 4
ROUNDS = 10
CHAIN_ID = 23116


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class FixedChain:
    """Answers what signing asks for, without a server."""

    rpc = property(lambda self: self)

    def answer(self, method: str, _: Any) -> str:
        assert method == "eth_chainId"
        return hex(CHAIN_ID)


@dataclass
class Client(threading.Thread):
    """Sends one transaction after the other, each until it has a receipt, whatever happens.

    Attributes:
        seen: each transaction with the block that its receipt named.
        setbacks: how often nobody answered.
    """

    served: ServedChain
    notebook: str
    secret: int
    stopping: threading.Event
    seen: dict[str, int] = field(default_factory=dict)
    setbacks: int = 0

    def __post_init__(self) -> None:
        super().__init__(name=f"client {self.secret}")

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        session = Session.start(FixedChain(), self.secret)  # type: ignore[arg-type]  # signs only
        while not self.stopping.is_set():
            nonce = len(self.seen)
            raw = session.sign(self.notebook, encode_note(self.secret, nonce), nonce=nonce)
            digest = "0x" + keccak(bytes.fromhex(raw[2:])).hex()
            while (receipt := self._try(raw, digest)) is None:
                pass
            self.seen[digest] = int(receipt["blockNumber"], 16)

    def _try(self, raw: str, digest: str) -> Any:
        """The receipt; without one the transaction is sent, unless the node knows it."""
        try:
            receipt = self.served.ask("eth_getTransactionReceipt", digest)
            if receipt is None and self.served.ask("eth_getTransactionByHash", digest) is None:
                self.served.ask("eth_sendRawTransaction", raw)
        except (OSError, http.client.HTTPException):
            self.setbacks += 1
            time.sleep(0.01)
            return None
        return receipt


def test_what_had_a_receipt_survives_and_clients_get_on(directory: Path) -> None:
    source = random.Random(5)
    port, stopping = find_free_port(), threading.Event()
    served = start_serving(directory, port=port)
    notebook = Session.start(RemoteChain(served)).deploy()
    clients = [Client(served, notebook, secret, stopping) for secret in range(2, 2 + CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(ROUNDS):
        wait_for_receipts(clients, 5)
        time.sleep(source.uniform(0, 0.2))
        served.process.kill()
        served.process.communicate()
        check_history(directory)
        served = start_serving(directory, port=port)
    wait_for_receipts(clients, 5)
    stopping.set()
    for client in clients:
        client.join()
    assert served.stop() == 0
    served.process.communicate()
    check_history(directory)
    assert sum(client.setbacks for client in clients) > 0
    with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
        session = Session.start(chain)
        for client in clients:
            check_client(session, client)


def wait_for_receipts(clients: list[Client], count: int) -> None:
    """So many more than there are now."""
    before = sum(len(client.seen) for client in clients)
    while sum(len(client.seen) for client in clients) < before + count:
        assert all(client.is_alive() for client in clients)
        time.sleep(0.005)


def check_client(session: Session, client: Client) -> None:
    """Each transaction stands where its receipt said, once and in order."""
    for digest, number in client.seen.items():
        receipt = session.receipt(digest)
        assert int(receipt["blockNumber"], 16) == number
        assert receipt["status"] == "0x1"
    wanted = {"fromBlock": "0x0", "topics": [f"0x{client.secret:064x}"]}
    logs = session.ask("eth_getLogs", wanted)
    assert [log["transactionHash"] for log in logs] == list(client.seen)
    assert [int(log["data"], 16) for log in logs] == list(range(len(client.seen)))


def test_transaction_without_receipt_may_be_lost_and_is_taken_again(directory: Path) -> None:
    with serve_chain(directory, seal_interval_s=3600) as served:
        session = Session.start(RemoteChain(served))
        session.send(None, b"")  # sealed at once, being the first
        raw = session.sign(None, b"", nonce=1)
        digest = session.ask("eth_sendRawTransaction", raw)
        assert session.receipt(digest) is None
        with pytest.raises(RefusedError, match="already known"):
            session.ask("eth_sendRawTransaction", raw)
    with serve_chain(directory) as served:
        assert served.ask("eth_getTransactionByHash", digest) is None
        assert served.ask("eth_sendRawTransaction", raw) == digest
