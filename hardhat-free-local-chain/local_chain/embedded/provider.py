"""The embedded chain as a web3 provider, in the process of the caller."""

from __future__ import annotations

import itertools
from typing import Any, cast

from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from local_chain.embedded.rpc import RpcMethods


class EmbeddedProvider(BaseProvider):
    """Answers web3's requests as a node would answer them over HTTP."""

    def __init__(self, methods: RpcMethods) -> None:
        super().__init__()
        self._methods = methods
        self._counter = itertools.count(1)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request, one response."""
        request = {"id": next(self._counter), "method": method, "params": params}
        return cast("RPCResponse", self._methods.respond(request))

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002 - web3's form
        """Whether the chain is open."""
        return self._methods.is_open
