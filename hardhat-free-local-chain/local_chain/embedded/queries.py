"""JSON-RPC methods that read history: blocks, transactions, receipts, logs. None needs py-evm.

Every method runs under the node's lock, taken in `rpc`.
"""

from __future__ import annotations

from collections.abc import Sequence

from local_chain.embedded.blocks import Place, TransactionRecord
from local_chain.embedded.errors import ChainDamagedError
from local_chain.embedded.headers import Header
from local_chain.embedded.log_search import LogFilter, LogLimits, search_logs
from local_chain.embedded.node import Node
from local_chain.embedded.parameters import (
    BlockChoice,
    invalid,
    parse_block,
    parse_data,
    parse_flag,
    parse_log_request,
    parse_quantity,
)
from local_chain.embedded.shapes import (
    Json,
    shape_block,
    shape_log,
    shape_place,
    shape_receipt,
    shape_transaction,
    to_hex,
)
from local_chain.embedded.transactions import parse_transaction

MAX_FEE_HISTORY_BLOCKS = 1024
LOG_LIMITS = LogLimits()


class HistoryQueries:
    """Answers from the tables and from the block being filled."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._database = node.database

    def resolve_number(self, choice: BlockChoice) -> int | None:
        """The number of a sealed block, None if there is no such block."""
        if choice.block_hash is not None:
            return self._database.fetch_number(choice.block_hash)
        if choice.number is None:
            return self._node.head.number
        return choice.number if choice.number <= self._node.head.number else None

    def block_number(self) -> Json:
        """The number of the newest sealed block."""
        return hex(self._node.head.number)

    def block_by_number(self, block: object, full: object = False) -> Json:
        """A block by number or tag."""
        return self._shape_chosen(parse_block(block), parse_flag(full))

    def block_by_hash(self, block_hash: object, full: object = False) -> Json:
        """A block by hash."""
        choice = BlockChoice(block_hash=parse_data(block_hash, 32))
        return self._shape_chosen(choice, parse_flag(full))

    def transaction_count_of_block(self, block: object) -> Json:
        """How many transactions a block has; by number, tag or hash."""
        number = self.resolve_number(_parse_number_or_hash(block))
        return None if number is None else hex(len(self._database.fetch_transactions(number)))

    def transaction_by_hash(self, transaction_hash: object) -> Json:
        """A transaction, sealed or pending."""
        digest = parse_data(transaction_hash, 32)
        pending = self._node.pending
        index = None if pending is None else pending.find(digest)
        if pending is not None and index is not None:
            return self._shape_transaction(pending.transactions[index], None, None)
        place = self._database.fetch_place(digest)
        return None if place is None else self._transaction_at(place)

    def transaction_by_position(self, block: object, index: object) -> Json:
        """A transaction by block number, tag or hash and its position."""
        number = self.resolve_number(_parse_number_or_hash(block))
        if number is None:
            return None
        position = parse_quantity(index)
        records = self._database.fetch_transactions(number)
        return self._transaction_at(Place(number, position)) if position < len(records) else None

    def receipt(self, transaction_hash: object) -> Json:
        """The receipt of a sealed transaction; null as long as it is not durable.

        Where the disk refused its block, that is tried again at once.

        Raises:
            ChainStorageError: the disk refuses it still.
        """
        digest = parse_data(transaction_hash, 32)
        pending = self._node.pending
        if self._node.storage_problem is not None and pending and pending.find(digest) is not None:
            self._node.seal()
        place = self._database.fetch_place(digest)
        if place is None:
            return None
        record = self._database.fetch_transaction(place)
        if record is None:
            raise ChainDamagedError(f"no transaction at {place}")
        return self._shape_receipt(record, place, self._hash_of(place.number))

    def block_receipts(self, block: object) -> Json:
        """All receipts of a block."""
        number = self.resolve_number(parse_block(block))
        if number is None:
            return None
        block_hash = self._hash_of(number)
        return [
            self._shape_receipt(record, Place(number, index), block_hash)
            for index, record in enumerate(self._database.fetch_transactions(number))
        ]

    def logs(self, wanted: object) -> Json:
        """The logs that match a filter, in order; refused if they are too many for one answer."""
        request = parse_log_request(wanted)
        first, last = (
            self._resolve_bound(choice) for choice in (request.first_block, request.last_block)
        )
        if first > last and request.last_block.number is not None:
            raise invalid(f"invalid block range: {first} to {last}")
        head = self._node.head.number
        if first > head:
            return []
        known = LogFilter(first, min(last, head), request.addresses, request.topics)
        return self._shape_logs(known)

    def fee_history(self, count: object, newest: object, percentiles: object = None) -> Json:
        """Fees are zero in every block; only the use of gas differs."""
        last = self.resolve_number(parse_block(newest))
        if last is None:
            raise invalid("unknown block")
        wanted = count if isinstance(count, int) else parse_quantity(count)
        length = min(wanted, last + 1, MAX_FEE_HISTORY_BLOCKS)
        headers = [self._header_of(number) for number in range(last + 1 - length, last + 1)]
        history: dict[str, Json] = {
            "oldestBlock": hex(last + 1 - length),
            "baseFeePerGas": ["0x0"] * (length + 1),
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
            "baseFeePerBlobGas": ["0x0"] * (length + 1),
            "blobGasUsedRatio": [0.0] * length,
        }
        if isinstance(percentiles, Sequence) and percentiles:
            history["reward"] = [["0x0"] * len(percentiles)] * length
        return history

    def _shape_chosen(self, choice: BlockChoice, full: bool) -> Json:
        if choice.is_pending:
            pending = self._node.pending
            header = pending.header if pending else self._node.draft_next_header()
            return self._shape(header, None, pending.transactions if pending else [], full)
        number = self.resolve_number(choice)
        if number is None:
            return None
        records = self._database.fetch_transactions(number)
        return self._shape(self._header_of(number), self._hash_of(number), records, full)

    def _shape(
        self,
        header: Header,
        block_hash: bytes | None,
        records: Sequence[TransactionRecord],
        full: bool,
    ) -> Json:
        if not full:
            hashes = [to_hex(record.transaction_hash) for record in records]
            return shape_block(header, block_hash, records, hashes)
        shapes = [
            self._shape_transaction(record, Place(header.number, index), block_hash)
            for index, record in enumerate(records)
        ]
        return shape_block(header, block_hash, records, shapes)

    def _transaction_at(self, place: Place) -> Json:
        record = self._database.fetch_transaction(place)
        if record is None:
            return None
        return self._shape_transaction(record, place, self._hash_of(place.number))

    def _shape_transaction(
        self, record: TransactionRecord, place: Place | None, block_hash: bytes | None
    ) -> Json:
        chain_id = self._node.config.chain_id
        transaction = parse_transaction(record.raw, chain_id)
        return shape_transaction(record, transaction, chain_id) | shape_place(place, block_hash)

    def _shape_receipt(self, record: TransactionRecord, place: Place, block_hash: bytes) -> Json:
        first = Place(place.number, record.first_log_index)
        end = Place(place.number, record.first_log_index + record.log_count)
        logs = [log for _, log in self._database.fetch_logs(first, end)]
        return shape_receipt(record, place, block_hash, logs)

    def _shape_logs(self, wanted: LogFilter) -> Json:
        block_hashes: dict[int, bytes] = {}
        transaction_hashes: dict[Place, str] = {}
        shapes = []
        for place, log in list(search_logs(self._database, wanted, LOG_LIMITS)):
            if place.number not in block_hashes:
                block_hashes[place.number] = self._hash_of(place.number)
            sender = Place(place.number, log.transaction_index)
            if sender not in transaction_hashes:
                transaction_hashes[sender] = self._transaction_hash_at(sender)
            shapes.append(
                shape_log(log, place, block_hashes[place.number], transaction_hashes[sender])
            )
        return shapes

    def _resolve_bound(self, choice: BlockChoice) -> int:
        """A bound may lie beyond the head, where nothing is found; an unknown hash may not."""
        if choice.number is not None:
            return choice.number
        number = self.resolve_number(choice)
        if number is None:
            raise invalid("unknown block")
        return number

    def _hash_of(self, number: int) -> bytes:
        if number == self._node.head.number:
            return self._node.head_hash
        return self._header_of(number + 1).parent_hash

    def _header_of(self, number: int) -> Header:
        header = self._database.fetch_header(number)
        if header is None:
            raise ChainDamagedError(f"the header of block {number} is missing")
        return header

    def _transaction_hash_at(self, place: Place) -> str:
        record = self._database.fetch_transaction(place)
        if record is None:
            raise ChainDamagedError(f"no transaction at {place}")
        return to_hex(record.transaction_hash)


def _parse_number_or_hash(block: object) -> BlockChoice:
    if isinstance(block, str) and len(block) == 66:
        return BlockChoice(block_hash=parse_data(block, 32))
    return parse_block(block)
