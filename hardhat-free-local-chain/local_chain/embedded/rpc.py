"""The JSON-RPC face of a node: method names to answers, requests to responses.

Knows no transport: `provider` hands it web3's requests, an HTTP server decoded bodies.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from inspect import signature

from local_chain.embedded.errors import (
    STORAGE_REFUSED,
    ChainError,
    ChainStorageError,
    RpcCode,
    RpcError,
)
from local_chain.embedded.node import Node
from local_chain.embedded.queries import HistoryQueries
from local_chain.embedded.shapes import Json

_logger = logging.getLogger(__name__)

Method = Callable[..., Json]


class RpcMethods:
    """All the methods by name."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._history = HistoryQueries(node)
        self._methods = self._list_history_methods() | self._list_constants()

    @property
    def is_open(self) -> bool:
        """Whether requests are answered."""
        return not self._node.is_closed

    def extend(self, methods: Mapping[str, Method]) -> None:
        """Answer further methods. Each runs under the node's lock, and may call `answer`."""
        self._methods |= methods

    def answer(self, method: str, params: Sequence[object]) -> Json:
        """The result of one method.

        Raises:
            RpcError: unknown method, bad parameters, or a refusal.
            ChainClosedError: the chain is closed.
            ChainStorageError: a transaction could not be taken because the disk refuses writes.
        """
        self._node.require_open()
        with self._node.lock:
            self._node.require_open()
            function = self._methods.get(method) or self._account_methods.get(method)
            if function is None:
                raise RpcError(
                    RpcCode.METHOD_NOT_FOUND, f"the method {method[:100]} does not exist"
                )
            return _apply(function, method, params)

    def respond(self, request: object) -> dict[str, Json]:
        """The response object to one request object; never raises for what a client can cause."""
        if not isinstance(request, Mapping):
            return _fail(None, RpcError(RpcCode.INVALID_REQUEST, "expected a request object"))
        name, identifier = request.get("method"), request.get("id")
        params = request.get("params") or []
        if not isinstance(name, str):
            return _fail(identifier, RpcError(RpcCode.INVALID_REQUEST, "expected a method name"))
        if not isinstance(params, list | tuple):
            return _fail(identifier, RpcError(RpcCode.INVALID_PARAMS, "expected a list of params"))
        try:
            return {"jsonrpc": "2.0", "id": identifier, "result": self.answer(name, params)}
        except RpcError as error:
            return _fail(identifier, error)
        except ChainStorageError as problem:
            refusal = RpcError(RpcCode.INTERNAL, str(problem), STORAGE_REFUSED)
            return _fail(identifier, refusal)
        except ChainError as problem:
            _logger.warning("%s could not be answered: %s", name, problem)
            return _fail(identifier, RpcError(RpcCode.INTERNAL, str(problem)))

    def _list_history_methods(self) -> dict[str, Method]:
        history = self._history
        return {
            "eth_blockNumber": history.block_number,
            "eth_getBlockByNumber": history.block_by_number,
            "eth_getBlockByHash": history.block_by_hash,
            "eth_getBlockTransactionCountByNumber": history.transaction_count_of_block,
            "eth_getBlockTransactionCountByHash": history.transaction_count_of_block,
            "eth_getTransactionByHash": history.transaction_by_hash,
            "eth_getTransactionByBlockNumberAndIndex": history.transaction_by_position,
            "eth_getTransactionByBlockHashAndIndex": history.transaction_by_position,
            "eth_getTransactionReceipt": history.receipt,
            "eth_getBlockReceipts": history.block_receipts,
            "eth_getLogs": history.logs,
            "eth_feeHistory": history.fee_history,
        }

    def _list_constants(self) -> dict[str, Method]:
        chain_id = self._node.config.chain_id
        return {
            "eth_chainId": lambda: hex(chain_id),
            "net_version": lambda: str(chain_id),
            "net_listening": lambda: True,
            "net_peerCount": lambda: "0x0",
            "web3_clientVersion": _client_version,
            "eth_gasPrice": lambda: "0x0",
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_blobBaseFee": lambda: "0x0",
            "eth_accounts": list,
            "eth_syncing": lambda: False,
        }

    @cached_property
    def _account_methods(self) -> dict[str, Method]:
        """Those that need py-evm, imported with the first of them."""
        from local_chain.embedded.accounts import AccountQueries

        accounts = AccountQueries(self._node, self._history)
        return {
            "eth_sendRawTransaction": accounts.send,
            "eth_call": accounts.call,
            "eth_estimateGas": accounts.estimate,
            "eth_getTransactionCount": accounts.nonce,
            "eth_getBalance": accounts.balance,
            "eth_getCode": accounts.code,
            "eth_getStorageAt": accounts.storage,
        }


def _apply(function: Method, method: str, params: Sequence[object]) -> Json:
    try:
        signature(function).bind(*params)
    except (TypeError, ValueError) as problem:
        raise RpcError(RpcCode.INVALID_PARAMS, f"{method}: {problem}") from problem
    return function(*params)


def _fail(identifier: Json, error: RpcError) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": identifier, "error": error.as_json()}


def _client_version() -> Json:
    from importlib.metadata import version

    return f"Zhenglian-embedded/{version('zhenglian')}"
