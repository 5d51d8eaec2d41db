"""Methods that this node has not, on purpose: why, and what to use instead."""

from __future__ import annotations

from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.rpc import Method
from local_chain.embedded.shapes import Json

_NO_ACCOUNTS = (
    "this node keeps no keys: sign the transaction yourself and send it with eth_sendRawTransaction"
)
_NO_PUSH = "there are no subscriptions over HTTP: poll eth_getFilterChanges or eth_blockNumber"
_REASONS = {
    "eth_sendTransaction": _NO_ACCOUNTS,
    "eth_sign": _NO_ACCOUNTS,
    "eth_signTransaction": _NO_ACCOUNTS,
    "eth_signTypedData_v4": _NO_ACCOUNTS,
    "eth_subscribe": _NO_PUSH,
    "eth_unsubscribe": _NO_PUSH,
}


def refusals_by_name() -> dict[str, Method]:
    """To extend the chain's methods with."""
    return {name: _refuse(name, reason) for name, reason in _REASONS.items()}


def _refuse(name: str, reason: str) -> Method:
    def method(*_: object) -> Json:
        raise RpcError(RpcCode.METHOD_NOT_FOUND, f"the method {name} is not available: {reason}")

    return method
