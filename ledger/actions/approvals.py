"""Maker and checker: one officer asks, another allows, and exactly what was asked is done.

The request is kept encrypted under the digest that the second officer names. It is marked approved
before it is carried out; killed in between, it is carried out again, as every action here can be.
What carrying out means is known to the node alone, which gives `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from ledger.actions.api_keys import SUBJECT_PREFIX
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.vault.access_log import NewRecord, RecordKind
from ledger.vault.access_tables import ApprovalState
from ledger.vault.approvals import Approval
from ledger.workspace import Workspace

DEFAULT_LIFETIME_S = 7 * 86_400
MAX_REASON = 500

Run = Callable[[str, bytes], bytes]
"""Carries out an operation: its id and the request's bytes, to the answer's bytes."""
Permit = Callable[[str, bytes], None]
"""Refuses who may not do by themselves what a request asks for."""


@dataclass(frozen=True, slots=True)
class ShownApproval:
    """A request with what was asked for and what came of it, as JSON text; None if not kept."""

    approval: Approval
    request: str | None = field(repr=False)
    result: str | None = field(repr=False)


def compute_request_digest(operation: str, request: bytes) -> bytes:
    """SHA-256 over the operation's id, a zero byte, and the request; 32 bytes."""
    return sha256(operation.encode() + b"\x00" + request).digest()


def request_approval(
    workspace: Workspace,
    operation: str,
    request: bytes,
    *,
    maker: str,
    people: Collection[str],
    lifetime_s: int = DEFAULT_LIFETIME_S,
) -> Approval:
    """Keep a request until a second officer has seen it; asked again, the same one.

    Args:
        request: what is asked for, in one canonical encoding.
        maker: subject of who asks.
        people: subjects of everybody who stands behind that.
    """
    digest = compute_request_digest(operation, request)
    with workspace.vault.transaction():
        approval = workspace.vault.approvals.add(
            operation, digest, request, made_by=maker, people=people, lifetime_s=lifetime_s
        )
        _remember(workspace, "approval_requested", approval, maker)
    return approval


def list_approvals(workspace: Workspace, state: ApprovalState | None = None) -> list[Approval]:
    """Requests, oldest first; all of them without a state."""
    return workspace.vault.approvals.in_state(*([] if state is None else [state]))


def show_approval(
    workspace: Workspace, approval_id: str, permit: Permit, *, reader: str
) -> ShownApproval:
    """A request with its content, and for who made it also with the answer.

    Args:
        permit: refuses a reader who neither made it nor may do what it asks for.
        reader: subject of who reads.

    Raises:
        NotFoundError: approval_unknown.
        LedgerError: of `permit`.
    """
    approvals = workspace.vault.approvals
    approval = approvals.get(approval_id)
    request = _if_kept(approvals.read_request, approval_id)
    is_maker = reader == approval.made_by
    if not is_maker and request is not None:
        permit(approval.operation, request)
    result = _if_kept(approvals.read_result, approval_id) if is_maker else None
    return ShownApproval(approval, _to_text(request), _to_text(result))


def approve_request(
    workspace: Workspace,
    approval_id: str,
    digest: bytes,
    permit: Permit,
    run: Run,
    *,
    checker: str,
    people: Collection[str],
) -> Approval:
    """Allow a request and carry it out. Called again, it carries on where it was interrupted.

    Args:
        digest: of the request that the second officer has seen.
        permit: refuses a second officer without the role that the request needs.
        run: carries it out.
        checker: subject of who allows it.
        people: subjects of everybody who stands behind that.

    Raises:
        NotFoundError: approval_unknown.
        NotAuthorizedError: own_request, when maker and checker have a person in common;
            maker_revoked, when it was asked for with an API key that has been revoked since.
        ConflictError: approval_digest; approval_decided.
        LedgerError: of `permit`; what carrying it out raised.
    """
    approval = _require_other(workspace, approval_id, digest, permit, checker, people)
    if approval.state is ApprovalState.DONE:
        return approval
    if approval.state is not ApprovalState.APPROVED:
        _require_maker(workspace, approval)
        with workspace.vault.transaction():
            approval = workspace.vault.approvals.decide(
                approval_id, ApprovalState.APPROVED, checker
            )
            _remember(workspace, "approval_granted", approval, checker)
    return carry_out(workspace, approval, run)


