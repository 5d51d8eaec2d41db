"""Holding a closed chain directory against the rules: every link, every root, every log."""

from __future__ import annotations

from pathlib import Path

from local_chain.embedded.blocks import Place, compute_bloom, encode_receipt
from local_chain.embedded.database import ChainDatabase
from local_chain.embedded.headers import EMPTY_TRIE_ROOT
from local_chain.embedded.keccak import keccak
from local_chain.embedded.pending import compute_list_root


def check_history(directory: Path) -> int:
    """Walk the whole chain from its files; the number of its head."""
    database = ChainDatabase(directory)
    try:
        head, _ = database.fetch_head()
        parent_hash, parent_time = bytes(32), 0
        for number in range(head.number + 1):
            header = database.fetch_header(number)
            assert header is not None
            assert header.number == number
            assert header.parent_hash == parent_hash
            assert header.timestamp >= parent_time
            _check_contents(database, number)
            parent_hash, parent_time = header.compute_hash(), header.timestamp
            assert database.fetch_number(parent_hash) == number
        assert database.fetch_header(head.number + 1) is None
        return head.number
    finally:
        database.close()


def _check_contents(database: ChainDatabase, number: int) -> None:
    header = database.fetch_header(number)
    records = database.fetch_transactions(number)
    logs = [log for _, log in database.fetch_logs(Place(number, 0), Place(number + 1, 0))]
    assert header is not None
    receipts = []
    for index, record in enumerate(records):
        assert record.transaction_hash == keccak(record.raw)
        assert database.fetch_place(record.transaction_hash) == Place(number, index)
        own = logs[record.first_log_index : record.first_log_index + record.log_count]
        assert all(log.transaction_index == index for log in own)
        receipts.append(encode_receipt(record, own))
    assert header.transactions_root == compute_list_root([record.raw for record in records])
    assert header.receipts_root == compute_list_root(receipts)
    assert header.logs_bloom == compute_bloom(logs)
    assert header.gas_used == sum(record.gas_used for record in records)
    if header.state_root != EMPTY_TRIE_ROOT:
        root = database.fetch_node(header.state_root)
        assert root is not None
        assert keccak(root) == header.state_root
