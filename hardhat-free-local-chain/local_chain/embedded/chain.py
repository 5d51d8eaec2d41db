"""Opening and closing an embedded chain: the directory, its lock, its configuration, its parts."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from local_chain.embedded.blocks import SealedBlock
from local_chain.embedded.database import FORMAT_NUMBER, ChainConfig, ChainDatabase
from local_chain.embedded.errors import ChainMismatchError, ChainStorageError
from local_chain.embedded.headers import draft_genesis
from local_chain.embedded.lock import DirectoryLock
from local_chain.embedded.node import Node
from local_chain.embedded.rpc import RpcMethods
from local_chain.embedded.sealing import SealingClock, SealingThread
from local_chain.embedded.shapes import Json

if TYPE_CHECKING:
    from local_chain.embedded.provider import EmbeddedProvider

DEFAULT_CHAIN_ID = 0x5A4C  # "ZL"
BLOCK_GAS_LIMIT = 1 << 27  # eight transactions of the largest kind


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How a chain is.

    Args:
        head_time_unix: timestamp of the newest sealed block, seconds.
        size_bytes: of the data file.
        is_open: whether requests are answered.
        storage_problem: why the disk refused the last block; None while it takes them.
    """

    chain_id: int
    head_number: int
    head_time_unix: int
    size_bytes: int
    is_open: bool
    storage_problem: str | None


class EmbeddedChain:
    """A durable Ethereum chain in this process; a context manager that closes it.

    Safe to use from several threads. Must not be used in a forked child.
    """

    def __init__(self, lock: DirectoryLock, node: Node) -> None:
        """Use `open`."""
        self._lock = lock
        self._node = node
        self._sealing_thread = SealingThread(node)
        self.rpc = RpcMethods(node)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        chain_id: int = DEFAULT_CHAIN_ID,
        clock: Callable[[], float] = time.time,
        lock_timeout_s: float = 10.0,
        seal_interval_s: float = 0.2,
        precompile: bool = True,
    ) -> Self:
        """Open the chain of a directory, or found one there.

        Args:
            chain_id: of transactions (EIP-155); the same at every opening.
            clock: seconds since the epoch; block timestamps follow it, never backwards.
            lock_timeout_s: how long to wait for another process to close the directory.
            seal_interval_s: the longest that a transaction waits for its block.
            precompile: P-256 verification at 0x100 (EIP-7951); the same at every opening.

        Raises:
            ChainInUseError: still in use after `lock_timeout_s`; names the holder.
            ChainMismatchError: the directory's chain has another id, rules or format.
            ChainDamagedError: the directory's data cannot be read as a chain.
            ChainStorageError: the disk refuses writes.
        """
        lock = _lock_directory(directory, lock_timeout_s)
        try:
            database = ChainDatabase(directory)
            try:
                config = _settle_config(database, chain_id, precompile, clock)
                _sync_directory(directory)
                node = Node(database, config, clock, SealingClock(seal_interval_s))
            except BaseException:
                database.close()
                raise
        except BaseException:
            lock.release()
            raise
        return cls(lock, node)

    @cached_property
    def provider(self) -> EmbeddedProvider:
        """For `Web3(chain.provider)`. Imports web3, which opening the chain does not."""
        from local_chain.embedded.provider import EmbeddedProvider

        return EmbeddedProvider(self.rpc)

    def respond(self, request: object) -> dict[str, Json]:
        """The JSON-RPC response object to one request object."""
        return self.rpc.respond(request)

    def status(self) -> ChainStatus:
        """How the chain is. Waits for nothing, however busy the chain may be."""
        node = self._node
        head = node.head
        return ChainStatus(
            chain_id=node.config.chain_id,
            head_number=head.number,
            head_time_unix=head.timestamp,
            size_bytes=node.database.environment.size_bytes,
            is_open=not node.is_closed,
            storage_problem=node.storage_problem,
        )

    def seal(self) -> None:
        """Seal the pending transactions now; they are durable when this returns.

        Raises:
            ChainStorageError: the disk refused; they stay pending.
        """
        self._node.seal()

    def close(self) -> None:
        """Seal what is pending and let the next process in. Closing twice is harmless.

        Raises:
            ChainStorageError: the last block could not be written; the chain is closed even so.
        """
        if self._node.is_closed:
            return
        try:
            self._node.close()
        finally:
            self._sealing_thread.join()
            self._node.database.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _lock_directory(directory: Path, timeout_s: float) -> DirectoryLock:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return DirectoryLock(directory, timeout_s)
    except OSError as problem:
        raise ChainStorageError(f"{directory}: {problem}") from problem


def _settle_config(
    database: ChainDatabase, chain_id: int, precompile: bool, clock: Callable[[], float]
) -> ChainConfig:
    config = database.fetch_config()
    if config is None:
        config = ChainConfig(FORMAT_NUMBER, chain_id, math.floor(clock()), precompile)
        genesis = draft_genesis(config.genesis_time_unix, BLOCK_GAS_LIMIT)
        database.found(config, SealedBlock(genesis, genesis.compute_hash(), [], [], {}))
    _require_equal("chain id", chain_id, config.chain_id)
    _require_equal("P-256 precompile", precompile, config.precompile)
    return config


def _require_equal(name: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise ChainMismatchError(f"{name}: asked for {wanted}, the directory's chain has {found}")


def _sync_directory(directory: Path) -> None:
    """A new file survives a power failure only once its directory entry is on disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        raise ChainStorageError(f"{directory}: {problem}") from problem
    finally:
        os.close(descriptor)
