"""Block headers of the Prague fork (EIP-7685): fields, encoding, and drafts of new ones."""

from __future__ import annotations

import hashlib
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
