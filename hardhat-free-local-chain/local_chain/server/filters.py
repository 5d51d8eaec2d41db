"""Filters that clients poll: eth_newFilter, eth_newBlockFilter and what goes with them (EIP-1474).

A filter is a bookmark: the block up to which its owner has heard. It lives in memory until the
server ends or its owner lets news lie for `IDLE_LIMIT_S`. Time without news does not count: this
chain makes no empty blocks, and clients such as ethers poll their filters only after a new block.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.parameters import LogRequest, parse_log_request
from local_chain.embedded.rpc import Method, RpcMethods
from local_chain.embedded.shapes import Json

IDLE_LIMIT_S = 300.0
MAX_FILTERS = 1_000
MAX_BLOCKS = 1_000  # hashes in one answer


@dataclass(slots=True)
class Filter:
    """One client's bookmark.

    Args:
        criteria: the filter object of eth_getLogs; None for a filter of blocks.
        next_block: the first block its owner has not heard of.
        used_at_unix: when it was made or last polled, seconds.
    """

    criteria: Mapping[str, Json] | None
    next_block: int
    used_at_unix: float


class FilterMethods:
    """The methods; each is called under the chain's lock.

    Args:
        rpc: answers what the filters ask.
        clock: the chain's, seconds since the epoch.
    """

    def __init__(self, rpc: RpcMethods, clock: Callable[[], float] = time.time) -> None:
        self._rpc = rpc
        self._clock = clock
        self._filters: dict[str, Filter] = {}

    def by_name(self) -> dict[str, Method]:
        """To extend the chain's methods with."""
        return {
            "eth_newFilter": self.new_log_filter,
            "eth_newBlockFilter": self.new_block_filter,
            "eth_getFilterChanges": self.changes,
            "eth_getFilterLogs": self.logs,
            "eth_uninstallFilter": self.uninstall,
        }

    def new_log_filter(self, criteria: object) -> Json:
        """A filter of the logs from the next block on; its identifier."""
        request = parse_log_request(criteria)
        if request.first_block.block_hash is not None or not isinstance(criteria, Mapping):
            raise RpcError(RpcCode.INVALID_PARAMS, "a filter cannot be bound to one block hash")
        return self._add(criteria)

    def new_block_filter(self) -> Json:
        """A filter of block hashes from the next block on; its identifier."""
        return self._add(None)

    def changes(self, identifier: object) -> Json:
        """What came since the last call: logs, or block hashes."""
        found = self._find(identifier)
        head = self._head()
        if found.next_block > head:
            return []
        if found.criteria is not None:
            return self._new_logs(found, found.criteria, head)
        end = min(head + 1, found.next_block + MAX_BLOCKS)
        hashes = [self._fetch_block(number)["hash"] for number in range(found.next_block, end)]
        found.next_block = end
        return hashes

    def logs(self, identifier: object) -> Json:
        """All logs that match a filter, heard of or not."""
        criteria = self._find(identifier).criteria
        if criteria is None:
            raise RpcError(RpcCode.REFUSED, "filter not found: it is one of blocks, not of logs")
        return self._rpc.answer("eth_getLogs", [criteria])

    def uninstall(self, identifier: object) -> Json:
        """Forget a filter; whether there was one."""
        return self._filters.pop(str(identifier), None) is not None

    def _new_logs(self, found: Filter, criteria: Mapping[str, Json], head: int) -> Json:
        """Those that fit into one answer; what does not comes with the next call."""
        request = parse_log_request(criteria)
        first, last = _clip(request, found.next_block, head)
        while first <= last:
            bounds = {"fromBlock": hex(first), "toBlock": hex(last)}
            try:
                logs = self._rpc.answer("eth_getLogs", [{**criteria, **bounds}])
            except RpcError as error:
                if error.code is not RpcCode.LIMIT_EXCEEDED:
                    raise
                head = last = (first + last) // 2
            else:
                found.next_block = head + 1
                return logs
        found.next_block = head + 1
        return []

    def _add(self, criteria: Mapping[str, Json] | None) -> str:
        self._expire()
        if len(self._filters) >= MAX_FILTERS:
            raise RpcError(RpcCode.LIMIT_EXCEEDED, f"there are {MAX_FILTERS} filters already")
        identifier = hex(secrets.randbits(127) | 1 << 127)
        self._filters[identifier] = Filter(criteria, self._head() + 1, self._clock())
        return identifier

    def _find(self, identifier: object) -> Filter:
        found = self._filters.get(str(identifier))
        if found is None:
            raise RpcError(RpcCode.REFUSED, "filter not found")
        found.used_at_unix = self._clock()
        return found

    def _expire(self) -> None:
        head, limit_unix = self._head(), self._clock() - IDLE_LIMIT_S
        for identifier, one in list(self._filters.items()):
            if one.next_block <= head and one.used_at_unix < limit_unix:
                news_at_unix = int(str(self._fetch_block(one.next_block)["timestamp"]), 16)
                if news_at_unix < limit_unix:
                    del self._filters[identifier]

    def _head(self) -> int:
        return int(str(self._rpc.answer("eth_blockNumber", [])), 16)

    def _fetch_block(self, number: int) -> Mapping[str, Json]:
        block = self._rpc.answer("eth_getBlockByNumber", [hex(number), False])
        if not isinstance(block, Mapping):
            raise RpcError(RpcCode.INTERNAL, f"block {number} is missing")
        return block


def _clip(request: LogRequest, next_block: int, head: int) -> tuple[int, int]:
    """The new blocks that a filter is about; a bound without number is the head of the moment."""
    first, last = request.first_block.number, request.last_block.number
    return max(next_block, first or 0), head if last is None else min(head, last)
