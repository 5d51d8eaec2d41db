"""eth_call and eth_estimateGas: executing without leaving a trace."""

from __future__ import annotations

from dataclasses import replace

from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.evm.machine import MachineState, Outcome
from local_chain.embedded.transactions import Transaction

_ERROR_STRING_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
_CALL_STIPEND = 2300
_TOLERANCE = 0.015  # a limit may exceed the least that suffices by this part


def run_call(state: MachineState, transaction: Transaction) -> bytes:
    """The return data of a call.

    Raises:
        RpcError: reverted (with the revert data), failed, or not executable.
    """
    outcome = _try_out(state, transaction)
    _require_success(outcome)
    return outcome.output


def estimate_gas(state: MachineState, transaction: Transaction) -> int:
    """A gas limit with which the transaction succeeds, close above the least such limit.

    Args:
        transaction: its own limit is the highest that is tried.

    Raises:
        RpcError: it does not succeed even with the highest limit.
    """
    highest = transaction.gas
    outcome = _try_out(state, transaction)
    _require_success(outcome)
    lowest = max(transaction.least_gas, outcome.gas_used) - 1
    spent = outcome.gas_used + outcome.gas_refund + _CALL_STIPEND
    guess = spent * 64 // 63  # EIP-150: a caller keeps one 64th
    while lowest + 1 < highest and (highest - lowest) / highest > _TOLERANCE:
        limit = guess if lowest < guess < highest else (lowest + highest) // 2
        if _try_out(state, replace(transaction, gas=limit)).succeeded:
            highest = limit
        else:
            lowest = limit
        guess = 0
    return highest


def _try_out(state: MachineState, transaction: Transaction) -> Outcome:
    if transaction.gas < transaction.least_gas:
        message = f"intrinsic gas too low: have {transaction.gas}, want {transaction.least_gas}"
        raise RpcError(RpcCode.REFUSED, message)
    try:
        return state.try_out(transaction)
    except ValueError as problem:
        raise RpcError(RpcCode.REFUSED, str(problem)) from problem


def _require_success(outcome: Outcome) -> None:
    if outcome.reverted:
        raise RpcError(
            RpcCode.REVERTED, _describe_revert(outcome.output), "0x" + outcome.output.hex()
        )
    if not outcome.succeeded:
        raise RpcError(RpcCode.REFUSED, outcome.failure)


def _describe_revert(revert_data: bytes) -> str:
    if revert_data[:4] != _ERROR_STRING_SELECTOR or len(revert_data) < 68:
        return "execution reverted"
    length = int.from_bytes(revert_data[36:68], "big")
    return f"execution reverted: {revert_data[68 : 68 + length].decode(errors='replace')}"
