"""Recorded events as the gateway gives them, made without a chain."""

from __future__ import annotations

from hashlib import sha256

from ledger.abi import Event
from ledger.chain.gateway import RecordedEvent
from ledger.identifiers import CertificateType, MemberId, Uscc
from ledger.index.projector import Projection, project
from ledger.records import (
    BatchAnchored,
    BatchStatement,
    EntryAppended,
    LogEntry,
    Signature,
    StatusAttested,
    StatusChanged,
    StatusStatement,
    WordChange,
)

BEGIN_UNIX = 1_800_000_000
CHONGQING = MemberId.parse("500000")
SICHUAN = MemberId.parse("510000")
ISSUER = Uscc.build("11500000000000001")
TYPE = CertificateType.parse("11100000000013338W011")
SEAL = Signature(1, b"r" * 32, b"s" * 32)


def batch_key_of(number: int) -> bytes:
    return sha256(number.to_bytes(8, "big")).digest()


def anchored(number: int) -> BatchAnchored:
    """The anchoring of the batch of that number."""
    batch_id = number.to_bytes(32, "big")
    statement = BatchStatement(ISSUER, b"k" * 32, TYPE, batch_id, b"r" * 32, 300, 1 << 33)
    return BatchAnchored(batch_key_of(number), statement, SEAL)


def changed(number: int, *words: int) -> StatusChanged:
    """A change of words of the batch of that number."""
    changes = tuple(WordChange(word, bytes(32), b"\1" * 32) for word in words)
    statement = StatusStatement(
        ISSUER, b"k" * 32, batch_key_of(number), 1, 2, 20261122, bytes(32), "第一条", changes
    )
    return StatusChanged(batch_key_of(number), statement, SEAL)


def attested(number: int, word: int) -> StatusAttested:
    return StatusAttested(batch_key_of(number), word, b"\1" * 32, 1)


def record(
    event: Event,
    index: int,
    *,
    region: MemberId = CHONGQING,
    time_unix: int | None = None,
    is_known: bool = True,
) -> RecordedEvent:
    """The event as entry `index` of the log, in block `index`."""
    subject = getattr(event, "batch_key", bytes(32))
    entry = LogEntry(
        event.TOPIC,
        region,
        ISSUER.to_chain(),
        subject,
        event.payload_hash(),
        BEGIN_UNIX + index if time_unix is None else time_unix,
    )
    transaction_hash = sha256(b"transaction" + index.to_bytes(8, "big")).digest()
    appended = EntryAppended(index, entry)
    return RecordedEvent(index, appended, event if is_known else None, index, transaction_hash)


def batches(first: int, count: int) -> list[Projection]:
    """Rows of so many anchorings, as entries from `first` on."""
    return [project(record(anchored(number), number)) for number in range(first, first + count)]
