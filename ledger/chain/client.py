"""One node asked over JSON-RPC, in this process or over HTTP, and its answers read strictly.

Knows no contract. Whatever a node answers becomes a value or an error of ours here, once.
Source: JSON-RPC 2.0; Ethereum JSON-RPC specification (execution-apis).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ledger.chain.refusals import to_error, translate_errors
from ledger.errors import ChainUnavailableError

if TYPE_CHECKING:
    from ledger.chain.endpoints import EndpointState

Respond = Callable[[dict[str, object]], object]
"""Request object → response object; raises what `translate_errors` knows."""


class ChainClient:
    """Asks one node.

    Args:
        respond: carries one request to the node and its response back.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._numbers = itertools.count(1)

    def request(self, doing: str, method: str, *params: object) -> Any:
        """The result of one method.

        Args:
            doing: what for, for the message of an error ("asking for the newest block").

        Raises:
            LedgerError: a contract's refusal, as its generated exception.
            StorageError: code `chain_storage`, the chain's disk refuses writes.
            ChainUnavailableError: code `chain_refused` when the node answered with an error,
                `chain_answer_unusable` when with nonsense, else no answer came.
        """
        request: dict[str, object] = {
            "jsonrpc": "2.0",
            "id": next(self._numbers),
            "method": method,
            "params": list(params),
        }
        with translate_errors(doing):
            response = self._respond(request)
        if not isinstance(response, Mapping):
            raise unusable(doing, response)
        if response.get("error") is not None:
            raise to_error(response["error"], doing)
        if "result" not in response:
            raise unusable(doing, response)
        return response["result"]

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """What this thread asks within the block is answered by one node, or not at all.

        Where several nodes stand behind this client: what two of them say does not go together.
        """
        pin: Callable[[], AbstractContextManager[object]]
        pin = getattr(self._respond, "pinned", nullcontext)
        with pin():
            yield

    def nodes(self) -> list[EndpointState]:
        """How the nodes behind this client are known to do, if there are several; asks nothing."""
        states: Callable[[], list[EndpointState]] = getattr(self._respond, "states", list)
        return states()

    def request_quantity(self, doing: str, method: str, *params: object) -> int:
        """A result that is a number."""
        return parse_quantity(self.request(doing, method, *params), doing)

    def request_data(self, doing: str, method: str, *params: object) -> bytes:
        """A result that is bytes."""
        return parse_data(self.request(doing, method, *params), doing)


def parse_quantity(answer: object, doing: str) -> int:
    """A number of a node's answer ("0x1f"). Raises ChainUnavailableError for anything else."""
    if isinstance(answer, str) and answer.startswith("0x"):
        try:
            return int(answer, 16)
        except ValueError:
            pass
    raise unusable(doing, answer)


def parse_data(answer: object, doing: str) -> bytes:
    """The bytes of a node's answer ("0x00ff"). Raises ChainUnavailableError for anything else."""
    if isinstance(answer, str) and answer.startswith("0x"):
        try:
            return bytes.fromhex(answer[2:])
        except ValueError:
            pass
    raise unusable(doing, answer)


def unusable(doing: str, answer: object) -> ChainUnavailableError:
    """The node answered, but not what such a question is answered with."""
    return ChainUnavailableError(
        f"while {doing}: the chain's answer cannot be used: {str(answer)[:200]}",
        code="chain_answer_unusable",
    )
