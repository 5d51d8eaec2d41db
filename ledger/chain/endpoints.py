"""Several nodes of one chain asked as if they were one: the next answers when one does not.

A question goes to one node until that gives no answer; an error is an answer. A node that failed is
tried again after a pause, or when no other is left. One whose newest block is too far behind the
highest that any has shown is passed over: what it says is old. A transaction is a question like
others here, since sent twice it is carried out once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ledger.chain.client import Respond, parse_quantity, unusable
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError

RETRY_AFTER_S = 10.0
LOOK_AROUND_S = 10.0
MAX_BEHIND_BLOCKS = 20
_NEWEST_BLOCK = "eth_blockNumber"
_DOING = "asking for the newest block"


@dataclass(slots=True)
class Endpoint:
    """One node.

    Attributes:
        name: host and port, for people.
        respond: asks it.
        newest: highest block it has shown.
        chain_id: that of its chain; None until it was asked.
        failed_at: when it last gave no answer; None while it answers.
    """

    name: str
    respond: Respond
    newest: int = -1
    chain_id: int | None = None
    failed_at: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointState:
    """How one node does, for who watches. `is_in_use`: questions go to it now."""

    name: str
    is_in_use: bool
    is_answering: bool
    newest_block: int | None


class Endpoints:
    """Asks one of several nodes of a chain. Safe for threads; a `Respond` by being called.

    Args:
        endpoints: in the order in which they are preferred at first.
        max_behind: blocks that a node may lack of the highest seen.
        clock: seconds, for the pauses alone.
    """

    def __init__(
        self,
        endpoints: list[Endpoint],
        *,
        max_behind: int = MAX_BEHIND_BLOCKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints = endpoints
        self._max_behind = max_behind
        self._clock = clock
        self._lock = threading.Lock()
        self._current = endpoints[0]
        self._chain_id: int | None = None
        self._grown_at = clock()
        self._own = threading.local()

    def __call__(self, request: dict[str, object]) -> object:
        """The response of the first node that gives one.

        Raises:
            OSError, ChainUnavailableError: that of the last, if none does; code `chain_behind`
                when those that answer lack blocks.
            ConflictError: code `another_chain`.
        """
        pinned: Endpoint | None = getattr(self._own, "pinned", None)
        if pinned is not None:
            return self._ask(pinned, request)
        self._look_around()
        problem: Exception | None = None
        for endpoint in self._candidates():
            try:
                answer = self._ask(endpoint, request)
            except (OSError, ChainUnavailableError) as error:
                problem = error
                continue
            if endpoint is not self._current:
                with self._lock:
                    self._current = endpoint
            return answer
        raise problem or ChainUnavailableError("no node of this chain is known")

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Within the block this thread's questions go to one node alone."""
        if getattr(self._own, "pinned", None) is not None:
            yield
            return
        self._own.pinned = self._current
        try:
            yield
        finally:
            self._own.pinned = None

    def states(self) -> list[EndpointState]:
        """How each is known to do; asks nothing."""
        with self._lock:
            return [
                EndpointState(
                    each.name,
                    each is self._current,
                    each.failed_at is None,
                    each.newest if each.newest >= 0 else None,
                )
                for each in self._endpoints
            ]

    def check_all(self) -> None:
        """Asks every node that answers for its chain and its newest block.

        Raises:
            ConflictError: code `another_chain`, they are not of one chain.
        """
        for endpoint in self._endpoints:
            try:
                self._ask(endpoint, _question(_NEWEST_BLOCK))
            except (OSError, ChainUnavailableError):
                continue

    def _candidates(self) -> list[Endpoint]:
        """The one in use, then those that may answer, then those that failed lately."""
        now = self._clock()
        with self._lock:
            current = self._current
            others = [each for each in self._endpoints if each is not current]
        rested = [each for each in others if not _is_resting(each, now)]
        resting = [each for each in others if _is_resting(each, now)]
        if current.failed_at is None:
            return [current, *rested, *resting]
        return [*rested, current, *resting]

    def _ask(self, endpoint: Endpoint, request: dict[str, object]) -> object:
        try:
            self._require_same_chain(endpoint)
            if endpoint.failed_at is not None or self._lacks(endpoint.newest):
                self._check_height(endpoint)
            answer = endpoint.respond(request)
        except (OSError, ChainUnavailableError):
            endpoint.failed_at = self._clock()
            raise
        endpoint.failed_at = None
        self._note_height(endpoint, request, answer)
        return answer

    def _require_same_chain(self, endpoint: Endpoint) -> None:
        """Asked once of each, before anything else; its height then, too."""
        if endpoint.chain_id is not None:
            return
        found = _result(endpoint.respond(_question("eth_chainId")), "asking for the chain's number")
        with self._lock:
            if self._chain_id is None:
                self._chain_id = found
            expected = self._chain_id
        if found != expected:
            raise ConflictError(
                f"expected nodes of one chain: {endpoint.name} is of chain {found}, others are of "
                f"{expected}",
                code="another_chain",
                field="chain",
            )
        self._check_height(endpoint)
        endpoint.chain_id = found

    def _check_height(self, endpoint: Endpoint) -> None:
        """It may have been away, and not have caught up."""
        question = _question(_NEWEST_BLOCK)
        self._note_height(endpoint, question, endpoint.respond(question))

    def _lacks(self, height: int) -> int:
        """Whether so high is too far behind: the highest block that was seen then, else 0."""
        highest = max(each.newest for each in self._endpoints)
        return highest if height < highest - self._max_behind else 0

    def _note_height(self, endpoint: Endpoint, request: dict[str, object], answer: object) -> None:
        """Raises ChainUnavailableError, code `chain_behind`, when it is too far behind."""
        shown = _height(request, answer)
        if shown is None:
            return
        with self._lock:
            if shown > endpoint.newest and endpoint is self._current:
                self._grown_at = self._clock()
            endpoint.newest = shown
        if highest := self._lacks(shown):
            endpoint.failed_at = self._clock()
            raise ChainUnavailableError(
                f"the node {endpoint.name} is at block {shown}, the chain was seen at {highest}",
                code="chain_behind",
            )

    def _look_around(self) -> None:
        """Whether the others go on, when the one in use has shown nothing new for a while."""
        now = self._clock()
        with self._lock:
            if len(self._endpoints) < 2 or now - self._grown_at < LOOK_AROUND_S:
                return
            self._grown_at = now
            current = self._current
        for endpoint in self._endpoints:
            if endpoint is not current and not _is_resting(endpoint, now):
                try:
                    self._ask(endpoint, _question(_NEWEST_BLOCK))
                except (OSError, ChainUnavailableError):
                    continue
        if self._lacks(current.newest):
            current.failed_at = now


def _is_resting(endpoint: Endpoint, now: float) -> bool:
    return endpoint.failed_at is not None and now - endpoint.failed_at < RETRY_AFTER_S


def _question(method: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 0, "method": method, "params": []}


def _result(answer: object, doing: str) -> int:
    if not isinstance(answer, Mapping):
        raise unusable(doing, answer)
    return parse_quantity(answer.get("result"), doing)


def _height(request: dict[str, object], answer: object) -> int | None:
    """The newest block that an answer shows, None if it shows none."""
    method, params = request.get("method"), request.get("params")
    found: Any = answer.get("result") if isinstance(answer, Mapping) else None
    if method == "eth_getBlockByNumber" and isinstance(params, list) and params[:1] == ["latest"]:
        found = found.get("number") if isinstance(found, Mapping) else None
    elif method != _NEWEST_BLOCK:
        return None
    try:
        return parse_quantity(found, _DOING)
    except LedgerError:
        return None
