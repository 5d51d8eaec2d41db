"""What a block holds besides its header: transactions with their outcome, and logs.

Pure: bytes to types and back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local_chain.embedded import rlp
from local_chain.embedded.headers import ZERO_ADDRESS, Header
from local_chain.embedded.keccak import keccak

_PLACE = struct.Struct(">QI")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a transaction or a log stands: block number and position in the block."""

    number: int
    index: int

    def encode(self) -> bytes:
        """12 bytes whose order is that of the chain."""
        return _PLACE.pack(self.number, self.index)

    @classmethod
    def parse(cls, encoded: bytes) -> Place:
        """Read what `encode` wrote."""
        return cls(*_PLACE.unpack(encoded))


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log of a transaction.

    Args:
        address: 20 bytes, the contract that emitted it.
        topics: at most 4 words of 32 bytes.
        transaction_index: position of its transaction in the block.
    """

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    transaction_index: int

    def encode(self) -> bytes:
        """20 bytes address ‖ u32 transaction index ‖ u8 number of topics ‖ topics ‖ data."""
        head = self.address + struct.pack(">IB", self.transaction_index, len(self.topics))
        return b"".join((head, *self.topics, self.data))

    @classmethod
    def parse(cls, encoded: bytes) -> LogRecord:
        """Read what `encode` wrote."""
        index, count = struct.unpack_from(">IB", encoded, 20)
        end = 25 + 32 * count
        topics = tuple(encoded[at : at + 32] for at in range(25, end, 32))
        return cls(encoded[:20], topics, encoded[end:], index)


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction with what came of it.

    Args:
        raw: the signed transaction as it was sent.
        transaction_hash: Keccak-256 of `raw`.
        succeeded: receipt status.
        gas_used, cumulative_gas_used: gas, alone and up to here in the block.
        recipient, created: the account called, or the contract created; the other is None.
        first_log_index, log_count: its logs within the block's.
    """

    raw: bytes
    transaction_hash: bytes
    sender: bytes
    recipient: bytes | None
    created: bytes | None
    succeeded: bool
    gas_used: int
    cumulative_gas_used: int
    effective_gas_price: int
    first_log_index: int
    log_count: int

    @property
    def type_number(self) -> int:
        """EIP-2718 type; 0 for a transaction without envelope."""
        return self.raw[0] if self.raw[0] < 0x80 else 0

    def encode(self) -> bytes:
        """A fixed head (see `_RECORD_HEAD`) followed by the raw transaction."""
        head = _RECORD_HEAD.pack(
            self.succeeded,
            self.created is not None,
            self.transaction_hash,
            self.sender,
            self.created or self.recipient or ZERO_ADDRESS,
            self.gas_used,
            self.cumulative_gas_used,
            self.effective_gas_price.to_bytes(32, "big"),
            self.first_log_index,
            self.log_count,
        )
        return head + self.raw

    @classmethod
    def parse(cls, encoded: bytes) -> TransactionRecord:
        """Read what `encode` wrote."""
        succeeded, creates, digest, sender, target, gas, total, price, first, count = (
            _RECORD_HEAD.unpack_from(encoded)
        )
        return cls(
            raw=encoded[_RECORD_HEAD.size :],
            transaction_hash=digest,
            sender=sender,
            recipient=None if creates else target,
            created=target if creates else None,
            succeeded=succeeded,
            gas_used=gas,
            cumulative_gas_used=total,
            effective_gas_price=int.from_bytes(price, "big"),
            first_log_index=first,
            log_count=count,
        )


_RECORD_HEAD = struct.Struct(">??32s20s20sQQ32sII")


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block ready to be written in one step, with the state nodes it adds.

    Args:
        nodes: new trie nodes and contract codes by their Keccak-256.
    """

    header: Header
    block_hash: bytes
    transactions: Sequence[TransactionRecord]
    logs: Sequence[LogRecord]
    nodes: dict[bytes, bytes]


def compute_bloom(logs: Iterable[LogRecord]) -> bytes:
    """The 2048-bit filter over addresses and topics (Yellow Paper, 4.3.1), 256 bytes."""
    bits = 0
    for word in {word for log in logs for word in (log.address, *log.topics)}:
        digest = keccak(word)
        for at in (0, 2, 4):
            bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits.to_bytes(256, "big")


def encode_receipt(record: TransactionRecord, logs: Sequence[LogRecord]) -> bytes:
    """The consensus encoding of a receipt (EIP-658, EIP-2718), a leaf of the receipts trie."""
    body = rlp.encode(
        [
            rlp.encode_integer(record.succeeded),
            rlp.encode_integer(record.cumulative_gas_used),
            compute_bloom(logs),
            [[log.address, list(log.topics), log.data] for log in logs],
        ]
    )
    return bytes([record.type_number]) + body if record.type_number else body
