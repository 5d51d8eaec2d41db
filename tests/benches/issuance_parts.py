"""Where the time of issuing goes: CPU microseconds a row of each part, alone on one core."""

from __future__ import annotations

import pickle
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ledger.actions.issuance.rows import read_rows
from ledger.actions.issuance.sealing import (
    PlacedDraft,
    SealingOrder,
    compute_content_mac,
    make_order,
    seal_chunk,
)
from ledger.actions.issuers import find_seal_key
from ledger.vault.batches import NewBatch
from ledger.vault.staged import StagedCertificate
from ledger.workspace import Workspace
from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger, write_example

ROWS = 8_192
CHUNK = 1_024
TOGETHER = 4
REPEATS = 3


def measure_parts() -> dict[str, float]:
    """Microseconds of CPU a row, best of three, by part."""
    with tempfile.TemporaryDirectory(prefix="bench-parts-") as name:
        directory = Path(name)
        source = write_example(directory / "rows.csv", ROWS)
        with make_ledger(directory).open() as workspace:
            return _measure(workspace, source)


def _measure(workspace: Workspace, source: Path) -> dict[str, float]:
    key, cipher = find_seal_key(workspace, ISSUER), workspace.vault.row_cipher
    order = make_order(key.private_key, key.x5c, ISSUER, "synthetic", cipher)
    schema, today = workspace.schema(TYPE), datetime.now(UTC).date()

    def read() -> list[PlacedDraft]:
        rows = read_rows(source, schema, issuer=ISSUER, today=today)
        return [PlacedDraft(row.draft, bytes(16)) for row in rows if row.draft is not None]

    parts, drafts = {"read": _best(read)}, read()
    chunks = [drafts[start : start + CHUNK] for start in range(0, ROWS, CHUNK)]
    identifiers = [str(each.draft.certificate_id) for each in drafts]
    parts["recognise contents"] = _best(
        lambda: [compute_content_mac(cipher, each.draft) for each in drafts]
    )
    parts["look for known"] = _best(lambda: workspace.vault.certificates.find_many(identifiers))
    parts["to a worker"] = _best(lambda: [pickle.loads(pickle.dumps(each)) for each in chunks])
    parts["seal and encrypt"] = _best(lambda: _seal(order, chunks))
    sealed = _seal(order, chunks)
    parts["back"] = _best(lambda: [pickle.loads(pickle.dumps(each)) for each in sealed])
    parts["stage"] = _time(lambda: _stage(workspace, key.key_id, sealed))
    return parts


def _seal(order: SealingOrder, chunks: list[list[PlacedDraft]]) -> list[list[StagedCertificate]]:
    return [
        seal_chunk(order, chunk, bytes(32), number * CHUNK, 1_700_000_000)
        for number, chunk in enumerate(chunks)
    ]


def _stage(workspace: Workspace, key_id: bytes, sealed: list[list[StagedCertificate]]) -> None:
    vault = workspace.vault
    batch = vault.batches.open(NewBatch(bytes(32), bytes(32), ISSUER, key_id, TYPE, b"header"))
    for start in range(0, len(sealed), TOGETHER):
        with vault.transaction():
            for chunk in sealed[start : start + TOGETHER]:
                vault.certificates.stage(batch.pk, chunk)


def _best(call: Callable[[], object]) -> float:
    return min(_time(call) for _ in range(REPEATS))


def _time(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return (time.process_time() - before) / ROWS * 1e6