def reject_request(
    workspace: Workspace,
    approval_id: str,
    digest: bytes,
    reason: str,
    permit: Permit,
    *,
    checker: str,
    people: Collection[str],
) -> Approval:
    """Refuse a request, for a reason that its maker reads. Raises as `approve_request` does."""
    if not 0 < len(reason) <= MAX_REASON:
        raise MalformedInputError(f"reason: expected 1 to {MAX_REASON} characters", field="reason")
    _require_other(workspace, approval_id, digest, permit, checker, people)
    with workspace.vault.transaction():
        approval = workspace.vault.approvals.decide(
            approval_id, ApprovalState.REJECTED, checker, reason
        )
        _remember(workspace, "approval_rejected", approval, checker)
    return approval


def resume_approved(workspace: Workspace, run: Run) -> list[Approval]:
    """Carries out what was approved before the node was stopped; what still cannot be, waits."""
    done = []
    for approval in workspace.vault.approvals.in_state(ApprovalState.APPROVED):
        try:
            done.append(carry_out(workspace, approval, run))
        except LedgerError:
            done.append(workspace.vault.approvals.get(approval.approval_id))
    return done


def carry_out(workspace: Workspace, approval: Approval, run: Run) -> Approval:
    """Do what an approved request asks for, and keep the answer; done before, it stays as it is.

    Raises:
        ConflictError: approval_under_way, while another thread does it.
        StorageError: request_altered, when it is not what was approved.
        LedgerError: of `run`; the request stays approved if it may still succeed, else it failed.
    """
    approvals = workspace.vault.approvals
    with approvals.carrying_out(approval.approval_id):
        found = approvals.get(approval.approval_id)
        if found.state is not ApprovalState.APPROVED:
            return found
        request = approvals.read_request(found.approval_id)
        if not compare_digest(compute_request_digest(found.operation, request), found.digest):
            raise StorageError(
                f"request {found.approval_id} is not the one that was approved",
                code="request_altered",
            )
        try:
            result = run(found.operation, request)
        except (ChainUnavailableError, StorageError):
            raise
        except LedgerError as error:
            approvals.end(found.approval_id, ApprovalState.FAILED, error_code=error.code)
            raise
        return approvals.end(found.approval_id, ApprovalState.DONE, result=result)


def _require_other(
    workspace: Workspace,
    approval_id: str,
    digest: bytes,
    permit: Permit,
    checker: str,
    people: Collection[str],
) -> Approval:
    approvals = workspace.vault.approvals
    approval = approvals.get(approval_id)
    permit(approval.operation, approvals.read_request(approval_id))
    if not {approval.made_by, *approval.people}.isdisjoint({checker, *people}):
        raise NotAuthorizedError(
            f"request {approval_id} needs a second person, and this is the one who made it",
            code="own_request",
        )
    if not compare_digest(approval.digest, digest):
        raise ConflictError(
            f"request {approval_id} has the digest {approval.digest.hex()}, not the one named: "
            "read it again",
            code="approval_digest",
            field="digest",
        )
    return approval


def _require_maker(workspace: Workspace, approval: Approval) -> None:
    """Refuses what was asked for with a key that has been revoked since, perhaps as stolen."""
    if not approval.made_by.startswith(SUBJECT_PREFIX):
        return
    found = workspace.vault.api_keys.find(approval.made_by.removeprefix(SUBJECT_PREFIX))
    if found is None or found.key.revoked_at_unix is not None:
        raise NotAuthorizedError(
            f"request {approval.approval_id} was made with an API key that is revoked: reject it",
            code="maker_revoked",
        )


def _if_kept(read: Callable[[str], bytes], approval_id: str) -> bytes | None:
    try:
        return read(approval_id)
    except NotFoundError:
        return None


def _to_text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="replace")


def _remember(workspace: Workspace, event: str, approval: Approval, subject: str) -> None:
    workspace.vault.access_log.append(
        [
            NewRecord(
                RecordKind.SECURITY,
                event,
                subject,
                object_kind="approval",
                object_id=approval.approval_id,
                purpose=f"{approval.operation} {approval.digest.hex()}",
            )
        ]
    )
