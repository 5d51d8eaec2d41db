"""Executing transactions and calls: what the chain asks of py-evm, and nothing more.

Of py-evm only the state transition is used; blocks, their storage and
their sealing are ours. A state is not thread-safe and belongs to whoever holds the chain's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from eth.exceptions import OutOfGas, Revert
from eth.vm.execution_context import ExecutionContext
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError

from local_chain.embedded.evm.rules import P256State, PlainState, StateNodes
from local_chain.embedded.headers import Header
from local_chain.embedded.transactions import Transaction

if TYPE_CHECKING:
    from eth.abc import ComputationAPI, SignedTransactionAPI

_REFUND_QUOTIENT = 5  # EIP-3529


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an execution.

    Args:
        succeeded: neither reverted nor failed.
        reverted: by the REVERT instruction; `output` is then the revert data.
        failure: why it failed otherwise, such as running out of gas; empty if it did not.
        gas_used: gas, refunds subtracted.
        gas_refund: gas, as subtracted.
        created: the address of the contract of a creating transaction.
        logs: (address, topics, data) in order of emission.
    """

    succeeded: bool
    reverted: bool
    failure: str
    output: bytes
    gas_used: int
    gas_refund: int
    created: bytes | None
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...]


class Machine:
    """Opens states of one chain.

    Args:
        fetch_node: reads a stored state node.
        fetch_block_hash: the hash of a sealed block, None where there is none.
    """

    def __init__(
        self,
        chain_id: int,
        precompile: bool,
        fetch_node: Callable[[bytes], bytes | None],
        fetch_block_hash: Callable[[int], bytes | None],
    ) -> None:
        self._chain_id = chain_id
        self._state_class = P256State if precompile else PlainState
        self._fetch_node = fetch_node
        self._fetch_block_hash = fetch_block_hash

    def open_state(self, header: Header) -> MachineState:
        """The state at `header.state_root`, executing as if inside the block of `header`."""
        context = ExecutionContext(
            coinbase=Address(header.coinbase),
            timestamp=header.timestamp,
            block_number=BlockNumber(header.number),
            difficulty=header.difficulty,
            mix_hash=Hash32(header.mix_hash),
            gas_limit=header.gas_limit,
            prev_hashes=self._list_ancestors(header.number),
            chain_id=self._chain_id,
            base_fee_per_gas=header.base_fee_per_gas,
            excess_blob_gas=header.excess_blob_gas,
        )
        nodes = StateNodes(self._fetch_node)
        return MachineState(self._state_class(nodes, context, Hash32(header.state_root)), nodes)

    def _list_ancestors(self, number: int) -> Iterator[Hash32]:
        for ancestor in range(number - 1, -1, -1):
            block_hash = self._fetch_block_hash(ancestor)
            if block_hash is None:
                return
            yield Hash32(block_hash)


class MachineState:
    """Accounts, code and storage, and their change by executing transactions."""

    def __init__(self, state: PlainState, nodes: StateNodes) -> None:
        self._state = state
        self._nodes = nodes

    def get_nonce(self, address: bytes) -> int:
        """The nonce that the account's next transaction must have."""
        return self._state.get_nonce(Address(address))

    def get_balance(self, address: bytes) -> int:
        """The balance, wei."""
        return self._state.get_balance(Address(address))

    def get_code(self, address: bytes) -> bytes:
        """The contract code, empty for an ordinary account."""
        return self._state.get_code(Address(address))

    def get_storage(self, address: bytes, slot: int) -> int:
        """One storage word."""
        return self._state.get_storage(Address(address), slot)

    def execute(self, transaction: Transaction) -> Outcome:
        """Apply a transaction for good.

        Raises:
            ValueError: it cannot be included (nonce, balance, gas); nothing has changed.
        """
        self._state.lock_changes()
        snapshot = self._state.snapshot()
        try:
            computation = self._apply(transaction)
        except BaseException:
            self._state.revert(snapshot)
            raise
        self._state.commit(snapshot)
        return _describe(transaction, computation)

    def try_out(self, transaction: Transaction) -> Outcome:
        """Execute and undo.

        Raises:
            ValueError: as `execute`.
        """
        self._state.lock_changes()
        snapshot = self._state.snapshot()
        try:
            return _describe(transaction, self._apply(transaction))
        finally:
            self._state.revert(snapshot)

    def persist(self) -> tuple[bytes, dict[bytes, bytes]]:
        """End the block: the state root, and the nodes it adds to those stored."""
        self._state.persist()
        return self._state.state_root, self._nodes.added

    def _apply(self, transaction: Transaction) -> ComputationAPI:
        try:
            return self._state.apply_transaction(cast("SignedTransactionAPI", transaction))
        except ValidationError as problem:
            raise ValueError(str(problem)) from problem


def _describe(transaction: Transaction, computation: ComputationAPI) -> Outcome:
    """Gas by EIP-3529 (refunds) and EIP-7623 (floor of call data)."""
    consumed = transaction.gas - computation.get_gas_remaining()
    refund = min(consumed // _REFUND_QUOTIENT, computation.get_gas_refund())
    reverted = computation.is_error and isinstance(computation.error, Revert)
    failed = computation.is_error and not reverted
    return Outcome(
        succeeded=not computation.is_error,
        reverted=reverted,
        failure=_name_failure(computation) if failed else "",
        output=bytes(computation.output),
        gas_used=max(consumed - refund, transaction.floor_gas),
        gas_refund=refund,
        created=None if transaction.to else bytes(computation.msg.storage_address),
        logs=tuple(
            (bytes(address), tuple(topic.to_bytes(32, "big") for topic in topics), bytes(data))
            for address, topics, data in computation.get_log_entries()
        ),
    )


def _name_failure(computation: ComputationAPI) -> str:
    if isinstance(computation.error, OutOfGas):
        return "out of gas"
    return f"{type(computation.error).__name__}: {computation.error}"
