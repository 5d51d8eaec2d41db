"""A served chain under the names by which `Session` knows one of this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.support.served_chain import ServedChain


@dataclass(frozen=True, slots=True)
class RemoteChain:
    """Asks over HTTP."""

    served: ServedChain

    @property
    def rpc(self) -> Self:
        return self

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        """The result of a method; raises RefusedError."""
        return self.served.ask(method, *params)

    def seal(self) -> None:
        """Wait until the server has sealed what it was sent."""
        while self.served.ask("eth_getBlockByNumber", "pending", False)["transactions"]:
            time.sleep(0.005)
