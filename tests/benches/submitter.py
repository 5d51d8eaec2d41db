"""The submitter against the engine's raw rate: the same batches anchored on a served chain.

The limit signs the transactions and sends them one after the other over one connection, keeping
nothing and waiting only until the last is mined. The submitter signs, stores each durably before it
is sent, and gives every thread its own receipt. Each takes its turn several times, so that what
else the machine does meets both; the figure is of the best turn of each.

`submit` also has the chain try each call beforehand, which costs the engine as much again: its rate
stands in the details.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ledger.actions.issuers import find_seal_key
from ledger.chain.accounts import Call, load_account
from ledger.chain.artifacts import load_artifact
from ledger.chain.submitter import MAX_TRANSACTION_GAS
from ledger.config import CONFIG_NAME, Config
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.records import BatchStatement
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger
from tests.benches.result import Limit, Result
from tests.support.served_chain import serve_chain

ACTS = 100
THREADS = 32
TURNS = 3
SEAL_INTERVAL_S = 0.2
MODULE, FUNCTION = "CertificateLedger", "anchorBatch"


def run() -> Result:
    with (
        tempfile.TemporaryDirectory(prefix="bench-submitter-") as name,
        _open_served(Path(name)) as workspace,
    ):
        raw, sent, tried = [], [], []
        for _ in range(TURNS):
            raw.append(_measure(workspace, _send_raw))
            sent.append(_measure(workspace, _send))
            tried.append(_measure(workspace, _submit))
    limit = Limit("engine, sent raw over one connection", max(raw))
    details: dict[str, object] = {
        "acts": ACTS,
        "threads": THREADS,
        "raw_per_s": raw,
        "sent_per_s": sent,
        "submitted_per_s": tried,
        "submitted_against_raw": max(tried) / max(raw),
    }
    value = max(sent)
    return Result("submitter", "transactions/s", value, limit, value / limit.value, details)


@contextmanager
def _open_served(directory: Path) -> Iterator[Workspace]:
    ledger = make_ledger(directory)
    with serve_chain(directory / "chain", seal_interval_s=SEAL_INTERVAL_S) as chain:
        path = ledger.home / CONFIG_NAME
        replace(Config.load(path), chain=chain.url).store(path)
        with ledger.open() as workspace:
            _submit(workspace, _prepare(workspace, 1))  # loads what is loaded once
            yield workspace


def _measure(
    workspace: Workspace, carry: Callable[[Workspace, list[tuple[object, ...]]], None]
) -> float:
    """Acts a second; they are sealed before the clock is started."""
    acts = _prepare(workspace, ACTS)
    size = workspace.gateway.log_size()
    began = time.perf_counter()
    carry(workspace, acts)
    elapsed = time.perf_counter() - began
    if workspace.gateway.log_size() != size + ACTS:
        raise AssertionError("not every act is in the log")
    return ACTS / elapsed


def _prepare(workspace: Workspace, count: int) -> list[tuple[object, ...]]:
    key = find_seal_key(workspace, ISSUER)
    until = workspace.latest_unix() + 3_600
    return [_seal(workspace, key, until) for _ in range(count)]


def _seal(workspace: Workspace, key: SealKey, until: int) -> tuple[object, ...]:
    batch_id, root = secrets.token_bytes(32), secrets.token_bytes(32)
    statement = BatchStatement(ISSUER, key.key_id, TYPE, batch_id, root, 300, until)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return statement.to_abi(), sign_digest(key.private_key, digest).to_abi()


def _make_call(workspace: Workspace, address: str, act: tuple[object, ...]) -> Call:
    return Call(address, load_artifact(MODULE).encode_call(FUNCTION, act))


def _send_raw(workspace: Workspace, acts: list[tuple[object, ...]]) -> None:
    account = load_account(workspace.keys.operator_secret())
    client, chain_id = workspace.gateway.client, workspace.gateway.chain_id
    address = workspace.gateway.module(MODULE).address
    first = workspace.submitter.next_nonce()
    for nonce, act in enumerate(acts, first):
        call = _make_call(workspace, address, act)
        signed = account.sign(call, nonce=nonce, gas=MAX_TRANSACTION_GAS, chain_id=chain_id)
        client.request("sending", "eth_sendRawTransaction", f"0x{signed.raw.hex()}")
    last = f"0x{signed.transaction_hash.hex()}"
    while client.request("waiting", "eth_getTransactionReceipt", last) is None:
        time.sleep(0.01)


def _send(workspace: Workspace, acts: list[tuple[object, ...]]) -> None:
    address = workspace.gateway.module(MODULE).address

    def carry(act: tuple[object, ...]) -> None:
        workspace.submitter.send(_make_call(workspace, address, act), "bench", "")

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(carry, acts))


def _submit(workspace: Workspace, acts: list[tuple[object, ...]]) -> None:
    def carry(act: tuple[object, ...]) -> None:
        workspace.submitter.submit(MODULE, FUNCTION, *act, purpose="bench")

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(carry, acts))
