"""GET /v1/log…: the log's root, proofs, and its entries, as far as this node has compared them.

What is proved about a size of the log never changes, and may be kept by anybody for ever.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import orjson

from ledger.actions.known_log import KnownLog
from ledger.actions.proofs import prove_consistency_in, prove_inclusion_in
from ledger.errors import LedgerError, MalformedInputError, NotFoundError
from ledger.formats.evidence import LogHead
from ledger.index.projector import EntryRow
from ledger.index.reading import STALE_AFTER_S
from ledger.records import EVENTS_BY_TOPIC
from node_api.doors import Receive, Scope, Send
from node_api.freshness import AgeTeller
from node_api.hot.http import (
    answer,
    answer_problem,
    as_unavailable,
    method_not_allowed,
    parse_number,
    read_number,
    read_query,
)

ROOT_PATH = "/v1/log"
CONSISTENCY_PATH = "/v1/log/consistency-proof"
ENTRIES_PATH = "/v1/log/entries"
MAX_ENTRIES = 1_000
_INCLUSION = re.compile(r"/v1/log/entries/([^/]+)/inclusion-proof")
_ENTRY = re.compile(r"/v1/log/entries/([^/]+)")
_FOR_EVER = ((b"cache-control", b"public, max-age=31536000, immutable"),)
_NEVER = ((b"cache-control", b"no-cache"),)


class LogHandler:
    """Plain ASGI.

    Args:
        log: what is known.
        clock: seconds since the epoch.
        ages: tells how old an answer is; what always stays the same has no age.
    """

    def __init__(
        self,
        log: KnownLog,
        clock: Callable[[], float] = time.time,
        ages: AgeTeller | None = None,
    ) -> None:
        self._log = log
        self._ages = ages or AgeTeller(clock, STALE_AFTER_S)
        self._clock = clock

    @staticmethod
    def matches(path: str) -> bool:
        """Whether a path is one of these."""
        return path == ROOT_PATH or path.startswith((CONSISTENCY_PATH, ENTRIES_PATH))

    @staticmethod
    def name_of(path: str) -> str:
        """The operation at one of these paths."""
        if path == ROOT_PATH:
            return "log_root"
        if path == CONSISTENCY_PATH:
            return "consistency_proof"
        return "inclusion_proof" if _INCLUSION.fullmatch(path) else "log_entries"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """ASGI 3."""
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise method_not_allowed(scope, "GET")
            document, is_final = self._answer(scope)
        except LedgerError as error:
            await answer_problem(scope, send, error)
            return
        headers = _FOR_EVER if is_final else (*_NEVER, *self._ages.tell(self._log.cursor))
        await answer(send, orjson.dumps(document, default=_to_plain), headers=headers)

    def _answer(self, scope: Scope) -> tuple[object, bool]:
        """The document, and whether it will always be the same."""
        path = scope["path"]
        if path == ROOT_PATH:
            read_query(scope, frozenset())
            return self._describe(self._head()), False
        if path == CONSISTENCY_PATH:
            query = read_query(scope, frozenset({"first", "second"}))
            head = self._head()
            first, second = read_number(query, "first"), read_number(query, "second", head.size)
            found = prove_consistency_in(self._log.index, head.size, first, second)
            return found, "second" in query
        if path == ENTRIES_PATH:
            return self._list(read_query(scope, frozenset({"from", "limit"})))
        if match := _INCLUSION.fullmatch(path):
            query = read_query(scope, frozenset({"size"}))
            head = self._head()
            index, size = parse_number(match[1], "index"), read_number(query, "size", head.size)
            proof = prove_inclusion_in(self._log.index, head.size, index, size)
            return proof, "size" in query
        if match := _ENTRY.fullmatch(path):
            read_query(scope, frozenset())
            index, head = parse_number(match[1], "index"), self._head()
            if index >= head.size:
                raise NotFoundError(
                    f"the log has {head.size} entries here, the first is 0: there is no {index}",
                    code="entry_not_found",
                )
            return _describe_entry(self._log.index.entry(index)), True
        raise NotFoundError(f"nothing is at {path}", code="path_unknown")

    def _list(self, query: dict[str, str]) -> tuple[object, bool]:
        first, limit = read_number(query, "from", 0), read_number(query, "limit", 100)
        if not 0 < limit <= MAX_ENTRIES:
            raise MalformedInputError(
                f"limit: expected 1 to {MAX_ENTRIES}, got {limit}", field="limit"
            )
        head = self._head()
        rows = self._log.index.entries_between(first, min(first + limit, head.size))
        listed = [_describe_entry(row) for row in rows]
        document = {"size": head.size, "entries": listed, "next": first + len(listed)}
        return document, False

    def _head(self) -> LogHead:
        try:
            return self._log.head()
        except LedgerError as error:
            raise as_unavailable(error) from error

    def _describe(self, head: LogHead) -> dict[str, object]:
        return {
            "ledger_id": head.ledger_id,
            "size": head.size,
            "root": head.root,
            "synced_to_unix": head.time_unix,
            "age_s": max(0, int(self._clock()) - head.time_unix),
        }


def _describe_entry(row: EntryRow) -> dict[str, object]:
    event = EVENTS_BY_TOPIC.get(row.kind)
    return {
        "index": row.entry_index,
        "kind": row.kind,
        "event": event and event.__name__,
        "region": row.region,
        "actor": row.actor,
        "subject": row.subject,
        "payload_hash": row.payload_hash,
        "time_unix": row.time_unix,
        "leaf_hash": row.leaf_hash,
        "payload": row.payload,
    }


def _to_plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)
