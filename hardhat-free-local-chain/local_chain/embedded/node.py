"""The chain at work: its head, the block being filled, and the one lock before both.

py-evm is not thread-safe and a write may replace LMDB's map, so that everything which reads or
changes the chain runs under `lock`. Callers that combine several reads hold it themselves.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from local_chain.embedded.blocks import SealedBlock
from local_chain.embedded.database import ChainConfig, ChainDatabase
from local_chain.embedded.errors import (
    ChainClosedError,
    ChainStorageError,
    RpcCode,
    RpcError,
)
from local_chain.embedded.headers import Header, draft_child
from local_chain.embedded.keccak import keccak
from local_chain.embedded.sealing import SealingClock
from local_chain.embedded.transactions import Transaction, parse_transaction

if TYPE_CHECKING:
    from local_chain.embedded.evm.machine import Machine
    from local_chain.embedded.pending import PendingBlock

_logger = logging.getLogger(__name__)


class Node:
    """Takes transactions and seals blocks.

    Args:
        clock: the wall clock, seconds since the epoch; chain time follows it.
        sealing: when a filled block is due.
    """

    def __init__(
        self,
        database: ChainDatabase,
        config: ChainConfig,
        clock: Callable[[], float],
        sealing: SealingClock,
    ) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.database = database
        self.config = config
        self.pending: PendingBlock | None = None
        self.head, self.head_hash = database.fetch_head()
        self._clock = clock
        self._sealing = sealing
        self._owner_pid = os.getpid()
        self.is_closed = False
        self.storage_problem: str | None = None  # why the disk refused the last block, if it did

    @cached_property
    def machine(self) -> Machine:
        """py-evm, imported when first needed: reading logs and receipts does without."""
        from local_chain.embedded.evm.machine import Machine

        return Machine(
            self.config.chain_id,
            self.config.precompile,
            self.database.fetch_node,
            self.database.fetch_block_hash,
        )

    def require_open(self) -> None:
        """Refuse once the chain is closed, and in a process that was forked from the owner's.

        Raises:
            ChainClosedError: it may not be used any more.
        """
        if self.is_closed:
            raise ChainClosedError("the chain is closed")
        if os.getpid() != self._owner_pid:
            raise ChainClosedError(f"the chain was opened by process {self._owner_pid}, not this")

    def submit(self, raw: bytes) -> bytes:
        """Execute a raw transaction in the block being filled; its hash.

        Raises:
            RpcError: malformed, already there, or not includable; nothing has changed.
            ChainStorageError: the block before could not be written yet.
        """
        transaction = self._parse(raw)
        with self.lock:
            self.require_open()
            block = self._make_room(raw, transaction)
            record = block.add(raw, transaction)
            self.pending = block
            self._seal_or_wake(is_first=record is block.transactions[0])
            return record.transaction_hash

    def seal(self) -> None:
        """Write the block being filled, if there is one. It is durable when this returns.

        Raises:
            ChainStorageError: the disk refused. The block is kept; the next call tries again.
        """
        with self.lock:
            self.require_open()
            if self.pending is not None:
                self._sealing.note_attempt()
                block = self.pending.seal()
                self._append(block)
                self.pending = None
                self.head, self.head_hash = block.header, block.block_hash

    def seal_if_due(self) -> float | None:
        """Seal if it is time; otherwise the seconds until then, None if nothing is pending."""
        with self.lock:
            if self.pending is None or self.is_closed:
                return None
            wait_s = self._sealing.compute_wait_s()
            if wait_s == 0:
                self.seal()
                return None
            return wait_s

    def draft_next_header(self) -> Header:
        """An empty block on the head, with the timestamp of now."""
        timestamp = max(self.head.timestamp, math.floor(self._clock()))
        return draft_child(self.head, self.head_hash, timestamp)

    def close(self) -> None:
        """Seal what is pending, then refuse everything.

        Raises:
            ChainStorageError: the disk refused the last block; its transactions are lost.
        """
        with self.lock:
            try:
                if not self.is_closed:
                    self.seal()
            finally:
                self.is_closed = True
                self.changed.notify_all()

    def _append(self, block: SealedBlock) -> None:
        try:
            self.database.append(block)
        except ChainStorageError as problem:
            if self.storage_problem is None:
                _logger.warning(
                    "block %d is kept and tried again: %s", block.header.number, problem
                )
            self.storage_problem = str(problem)
            raise
        self.storage_problem = None

    def _parse(self, raw: bytes) -> Transaction:
        try:
            return parse_transaction(raw, self.config.chain_id)
        except ValueError as problem:
            raise RpcError(RpcCode.REFUSED, str(problem)) from problem

    def _make_room(self, raw: bytes, transaction: Transaction) -> PendingBlock:
        """The block that the transaction belongs in."""
        if self.pending is not None:
            if self.pending.find(keccak(raw)) is not None:
                raise RpcError(RpcCode.REFUSED, "already known")
            if self.pending.is_sealed or not self.pending.has_room_for(transaction):
                self.seal()
        return self.pending or self._begin_block()

    def _begin_block(self) -> PendingBlock:
        from local_chain.embedded.pending import PendingBlock

        header = self.draft_next_header()
        return PendingBlock(header, self.machine.open_state(header))

    def _seal_or_wake(self, *, is_first: bool) -> None:
        """Seal now, or have the sealing thread do so in time, once for each block.

        The transaction is taken either way: whoever sent it asks for the receipt.
        """
        try:
            wait_s = self.seal_if_due()
        except ChainStorageError:
            wait_s = 0
        if is_first and wait_s is not None:
            self.changed.notify_all()
