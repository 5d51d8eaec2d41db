"""POST /v1/certificates: one certificate, acknowledged once it is final. Plain ASGI.

GET /v1/issuance-requests/{issuer}/{reference} tells how far a request is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from ledger.actions.issuance.group import GroupIssuer, unknown_outcome
from ledger.actions.issuance.request import find_request
from ledger.actions.issuance.tickets import Ticket
from ledger.actions.issuers import choose_issuer
from ledger.errors import LedgerError, NotFoundError
from ledger.identifiers import Uscc
from ledger.workspace import Workspace
from node_api.auth.access import Access, require_objects
from node_api.auth.journal import AccessJournal
from node_api.auth.principals import Principal
from node_api.auth.targets import TargetResolver
from node_api.doors import Receive, Scope, Send
from node_api.hot.http import answer, answer_problem, method_not_allowed, read_body, read_query
from node_api.hot.issue_described import DESCRIBED, ISSUE_ACCESS, READ_ACCESS
from node_api.hot.issue_terms import (
    MAX_BODY,
    PATH,
    REQUESTS_PATH,
    certificate_location,
    describe_issued,
    describe_pending,
    describe_status,
    location_of,
    named_issuer,
    parse_issuer,
    read_document,
    read_reference,
    read_wait_s,
    to_request,
)
from node_api.hot.remembering import make_record
from node_api.observing.metrics import ISSUED
from node_api.observing.requests import name_operation

__all__ = ["DESCRIBED", "ISSUE_ACCESS", "READ_ACCESS", "IssueHandler", "permit_by"]

STORED_WITHIN_S = 5.0
_POLL_S = 0.02
_NEVER_KEPT = (b"cache-control", b"no-store")

Admit = Callable[[Scope, Access, str], Awaitable[Principal]]
Permit = Callable[[Principal, Access, Uscc], None]


def permit_by(targets: TargetResolver) -> Permit:
    """The check of a department against the limits of who asks, for the handlers here."""

    def permit(principal: Principal, access: Access, issuer: Uscc) -> None:
        require_objects(principal, access, targets.resolve(principal, access, {"issuer": issuer}))

    return permit


class IssueHandler:
    """Plain ASGI, for one event loop.

    Args:
        issuer: started.
        admit: who asks, if they may call an operation (of that name) at all; raises LedgerError.
        permit: whether they may for this department; raises LedgerError. Called in the event loop.
        wait_s: how long a request waits for its anchoring unless it says so itself.
        journal: of who had what issued.
    """

    def __init__(
        self,
        workspace: Workspace,
        issuer: GroupIssuer,
        admit: Admit,
        permit: Permit,
        *,
        wait_s: float = 10.0,
        journal: AccessJournal | None = None,
    ) -> None:
        self._journal = journal
        self._workspace = workspace
        self._issuer = issuer
        self._admit = admit
        self._permit = permit
        self._wait_s = wait_s
        self._mailbox: LoopMailbox | None = None

    @staticmethod
    def matches(scope: Scope) -> bool:
        """Whether a request is for this handler: other methods of PATH are others'."""
        path = scope["path"]
        if path == PATH:
            return bool(scope["method"] == "POST")
        return bool(path.startswith(REQUESTS_PATH))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        is_issue = scope["path"] == PATH
        name_operation(scope, "issue_certificate" if is_issue else "show_issuance_request")
        try:
            if is_issue:
                await self._issue(scope, receive, send)
            else:
                await self._show(scope, send)
        except ConnectionError:
            return
        except LedgerError as error:
            await answer_problem(scope, send, error)

    async def _issue(self, scope: Scope, receive: Receive, send: Send) -> None:
        name_operation(scope, "issue_certificate")
        if scope["method"] != "POST":
            raise method_not_allowed(scope, "POST")
        self._issuer.require_room()
        principal = await self._admit(scope, ISSUE_ACCESS, "issue_certificate")
        read_query(scope, frozenset())
        reference = read_reference(scope)
        wait_s = read_wait_s(scope, self._wait_s)
        document = read_document(await read_body(scope, receive, MAX_BODY))
        issuer = named_issuer(document) or self._only_issuer(principal)
        self._permit(principal, ISSUE_ACCESS, issuer)
        request = to_request(document, issuer, reference)
        mailbox = self._open_mailbox()
        ticket = self._issuer.hand_in(request, mailbox)
        self._note(scope, principal, ticket)
        await mailbox.wait(ticket, wait_s)
        if ticket.issued is None and ticket.error is None:
            await _until_stored(ticket)
        await self._tell(scope, send, ticket)

    def _note(self, scope: Scope, principal: Principal, ticket: Ticket) -> None:
        if self._journal is not None:
            name = "issue_certificate"
            record = make_record(scope, principal, name, "certificate", ticket.identifier)
            self._journal.note(record)

    async def _tell(self, scope: Scope, send: Send, ticket: Ticket) -> None:
        issued, request = ticket.issued, ticket.request
        if ticket.error is not None:
            await answer_problem(scope, send, ticket.error)
        elif issued is not None:
            if not issued.was_issued_before:
                ISSUED.labels("single").inc()
            location = (b"location", certificate_location(issued.certificate_id))
            await answer(
                send,
                describe_issued(issued),
                status=HTTPStatus.OK if issued.was_issued_before else HTTPStatus.CREATED,
                headers=(location, _NEVER_KEPT),
            )
        elif ticket.is_staged:
            location = (b"location", location_of(request.issuer, request.reference))
            certificate_id = ticket.placed.draft.certificate_id
            body = describe_pending(request, certificate_id, ticket.waiting_for)
            headers = (location, (b"retry-after", b"1"), _NEVER_KEPT)
            await answer(send, body, status=HTTPStatus.ACCEPTED, headers=headers)
        else:
            await answer_problem(scope, send, unknown_outcome(request))

    async def _show(self, scope: Scope, send: Send) -> None:
        name_operation(scope, "show_issuance_request")
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET")
        principal = await self._admit(scope, READ_ACCESS, "show_issuance_request")
        read_query(scope, frozenset())
        code, _, reference = scope["path"].removeprefix(REQUESTS_PATH).partition("/")
        if not reference:
            raise NotFoundError(f"nothing is at {scope['path']}", code="path_unknown")
        issuer = parse_issuer(code)
        self._permit(principal, READ_ACCESS, issuer)
        status = await asyncio.to_thread(find_request, self._workspace, issuer, reference)
        await answer(send, describe_status(status), headers=(_NEVER_KEPT,))

    def _only_issuer(self, principal: Principal) -> Uscc:
        """The department that is meant where none is named."""
        if len(principal.departments) == 1:
            return next(iter(principal.departments))
        return choose_issuer(self._workspace)

    def _open_mailbox(self) -> LoopMailbox:
        if self._mailbox is None:
            self._mailbox = LoopMailbox(asyncio.get_running_loop())
        return self._mailbox


class LoopMailbox:
    """Wakes the tasks of an event loop: once for all tickets of a batch.

    Args:
        loop: of the tasks that wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}

    def deliver(self, tickets: Sequence[Ticket]) -> None:
        """Called by threads."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it who waited
            self._loop.call_soon_threadsafe(self._wake, tickets)

    async def wait(self, ticket: Ticket, timeout_s: float) -> None:
        """Until something has become of a ticket, or the time is up."""
        future = self._loop.create_future()
        self._waiting[ticket] = future
        timer = self._loop.call_later(timeout_s, _end, future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.pop(ticket, None)

    def _wake(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            future = self._waiting.pop(ticket, None)
            if future is not None:
                _end(future)


def _end(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _until_stored(ticket: Ticket) -> None:
    """What was not stored cannot be answered 202: it is in a moment, or the vault hangs."""
    left_s = STORED_WITHIN_S
    while left_s > 0 and not (ticket.is_staged or ticket.is_settled):
        await asyncio.sleep(_POLL_S)
        left_s -= _POLL_S
