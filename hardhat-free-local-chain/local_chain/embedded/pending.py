"""The block being filled: transactions are executed as they come, and sealed together.

All transactions of a block see the same timestamp, fixed when the block is begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trie.hexary import HexaryTrie

from local_chain.embedded import rlp
from local_chain.embedded.blocks import (
    LogRecord,
    SealedBlock,
    TransactionRecord,
    compute_bloom,
    encode_receipt,
)
from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.evm.machine import MachineState, Outcome
from local_chain.embedded.headers import EMPTY_TRIE_ROOT, Header
from local_chain.embedded.keccak import keccak
from local_chain.embedded.transactions import (
    MAX_INITCODE_BYTES,
    TRANSACTION_GAS_CAP,
    Transaction,
)


class PendingBlock:
    """A draft on top of the head.

    Args:
        header: an empty child of the head (`blocks.draft_child`).
        state: the head's state, executing in the context of `header`.
    """

    def __init__(self, header: Header, state: MachineState) -> None:
        self.header = header
        self.state = state
        self.transactions: list[TransactionRecord] = []
        self.logs: list[LogRecord] = []
        self._gas_used = 0
        self._positions: dict[bytes, int] = {}
        self._sealed: SealedBlock | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether it is finished: it waits to be written and takes no more transactions."""
        return self._sealed is not None

    def has_room_for(self, transaction: Transaction) -> bool:
        """Whether the block's gas limit allows it."""
        return self._gas_used + transaction.gas <= self.header.gas_limit

    def find(self, transaction_hash: bytes) -> int | None:
        """The position of a transaction in this block."""
        return self._positions.get(transaction_hash)

    def add(self, raw: bytes, transaction: Transaction) -> TransactionRecord:
        """Execute a transaction as the next of this block; a revert is an outcome like another.

        Raises:
            RpcError: it cannot be included; nothing has changed.
        """
        self._require_includable(transaction)
        try:
            outcome = self.state.execute(transaction)
        except ValueError as problem:
            raise RpcError(RpcCode.REFUSED, str(problem)) from problem
        record = self._make_record(raw, transaction, outcome)
        index = len(self.transactions)
        self.logs.extend(LogRecord(*log, transaction_index=index) for log in outcome.logs)
        self._positions[record.transaction_hash] = index
        self.transactions.append(record)
        self._gas_used = record.cumulative_gas_used
        return record

    def seal(self) -> SealedBlock:
        """Finish the block; the same one each time. Its state can still be read."""
        if self._sealed is None:
            self._sealed = self._finish()
        return self._sealed

    def _finish(self) -> SealedBlock:
        state_root, nodes = self.state.persist()
        receipts = [encode_receipt(record, self._logs_of(record)) for record in self.transactions]
        header = replace(
            self.header,
            state_root=state_root,
            transactions_root=compute_list_root([one.raw for one in self.transactions]),
            receipts_root=compute_list_root(receipts),
            logs_bloom=compute_bloom(self.logs),
            gas_used=self._gas_used,
        )
        return SealedBlock(header, header.compute_hash(), self.transactions, self.logs, nodes)

    def _require_includable(self, transaction: Transaction) -> None:
        nonce = self.state.get_nonce(transaction.sender)
        balance = self.state.get_balance(transaction.sender)
        cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
        if transaction.nonce != nonce:
            word = "low" if transaction.nonce < nonce else "high"
            refusal = f"nonce too {word}: next nonce {nonce}, tx nonce {transaction.nonce}"
        elif transaction.gas > TRANSACTION_GAS_CAP:
            refusal = f"transaction gas limit too high: {transaction.gas} > {TRANSACTION_GAS_CAP}"
        elif transaction.gas < transaction.least_gas:
            refusal = f"intrinsic gas too low: have {transaction.gas}, want {transaction.least_gas}"
        elif not transaction.to and len(transaction.data) > MAX_INITCODE_BYTES:
            refusal = f"max initcode size exceeded: {len(transaction.data)} > {MAX_INITCODE_BYTES}"
        elif balance < cost:
            refusal = f"insufficient funds for gas * price + value: have {balance} want {cost}"
        else:
            return
        raise RpcError(RpcCode.REFUSED, refusal)

    def _make_record(
        self, raw: bytes, transaction: Transaction, outcome: Outcome
    ) -> TransactionRecord:
        return TransactionRecord(
            raw=raw,
            transaction_hash=keccak(raw),
            sender=transaction.sender,
            recipient=transaction.to or None,
            created=outcome.created,
            succeeded=outcome.succeeded,
            gas_used=outcome.gas_used,
            cumulative_gas_used=self._gas_used + outcome.gas_used,
            effective_gas_price=transaction.gas_price,
            first_log_index=len(self.logs),
            log_count=len(outcome.logs),
        )

    def _logs_of(self, record: TransactionRecord) -> list[LogRecord]:
        return self.logs[record.first_log_index : record.first_log_index + record.log_count]


def compute_list_root(items: Sequence[bytes]) -> bytes:
    """The root of the trie from RLP-encoded positions to items (Yellow Paper, 4.3.2)."""
    trie = HexaryTrie({}, EMPTY_TRIE_ROOT)
    for index, item in enumerate(items):
        trie[rlp.encode(rlp.encode_integer(index))] = item
    return bytes(trie.root_hash)
