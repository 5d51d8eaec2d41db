"""Our rules on top of py-evm: those of Prague, and the P-256 contract where it is wanted.

Read from py-evm 0.12.1b1; only this file, `machine`, `precompile` and `deferred_bls` know it.
Importing it takes more than half a second, so it is imported when something is to be executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import eth_hash.auto

from local_chain.embedded import deferred_bls
from local_chain.embedded.keccak import keccak

# Left alone, eth-hash takes pycryptodome, which is 7 times slower.
eth_hash.auto.keccak.hasher = keccak  # type: ignore[assignment]  # called by position only
deferred_bls.install()

from eth.db.account import AccountDB  # noqa: E402 - the deferral had to come first
from eth.db.backends.base import BaseAtomicDB  # noqa: E402
from eth.vm.forks.prague.computation import PragueComputation  # noqa: E402
from eth.vm.forks.prague.state import PragueState  # noqa: E402

from local_chain.embedded.precompile import P256_VERIFY_ADDRESS, run_p256_verify  # noqa: E402

if TYPE_CHECKING:
    from eth.abc import AtomicWriteBatchAPI
    from eth_typing import Hash32


class StateNodes(BaseAtomicDB):
    """The state nodes of the chain, with those of one unsealed block in memory before them.

    Args:
        fetch_node: reads a stored node; None where there is none.
    """

    def __init__(self, fetch_node: Callable[[bytes], bytes | None]) -> None:
        self._fetch_node = fetch_node
        self.added: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self.added.get(key)
        if value is None:
            value = self._fetch_node(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.added[key] = value

    def __delitem__(self, key: bytes) -> None:
        raise NotImplementedError("state nodes are never deleted")

    def _exists(self, key: bytes) -> bool:
        return key in self.added or self._fetch_node(key) is not None

    @contextmanager
    def atomic_batch(self) -> Iterator[AtomicWriteBatchAPI]:
        """Nothing here reaches the disk before the block does, so the batch is the memory."""
        yield self  # type: ignore[misc]  # has every method py-evm calls on a batch


class ChainAccounts(AccountDB):
    """py-evm's accounts without the list of nodes read, which only block witnesses need.

    py-evm copies that list on every read of a contract's code.
    """

    def _get_accessed_node_hashes(self) -> set[Hash32]:
        return set()


class PlainState(PragueState):
    """The state of an engine without the P-256 contract."""

    account_db_class = ChainAccounts

    def set_system_contracts(self) -> None:
        """The chain has no beacon roots and no history contract."""


class P256Computation(PragueComputation):
    """Prague's precompiled contracts and EIP-7951's."""

    _precompiles = {  # noqa: RUF012 - py-evm's own form
        **PragueComputation.get_precompiles(),
        P256_VERIFY_ADDRESS: run_p256_verify,
    }


class P256State(PlainState):
    """The state of an engine with the P-256 contract."""

    computation_class = P256Computation
