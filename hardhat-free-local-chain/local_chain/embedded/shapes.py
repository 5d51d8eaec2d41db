"""Stored records to the JSON shapes of an Ethereum node (EIP-1474, execution-apis)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from local_chain.embedded import rlp
from local_chain.embedded.blocks import LogRecord, Place, TransactionRecord, compute_bloom
from local_chain.embedded.headers import Header
from local_chain.embedded.transactions import Transaction

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


def to_hex(data: bytes) -> str:
    """Data: two digits a byte."""
    return "0x" + data.hex()


def shape_block(
    header: Header,
    block_hash: bytes | None,
    records: Sequence[TransactionRecord],
    transactions: Sequence[Json],
) -> dict[str, Json]:
    """A block; without hash and nonce if it is the one being filled."""
    return {
        "number": hex(header.number),
        "hash": None if block_hash is None else to_hex(block_hash),
        "parentHash": to_hex(header.parent_hash),
        "nonce": None if block_hash is None else to_hex(header.nonce),
        "sha3Uncles": to_hex(header.uncles_hash),
        "logsBloom": to_hex(header.logs_bloom),
        "transactionsRoot": to_hex(header.transactions_root),
        "stateRoot": to_hex(header.state_root),
        "receiptsRoot": to_hex(header.receipts_root),
        "miner": to_hex(header.coinbase),
        "difficulty": hex(header.difficulty),
        "extraData": to_hex(header.extra_data),
        "size": hex(compute_size(header, records)),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "mixHash": to_hex(header.mix_hash),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "withdrawalsRoot": to_hex(header.withdrawals_root),
        "withdrawals": [],
        "blobGasUsed": hex(header.blob_gas_used),
        "excessBlobGas": hex(header.excess_blob_gas),
        "parentBeaconBlockRoot": to_hex(header.parent_beacon_block_root),
        "requestsHash": to_hex(header.requests_hash),
        "uncles": [],
        "transactions": transactions,
    }


def compute_size(header: Header, records: Sequence[TransactionRecord]) -> int:
    """The length of the block's RLP encoding, bytes."""
    enveloped = [rlp.encode(one.raw) if one.type_number else one.raw for one in records]
    parts = [header.encode(), rlp.wrap_list(b"".join(enveloped)), rlp.encode([]), rlp.encode([])]
    return len(rlp.wrap_list(b"".join(parts)))


def shape_transaction(
    record: TransactionRecord, transaction: Transaction, chain_id: int
) -> dict[str, Json]:
    """A transaction without its place in the chain."""
    shape: dict[str, Json] = {
        "type": hex(record.type_number),
        "chainId": hex(chain_id),
        "hash": to_hex(record.transaction_hash),
        "from": to_hex(record.sender),
        "to": None if record.recipient is None else to_hex(record.recipient),
        "nonce": hex(transaction.nonce),
        "gas": hex(transaction.gas),
        "gasPrice": hex(record.effective_gas_price),
        "value": hex(transaction.value),
        "input": to_hex(transaction.data),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
    }
    if record.type_number == 0:
        shape["v"] = hex(transaction.y_parity + 35 + 2 * chain_id)
        return shape
    shape["v"] = shape["yParity"] = hex(transaction.y_parity)
    shape["accessList"] = [
        {"address": to_hex(address), "storageKeys": [f"0x{slot:064x}" for slot in slots]}
        for address, slots in transaction.access_list
    ]
    if record.type_number == 2:
        shape["maxFeePerGas"] = hex(transaction.max_fee_per_gas)
        shape["maxPriorityFeePerGas"] = hex(transaction.max_priority_fee_per_gas)
    return shape


def shape_place(place: Place | None, block_hash: bytes | None) -> dict[str, Json]:
    """Where a transaction stands; all null while it is pending."""
    if place is None or block_hash is None:
        return {"blockHash": None, "blockNumber": None, "transactionIndex": None}
    return {
        "blockHash": to_hex(block_hash),
        "blockNumber": hex(place.number),
        "transactionIndex": hex(place.index),
    }


def shape_receipt(
    record: TransactionRecord, place: Place, block_hash: bytes, logs: Sequence[LogRecord]
) -> dict[str, Json]:
    """The receipt of a sealed transaction."""
    digest = to_hex(record.transaction_hash)
    shape = shape_place(place, block_hash)
    return shape | {
        "transactionHash": digest,
        "type": hex(record.type_number),
        "from": to_hex(record.sender),
        "to": None if record.recipient is None else to_hex(record.recipient),
        "contractAddress": None if record.created is None else to_hex(record.created),
        "status": hex(record.succeeded),
        "gasUsed": hex(record.gas_used),
        "cumulativeGasUsed": hex(record.cumulative_gas_used),
        "effectiveGasPrice": hex(record.effective_gas_price),
        "logsBloom": to_hex(compute_bloom(logs)),
        "logs": [
            shape_log(log, Place(place.number, record.first_log_index + at), block_hash, digest)
            for at, log in enumerate(logs)
        ],
    }


def shape_log(
    log: LogRecord, place: Place, block_hash: bytes, transaction_hash: str
) -> dict[str, Json]:
    """A log; `place.index` counts within the block."""
    return {
        "address": to_hex(log.address),
        "topics": [to_hex(topic) for topic in log.topics],
        "data": to_hex(log.data),
        "blockNumber": hex(place.number),
        "blockHash": to_hex(block_hash),
        "transactionHash": transaction_hash,
        "transactionIndex": hex(log.transaction_index),
        "logIndex": hex(place.index),
        "removed": False,
    }
