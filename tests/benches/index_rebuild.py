"""Filling an index with recorded entries: decoding, projecting, tree and database."""

from __future__ import annotations

import tempfile
import time
from hashlib import sha256
from pathlib import Path

from ledger.chain.gateway import RecordedEvent
from ledger.formats.merkle import leaf_hash
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.index.projector import Projection, project
from ledger.index.store import IndexStore
from ledger.records import BatchAnchored, BatchStatement, EntryAppended, LogEntry, Signature
from tests.benches.limits import rate_of
from tests.benches.result import Limit, Result

ENTRIES = 100_000
CHUNK = 5_000
ISSUER = Uscc.parse("11500000000000001G")
TYPE = CertificateType.parse("11100000000013338W011")
MEMBER = MemberId.parse("500000")


def run() -> Result:
    data = bytes(600)
    hashing = Limit(
        "hashing an entry's payload and leaf, one core, 1/s",
        rate_of(lambda: (sha256(data).digest(), leaf_hash(data[:192]))),
    )
    logs = [_encode(index) for index in range(ENTRIES)]
    with tempfile.TemporaryDirectory(prefix="bench-index-") as name:
        path = Path(name) / "index.sqlite"
        with IndexStore.create(path, bytes(32), "0x" + "0" * 40) as store:
            started = time.perf_counter()
            for start in range(0, ENTRIES, CHUNK):
                chunk = [_decode(log, start + at) for at, log in enumerate(logs[start:][:CHUNK])]
                store.append(chunk, next_block=start + CHUNK, synced_to_unix=0)
            seconds = time.perf_counter() - started
        size = path.stat().st_size  # whole: closing the last connection folds the log in
    rate = ENTRIES / seconds
    details: dict[str, object] = {"entries": ENTRIES, "bytes_each": size / ENTRIES}
    return Result("index_rebuild", "entries/s", rate, hashing, rate / hashing.value, details)


def _encode(index: int) -> tuple[bytes, bytes]:
    """What the chain's two logs of an anchoring hold."""
    batch_id = index.to_bytes(32, "big")
    statement = BatchStatement(ISSUER, bytes(32), TYPE, batch_id, batch_id, 100, 1 << 33)
    event = BatchAnchored(sha256(batch_id).digest(), statement, Signature(1, batch_id, batch_id))
    entry = LogEntry(
        BatchAnchored.TOPIC,
        MEMBER,
        ISSUER.to_chain(),
        event.batch_key,
        event.payload_hash(),
        1_700_000_000 + index,
    )
    return event.encode_payload(), EntryAppended(index, entry).encode_payload()


def _decode(log: tuple[bytes, bytes], index: int) -> Projection:
    event = BatchAnchored.decode_payload(log[0])
    appended = EntryAppended.decode_payload(log[1])
    return project(RecordedEvent(index, appended, event, index, bytes(32)))
