"""JSON-RPC methods that read accounts and execute: calls, estimates, sending.

On `latest` a call sees the state of the head but the number and the time of the block that comes
next: an idle chain seals nothing, and a contract that compares times must still be asked about
now. A call on a number or hash sees that block's own time.
"""

from __future__ import annotations

from local_chain.embedded.calls import estimate_gas, run_call
from local_chain.embedded.evm.machine import MachineState
from local_chain.embedded.headers import Header
from local_chain.embedded.node import Node
from local_chain.embedded.parameters import (
    BlockChoice,
    CallRequest,
    invalid,
    parse_address,
    parse_block,
    parse_call,
    parse_data,
    parse_quantity,
)
from local_chain.embedded.queries import HistoryQueries
from local_chain.embedded.shapes import Json, to_hex
from local_chain.embedded.transactions import TRANSACTION_GAS_CAP, Transaction


class AccountQueries:
    """Answers from a state opened for the question."""

    def __init__(self, node: Node, history: HistoryQueries) -> None:
        self._node = node
        self._history = history

    def send(self, raw: object) -> Json:
        """Take a signed transaction; its hash. The receipt follows when its block is durable."""
        return to_hex(self._node.submit(parse_data(raw)))

    def call(self, request: object, block: object = "latest", overrides: object = None) -> Json:
        """Execute a call and return its data."""
        if overrides:
            raise invalid("state overrides are not supported")
        state = self._open_state(block)
        return to_hex(run_call(state, _make_transaction(state, parse_call(request))))

    def estimate(self, request: object, block: object = "latest") -> Json:
        """A gas limit that suffices."""
        state = self._open_state(block)
        return hex(estimate_gas(state, _make_transaction(state, parse_call(request))))

    def nonce(self, address: object, block: object = "latest") -> Json:
        """How many transactions an account has sent."""
        return hex(self._open_state(block).get_nonce(parse_address(address)))

    def balance(self, address: object, block: object = "latest") -> Json:
        """The balance, wei."""
        return hex(self._open_state(block).get_balance(parse_address(address)))

    def code(self, address: object, block: object = "latest") -> Json:
        """The contract code."""
        return to_hex(self._open_state(block).get_code(parse_address(address)))

    def storage(self, address: object, slot: object, block: object = "latest") -> Json:
        """One storage word."""
        word = self._open_state(block).get_storage(parse_address(address), parse_quantity(slot))
        return f"0x{word:064x}"

    def _open_state(self, block: object) -> MachineState:
        choice = parse_block(block)
        if choice.is_pending and self._node.pending is not None:
            return self._node.pending.state
        return self._node.machine.open_state(self._choose_context(choice))

    def _choose_context(self, choice: BlockChoice) -> Header:
        if choice == BlockChoice() or choice.is_pending:
            return self._node.draft_next_header()
        number = self._history.resolve_number(choice)
        header = None if number is None else self._node.database.fetch_header(number)
        if header is None:
            raise invalid("header not found")
        return header


def _make_transaction(state: MachineState, request: CallRequest) -> Transaction:
    """A call may use what a transaction may, lest it hold up the chain for long."""
    gas = TRANSACTION_GAS_CAP if request.gas is None else min(request.gas, TRANSACTION_GAS_CAP)
    return Transaction(
        type_id=2,
        sender=request.sender,
        nonce=state.get_nonce(request.sender),
        gas=gas,
        to=request.recipient,
        value=request.value,
        data=request.data,
        access_list=request.access_list,
    )
