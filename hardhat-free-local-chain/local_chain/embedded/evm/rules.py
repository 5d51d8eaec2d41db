"""Our rules on top of py-evm's: those of Prague, and the P-256 contract where it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eth.db.account import AccountDB
from eth.db.backends.base import BaseAtomicDB
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState

from local_chain.embedded.evm.precompile import P256_VERIFY_ADDRESS, run_p256_verify

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
