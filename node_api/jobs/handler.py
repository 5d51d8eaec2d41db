"""/v1/jobs: uploads as they stream in, how far their jobs are, and what was wrong with their rows.

Plain ASGI, since a file of a gigabyte must not be held in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from datetime import date
from http import HTTPStatus
from urllib.parse import unquote

import orjson

from ledger.actions.issuance.outcome import Citation
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
)
from ledger.identifiers import CertificateType, Uscc
from ledger.vault.jobs import JobRow
from ledger.workspace import Workspace
from node_api.auth.access import Access
from node_api.auth.journal import AccessJournal
from node_api.auth.principals import Principal, PrincipalKind
from node_api.auth.purposes import read_purpose, require_purpose
from node_api.doors import Receive, Scope, Send, header_of
from node_api.hot.http import answer, answer_problem, method_not_allowed, read_query
from node_api.hot.issue_terms import parse_case_id, parse_related
from node_api.hot.remembering import make_record, remember
from node_api.jobs.access import CHANGE_ACCESS, READ_ACCESS, REPORT_ACCESS
from node_api.jobs.described import DESCRIBED
from node_api.jobs.orders import JobKind, JobOrder
from node_api.jobs.runner import JobRunner, make_job_id
from node_api.jobs.spool import Upload
from node_api.observing.requests import name_operation

__all__ = ["DESCRIBED", "JobsHandler"]

PATH = "/v1/jobs"
ERRORS = "/errors"
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES = {"text/csv": ".csv", _WORKBOOK: ".xlsx"}
_LISTS = {"text/plain": ".txt", "text/csv": ".txt"}
_PARAMETERS = frozenset(
    {
        "kind",
        "issuer",
        "certificate_type",
        "skip_invalid",
        "case_id",
        "related_certificate_id",
        "file_name",
        "reason",
        "legal_basis",
        "effective_date",
    }
)
_WRITTEN_AT_ONCE = 1 << 20
_MOST_LISTED = 200
_READING = ("GET", "HEAD")
_NEVER_KEPT = (b"cache-control", b"no-store")

Admit = Callable[[Scope, Access, str], Awaitable[Principal]]
Permit = Callable[[Principal, Access, Uscc], None]


class JobsHandler:
    """Plain ASGI.

    Args:
        runner: started.
        admit, permit: as of `IssueHandler`.
        max_bytes: of one file.
        journal: of who uploads what and who reads reports.
        approved: operations that need a second officer: a list cannot go around them.
    """

    def __init__(
        self,
        workspace: Workspace,
        runner: JobRunner,
        admit: Admit,
        permit: Permit,
        *,
        max_bytes: int = 1 << 30,
        journal: AccessJournal | None = None,
        approved: AbstractSet[str] = frozenset(),
    ) -> None:
        self._workspace = workspace
        self._runner = runner
        self._admit = admit
        self._permit = permit
        self._max_bytes = max_bytes
        self._journal = journal
        self._approved = approved

    @staticmethod
    def matches(scope: Scope) -> bool:
        """Whether a request is for this handler."""
        path = scope["path"]
        return bool(path == PATH or path.startswith(PATH + "/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        try:
            await self._answer(scope, receive, send)
        except ConnectionError:
            return
        except LedgerError as error:
            await answer_problem(scope, send, error)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, rest = scope["method"], scope["path"].removeprefix(PATH)
        if rest == "" and method == "POST":
            await self._upload(scope, receive, send)
        elif rest == "" and method in _READING:
            await self._list(scope, send)
        elif rest == "":
            raise method_not_allowed(scope, "GET", "POST")
        elif rest.endswith(ERRORS):
            await self._report(scope, send, rest[1 : -len(ERRORS)])
        elif method in _READING:
            await self._show(scope, send, rest[1:])
        elif method == "DELETE":
            await self._cancel(scope, send, rest[1:])
        else:
            raise method_not_allowed(scope, "GET", "DELETE")

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        name_operation(scope, "create_job")
        principal = await self._admit(scope, CHANGE_ACCESS, "create_job")
        query = read_query(scope, _PARAMETERS)
        order = read_order(scope, query, principal)
        self._permit(principal, CHANGE_ACCESS, order.issuer)
        self._require_alone(principal, order.kind)
        if order.certificate_type is not None:
            self._workspace.schema(order.certificate_type)  # or says that there is none
        await asyncio.to_thread(self._runner.require_room)
        job_id = make_job_id()
        with self._runner.spool.begin(job_id, self._max_bytes) as upload:
            await _receive_file(receive, upload)
            record = make_record(scope, principal, "create_job", "job", job_id)
            await remember(self._journal, record)
            row = await asyncio.to_thread(
                self._runner.queue,
                job_id,
                order,
                upload,
                query.get("file_name", "")[:200],
                principal.subject,
            )
        headers = ((b"location", f"{PATH}/{job_id}".encode()), _NEVER_KEPT)
        await answer(send, self._describe(row), status=HTTPStatus.ACCEPTED, headers=headers)

    async def _list(self, scope: Scope, send: Send) -> None:
        name_operation(scope, "list_jobs")
        principal = await self._admit(scope, READ_ACCESS, "list_jobs")
        read_query(scope, frozenset())
        rows = await asyncio.to_thread(self._workspace.vault.jobs.all)
        mine = [row for row in reversed(rows) if self._may_see(principal, row)][:_MOST_LISTED]
        body = b'{"jobs":[' + b",".join(map(self._describe, mine)) + b"]}"
        await answer(send, body, headers=(_NEVER_KEPT,))

    async def _show(self, scope: Scope, send: Send, job_id: str) -> None:
        name_operation(scope, "show_job")
        row, _ = await self._find(scope, READ_ACCESS, "show_job", job_id)
        await answer(send, self._describe(row), headers=(_NEVER_KEPT,))

    async def _cancel(self, scope: Scope, send: Send, job_id: str) -> None:
        name_operation(scope, "cancel_job")
        _, principal = await self._find(scope, CHANGE_ACCESS, "cancel_job", job_id)
        record = make_record(scope, principal, "cancel_job", "job", job_id)
        await remember(self._journal, record)
        row = await asyncio.to_thread(self._runner.cancel, job_id)
        await answer(send, self._describe(row), headers=(_NEVER_KEPT,))

    async def _report(self, scope: Scope, send: Send, job_id: str) -> None:
        name_operation(scope, "read_job_errors")
        if scope["method"] not in _READING:
            raise method_not_allowed(scope, "GET")
        purpose = read_purpose(scope["headers"])
        name = "read_job_errors"
        row, principal = await self._find(scope, REPORT_ACCESS, name, job_id)
        require_purpose(REPORT_ACCESS, purpose)
        spool = self._runner.spool
        if not row.state.has_ended or not spool.has_report(row.job_id):
            raise NotFoundError(f"job {row.job_id} has no report", code="report_missing")
        record = make_record(scope, principal, name, "job", row.job_id, purpose=purpose)
        await remember(self._journal, record)
        told = f'attachment; filename="{row.job_id}-errors.csv"'.encode()
        body = await asyncio.to_thread(spool.read_report, row.job_id)
        headers = ((b"content-disposition", told), _NEVER_KEPT)
        await answer(send, body, content_type=b"text/csv; charset=utf-8", headers=headers)

    async def _find(
        self, scope: Scope, access: Access, operation: str, job_id: str
    ) -> tuple[JobRow, Principal]:
        principal = await self._admit(scope, access, operation)
        read_query(scope, frozenset())
        row = await asyncio.to_thread(self._workspace.vault.jobs.get, job_id)
        assert row.issuer is not None  # noqa: S101 - for the type checker: ours all have one
        self._permit(principal, access, row.issuer)
        return row, principal

    def _require_alone(self, principal: Principal, kind: JobKind) -> None:
        """Refuses what needs a second officer: that is asked for and approved one by one.

        Raises:
            NotAuthorizedError: second_officer_needed.
        """
        others = set() if kind is JobKind.ISSUE else {f"{kind}_certificate", "change_statuses"}
        needed = {"create_job", *others} & self._approved
        if needed and principal.kind is not PrincipalKind.LOCAL:
            raise NotAuthorizedError(
                f"this node has {', '.join(sorted(needed))} allowed by a second officer, which an "
                "upload cannot be; use POST /v1/status-changes",
                code="second_officer_needed",
            )

    def _may_see(self, principal: Principal, row: JobRow) -> bool:
        try:
            self._permit(principal, READ_ACCESS, row.issuer)  # type: ignore[arg-type]  # as above
        except LedgerError:
            return False
        return True

    def _describe(self, row: JobRow) -> bytes:
        has_report = row.state.has_ended and self._runner.spool.has_report(row.job_id)
        return orjson.dumps(
            {
                "job_id": row.job_id,
                "kind": row.kind,
                "issuer": str(row.issuer),
                "file_name": row.file_name,
                "size": row.size,
                "digest": row.digest.hex(),
                "state": row.state.value,
                "created_at_unix": row.created_at_unix,
                "ended_at_unix": row.ended_at_unix,
                "counts": dict(row.counts),
                "detail": row.detail,
                "errors": f"{PATH}/{row.job_id}{ERRORS}" if has_report else None,
            }
        )


def read_order(scope: Scope, query: dict[str, str], principal: Principal) -> JobOrder:
    """What is to be done with a file that is about to arrive.

    Raises:
        MalformedInputError: a parameter is missing or malformed. LedgerError: `content_type`.
    """
    kind = _read_kind(query.get("kind", JobKind.ISSUE.value))
    issuer = Uscc.parse(_required(query, "issuer"))
    if kind is JobKind.ISSUE:
        return JobOrder(
            kind,
            issuer,
            _read_suffix(scope, _FILES),
            CertificateType.parse(_required(query, "certificate_type")),
            _read_flag(query, "skip_invalid"),
            citation=_read_citation(query),
        )
    day = query.get("effective_date")
    return JobOrder(
        kind,
        issuer,
        _read_suffix(scope, _LISTS),
        reason=_required(query, "reason"),
        legal_basis=_required(query, "legal_basis"),
        effective_date=None if day is None else _read_day(day),
        officer=_read_officer(scope, principal),
    )


async def _receive_file(receive: Receive, upload: Upload) -> None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        is_last = not message.get("more_body")
        if size >= _WRITTEN_AT_ONCE or is_last:
            await asyncio.to_thread(upload.write, b"".join(parts))
            parts, size = [], 0
        if is_last:
            break
    if not upload.size:
        raise MalformedInputError("expected a file in the body, it is empty", code="body_empty")


def _read_kind(text: str) -> JobKind:
    try:
        return JobKind(text)
    except ValueError:
        listed = ", ".join(JobKind)
        raise MalformedInputError(
            f"kind: expected one of {listed}, got {text[:40]!r}", field="kind"
        ) from None


def _read_flag(query: dict[str, str], name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise MalformedInputError(f"{name}: expected true or false, got {text[:40]!r}", field=name)
    return text == "true"


def _read_citation(query: dict[str, str]) -> Citation | None:
    """What the one row of a file cites; not a matter of files with more rows."""
    related, case_id = query.get("related_certificate_id"), query.get("case_id")
    if not (related or case_id):
        return None
    return Citation(
        parse_related(related) if related else None, parse_case_id(case_id) if case_id else None
    )


def _read_suffix(scope: Scope, known: dict[str, str]) -> str:
    text = (header_of(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if text not in known:
        raise LedgerError(
            f"expected a body of {' or '.join(known)}, got {text[:100]!r}", code="content_type"
        )
    return known[text]


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedInputError(
            f"effective_date: expected YYYY-MM-DD, got {text[:40]!r}", field="effective_date"
        ) from None


def _read_officer(scope: Scope, principal: Principal) -> str:
    """Who decides: whoever asks; a program names the person in a header, percent-encoded."""
    given = unquote((header_of(scope, b"officer") or "").strip())
    own = principal.display_name or principal.subject
    if given and given != own and principal.kind is PrincipalKind.OIDC:
        raise ConflictError(
            "the officer who decides is the one who asks; leave it out", code="officer_is_another"
        )
    return given or own


def _required(query: dict[str, str], name: str) -> str:
    if not query.get(name):
        raise MalformedInputError(
            f"{name}: expected this parameter, it was not given",
            code="parameter_missing",
            field=name,
        )
    return query[name]
