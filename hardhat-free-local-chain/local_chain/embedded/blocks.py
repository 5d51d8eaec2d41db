"""Blocks as they are stored: header, transactions with their outcome, logs; and their encodings.

Pure: bytes to types and back. The header is that of the Prague fork, 21 fields (EIP-7685).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from local_chain.embedded import rlp
from local_chain.embedded.keccak import keccak

EMPTY_TRIE_ROOT = keccak(rlp.encode(b""))
EMPTY_UNCLES_HASH = keccak(rlp.encode([]))
EMPTY_REQUESTS_HASH = hashlib.sha256().digest()
ZERO_HASH = bytes(32)
ZERO_ADDRESS = bytes(20)
EMPTY_BLOOM = bytes(256)


@dataclass(frozen=True, slots=True)
class Header:
    """A block header; the order of the fields is that of its RLP list.

    Args:
        timestamp: seconds since the epoch, never less than the parent's.
        gas_limit, gas_used: gas.
        base_fee_per_gas: always 0, gas is free here.
    """

    parent_hash: bytes
    uncles_hash: bytes
    coinbase: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    mix_hash: bytes
    nonce: bytes
    base_fee_per_gas: int
    withdrawals_root: bytes
    blob_gas_used: int
    excess_blob_gas: int
    parent_beacon_block_root: bytes
    requests_hash: bytes

    def encode(self) -> bytes:
        """The RLP encoding, whose Keccak-256 is the block hash."""
        values = (getattr(self, name) for name in _HEADER_FIELDS)
        return rlp.encode(
            [rlp.encode_integer(value) if isinstance(value, int) else value for value in values]
        )

    def compute_hash(self) -> bytes:
        """The block hash, 32 bytes."""
        return keccak(self.encode())

    @classmethod
    def parse(cls, encoded: bytes) -> Header:
        """Read what `encode` wrote.

        Raises:
            ValueError: not the RLP list of a Prague header.
        """
        pairs = zip(_HEADER_FIELDS, rlp.decode_list(encoded, len(_HEADER_FIELDS)), strict=True)
        values: dict[str, Any] = {
            name: rlp.decode_integer(value) if name in _INTEGER_FIELDS else value
            for name, value in pairs
        }
        return cls(**values)


_HEADER_FIELDS = tuple(field.name for field in fields(Header))
_INTEGER_FIELDS = frozenset(field.name for field in fields(Header) if field.type == "int")


def draft_genesis(timestamp: int, gas_limit: int) -> Header:
    """Block 0: no accounts, no parent."""
    return Header(
        parent_hash=ZERO_HASH,
        uncles_hash=EMPTY_UNCLES_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=EMPTY_BLOOM,
        difficulty=0,
        number=0,
        gas_limit=gas_limit,
        gas_used=0,
        timestamp=timestamp,
        extra_data=b"",
        mix_hash=ZERO_HASH,
        nonce=bytes(8),
        base_fee_per_gas=0,
        withdrawals_root=EMPTY_TRIE_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_block_root=ZERO_HASH,
        requests_hash=EMPTY_REQUESTS_HASH,
    )


def draft_child(parent: Header, parent_hash: bytes, timestamp: int) -> Header:
    """An empty block on `parent`, its state still the parent's."""
    return replace(
        parent,
        parent_hash=parent_hash,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=EMPTY_BLOOM,
        number=parent.number + 1,
        gas_used=0,
        timestamp=timestamp,
    )


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
