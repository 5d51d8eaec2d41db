"""kill -9 at any instant, a full disk, a map that is too small: nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from local_chain.embedded import EmbeddedChain
from local_chain.embedded.environment import DATA_FILE_NAME, Environment
from tests.local_chain.embedded.contracts import word
from tests.local_chain.embedded.history import check_history
from tests.local_chain.embedded.session import Session
from tests.local_chain.embedded.writer import SLOTS, find_or_deploy

ROOT = Path(__file__).parents[3]
WRITER = "tests.local_chain.embedded.writer"


class Note(NamedTuple):
    """A line that the writer printed."""

    digest: str
    slot: int
    value: int
    number: int


def write_until_killed(directory: Path, seal_interval_s: float, seed: int) -> list[Note]:
    """Start a writer, kill it at a random instant, and return what it had seen as durable."""
    source = random.Random(seed)
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    process = subprocess.Popen(
        [sys.executable, "-m", WRITER, str(directory), str(seal_interval_s), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": search_path},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        threading.Timer(source.uniform(0, 0.4), process.kill).start()
        lines = process.stdout.readlines()
    assert process.returncode == -9
    complete = [line.split() for line in lines if line.endswith("\n")]
    return [Note(digest, int(slot), int(value), int(at)) for digest, slot, value, at in complete]


@pytest.mark.parametrize("seal_interval_s", [0.0, 0.03])
def test_what_had_a_receipt_survives_kill_at_any_instant(
    directory: Path, seal_interval_s: float
) -> None:
    seen: list[Note] = []
    seed = 0
    while seed < 6 or len(seen) < 50:
        seed += 1
        seen += write_until_killed(directory, seal_interval_s, seed)
        check_history(directory)
        with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
            check_notes(Session.start(chain), seen)


def check_notes(session: Session, seen: list[Note]) -> None:
    """Every note has its receipt and log, and the state is what all sealed notes make of it."""
    for note in seen:
        receipt = session.receipt(note.digest)
        assert int(receipt["blockNumber"], 16) == note.number
        assert receipt["status"] == "0x1"
    notebook = find_or_deploy(session)
    logs = session.ask("eth_getLogs", {"fromBlock": "0x0", "address": notebook})
    assert {note.digest for note in seen} <= {log["transactionHash"] for log in logs}
    kept = dict.fromkeys(range(SLOTS), 0)
    kept |= {int(log["topics"][0], 16): int(log["data"], 16) for log in logs}
    assert {slot: session.read(notebook, slot) for slot in kept} == kept
    assert session.nonce("latest") == len(logs) + 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("seed", range(12))
def test_founding_can_be_killed_at_any_instant(directory: Path, seed: int) -> None:
    child = os.fork()
    if child == 0:
        EmbeddedChain.open(directory)
        os._exit(0)
    threading.Event().wait(random.Random(seed).uniform(0, 0.012))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with EmbeddedChain.open(directory, lock_timeout_s=0) as chain:
        assert Session.start(chain).ask("eth_blockNumber") == "0x0"
    assert check_history(directory) == 0


FILL = """
import resource, sys
from pathlib import Path
from local_chain.embedded import ChainStorageError, EmbeddedChain, RpcError
from tests.local_chain.embedded.session import Session
from tests.local_chain.embedded.writer import find_or_deploy

directory = Path(sys.argv[1])
chain = EmbeddedChain.open(directory, seal_interval_s=3600)
session = Session.start(chain)
notebook = find_or_deploy(session)
full = (directory / "data.mdb").stat().st_size + 400_000
resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
slot = 0
try:
    while True:
        batch = [session.note(notebook, slot + at, 1) for at in range(20)]
        chain.seal()
        for digest in batch:
            print("sealed", digest, flush=True)
        slot += 20
except ChainStorageError as problem:
    print("refused", problem, flush=True)
waiting = chain.respond({"id": 1, "method": "eth_getTransactionReceipt", "params": [batch[0]]})
print("waits", waiting["error"]["data"], waiting["error"]["message"], flush=True)
response = chain.respond({"id": 1, "method": "eth_sendRawTransaction",
                          "params": [session.sign(notebook, bytes(64), nonce=slot + 21)]})
print("next", response["error"]["message"], flush=True)
assert session.nonce("pending") == slot + 21
if sys.argv[2] == "recover":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    chain.close()
    for digest in batch:
        print("sealed", digest, flush=True)
"""


@pytest.mark.parametrize("ending", ["recover", "die"])
def test_full_disk_is_named_and_loses_nothing_sealed(directory: Path, ending: str) -> None:
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    finished = subprocess.run(
        [sys.executable, "-c", FILL, str(directory), ending],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": search_path},
    )
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    told = ("refused", "next", "waits chain_storage")
    refusals = [line for line in lines if line.startswith(told)]
    assert len(refusals) == 3
    assert all(DATA_FILE_NAME in line and "bytes free" in line for line in refusals)
    sealed = [line.split()[1] for line in lines if line.startswith("sealed")]
    assert len(sealed) > 40
    check_history(directory)
    with EmbeddedChain.open(directory) as chain:
        session = Session.start(chain)
        assert all(session.receipt(digest)["status"] == "0x1" for digest in sealed)
        notebook = find_or_deploy(session)
        logs = session.ask("eth_getLogs", {"fromBlock": "0x0", "address": notebook})
        assert [log["transactionHash"] for log in logs] == sealed
        session.note(notebook, 1, 7)
        chain.seal()
        assert session.read(notebook, 1) == 7


def test_map_grows_when_a_block_does_not_fit(tmp_path: Path) -> None:
    environment = Environment(tmp_path, ("one",), (), smallest_map_bytes=1 << 16)
    value = os.urandom(1 << 20)
    for at in range(5):
        environment.write(
            lambda transaction, at=at: transaction.put(  # type: ignore[misc]
                word(at), value, db=environment.table("one")
            )
        )
    environment.close()
    environment = Environment(tmp_path, ("one",), (), smallest_map_bytes=1 << 16)
    with environment.read() as transaction:
        table = environment.table("one")
        assert all(transaction.get(word(at), db=table) == value for at in range(5))
    environment.close()


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = Environment(tmp_path, ("one",), ())

    def change(transaction: object) -> None:
        transaction.put(b"key", b"value", db=environment.table("one"))  # type: ignore[attr-defined]
        raise KeyError("stop")

    with pytest.raises(KeyError):
        environment.write(change)
    with environment.read() as transaction:
        assert transaction.get(b"key", db=environment.table("one")) is None
    environment.close()
