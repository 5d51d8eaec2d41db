"""Run as a program: writes to a chain until it is killed, printing what it saw become durable.

Arguments: directory, seal interval in seconds, seed. Prints "ready" once, then for each receipt it
could read a line "hash slot value block".
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from local_chain.embedded import EmbeddedChain
from tests.local_chain.embedded.contracts import NOTEBOOK_INITCODE
from tests.local_chain.embedded.session import Session, to_checksum

SLOTS = 50


def find_or_deploy(session: Session) -> str:
    """The notebook is whatever the account's first transaction created."""
    if session.nonce("latest") == 0:
        session.send(None, NOTEBOOK_INITCODE, gas=1_000_000)
        session.chain.seal()
    first = session.ask("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0")
    return to_checksum(session.receipt(first["hash"])["contractAddress"])


def write_for_ever(directory: Path, seal_interval_s: float, seed: int) -> None:
    """Send bursts of notes, printing each once its receipt is there."""
    source = random.Random(seed)
    chain = EmbeddedChain.open(directory, seal_interval_s=seal_interval_s, lock_timeout_s=0)
    session = Session.start(chain)
    notebook = find_or_deploy(session)
    print("ready", flush=True)
    waiting: dict[str, tuple[int, int]] = {}
    while True:
        for _ in range(source.randrange(1, 12)):
            slot, value = source.randrange(SLOTS), source.randrange(1, 2**64)
            waiting[session.note(notebook, slot, value)] = (slot, value)
        for digest, (slot, value) in list(waiting.items()):
            receipt = session.receipt(digest)
            if receipt is not None:
                print(digest, slot, value, int(receipt["blockNumber"], 16), flush=True)
                del waiting[digest]


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
