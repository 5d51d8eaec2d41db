"""POST /v1/verify: a presented document in, a report with words out. Every verdict is a 200."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache

import orjson
from prometheus_client import Counter

from ledger.actions.verifying import Verdict, VerificationQuestion, Verifier
from ledger.errors import LedgerError, MalformedInputError
from ledger.formats.evidence import MAX_EVIDENCE_SIZE
from ledger.formats.json_object import MAX_UNIX
from ledger.identifiers import RegionCode
from ledger.index.reading import STALE_AFTER_S
from ledger.verification.finding import Outcome
from ledger.verification.worded import to_worded_document
from node_api.doors import Receive, Scope, Send
from node_api.freshness import AgeTeller
from node_api.hot.http import (
    answer,
    answer_problem,
    method_not_allowed,
    parse_number,
    read_body,
    read_query,
)
from node_api.observing.metrics import VERDICTS

PATH = "/v1/verify"
NOBODY = "none"
_PARAMETERS = frozenset({"relying_region", "as_of", "nonce", "audience"})
_MAX_NONCE = 512
_HEADERS = ((b"cache-control", b"no-store"),)  # it has what the holder chose to show


class VerifyHandler:
    """Plain ASGI.

    Args:
        verifier: answers by this node's own copy of the log.
        default_region: who relies where the question names nobody; None for nobody.
        ages: tells how old an answer is.
    """

    def __init__(
        self,
        verifier: Verifier,
        default_region: RegionCode | None = None,
        clock: Callable[[], float] = time.time,
        ages: AgeTeller | None = None,
    ) -> None:
        self._verifier = verifier
        self._ages = ages or AgeTeller(clock, STALE_AFTER_S)
        self.default_region = default_region
        self._clock = clock
        self._plain_question = self.read_question({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        try:
            if scope["method"] != "POST":
                raise method_not_allowed(scope, "POST")
            query = read_query(scope, _PARAMETERS)
            question = self.read_question(query) if query else self._plain_question
            document = await read_body(scope, receive, MAX_EVIDENCE_SIZE)
            body = self.report(document, question)
        except LedgerError as error:
            await answer_problem(scope, send, error)
            return
        except ConnectionError:
            return
        await answer(send, body, headers=(*_HEADERS, *self._ages.tell(self._verifier.log.cursor)))

    def read_question(self, query: dict[str, str]) -> VerificationQuestion:
        """What is asked, by the parameters of a query or a form.

        Raises:
            MalformedInputError: names the parameter.
        """
        region = _parse_region(query, "relying_region")
        if region is None and "relying_region" not in query:
            region = self.default_region
        nonce = query.get("nonce")
        if nonce is not None and len(nonce) > _MAX_NONCE:
            raise MalformedInputError(
                f"nonce: expected at most {_MAX_NONCE} characters", field="nonce"
            )
        as_of = query.get("as_of")
        return VerificationQuestion(
            relying_region=region,
            as_of_unix=None if as_of is None else parse_time(as_of, "as_of"),
            nonce=nonce,
            audience=_parse_region(query, "audience"),
        )

    def report(self, document: bytes, question: VerificationQuestion) -> bytes:
        """The report's JSON."""
        return orjson.dumps(self.judge(document, question)[1])

    def judge(
        self, document: bytes, question: VerificationQuestion
    ) -> tuple[Verdict, dict[str, object]]:
        """The verdict, and its document as JSON has it."""
        verdict = self._verifier.verify(document, question)
        _counter_of(verdict.report.outcome).inc()
        worded = to_worded_document(verdict.report)
        log = verdict.report.trusted_log
        worded["titles"] = verdict.titles
        worded["knowledge"] = log and {
            "ledger_id": log.ledger_id.hex(),
            "size": log.size,
            "synced_to_unix": log.time_unix,
            "age_s": max(0, int(self._clock()) - log.time_unix),
        }
        # The code alone: messages about files are for the operator, in the node's own log.
        worded["unavailable"] = verdict.unavailable and {"code": verdict.unavailable.code}
        return verdict, worded


@cache
def _counter_of(outcome: Outcome) -> Counter:
    return VERDICTS.labels(outcome.lower())


def parse_time(text: str, name: str) -> int:
    """Unix seconds, of whole seconds or an RFC 3339 time with its offset.

    >>> parse_time("2026-01-05T10:00:00+08:00", "as_of")
    1767578400

    Raises:
        MalformedInputError: it is neither.
    """
    if text.isascii() and text.isdigit():
        return parse_number(text, name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 0 <= found.timestamp() <= MAX_UNIX:
        raise MalformedInputError(
            f"{name}: expected a time such as 2026-01-05T10:00:00+08:00 or unix seconds, "
            f"got {text[:40]!r}",
            field=name,
        )
    return int(found.timestamp())


def _parse_region(query: dict[str, str], name: str) -> RegionCode | None:
    text = query.get(name)
    if text is None or text == NOBODY:
        return None
    try:
        return RegionCode.parse(text)
    except MalformedInputError as error:
        raise MalformedInputError(f"{name}: {error.message}", code=error.code, field=name) from None
