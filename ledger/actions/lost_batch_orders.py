"""Lost batches as they are listed, and given up by somebody's order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.lifecycle import StatusResult
from ledger.actions.lost_batches import LostBatch, find_lost, find_lost_batches, revoke_lost
from ledger.actions.status_orders import make_decision
from ledger.identifiers import CertificateType, Uscc
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LostBatchSummary:
    """A batch on the chain that the vault lacks.

    Attributes:
        batch_key: 32 bytes.
        in_force: how many certificates are neither revoked nor superseded.
        is_void: anchored after its key's compromise, so that no verifier accepts it.
    """

    batch_key: bytes
    issuer: Uscc
    certificate_type: CertificateType
    certificates: int
    in_force: int
    is_void: bool
    anchored_at_unix: int
    log_index: int

    @classmethod
    def of(cls, lost: LostBatch) -> LostBatchSummary:
        return cls(
            lost.batch_key,
            lost.issuer,
            lost.certificate_type,
            lost.count,
            len(lost.in_force),
            lost.is_void,
            lost.anchored_at_unix,
            lost.log_index,
        )


@dataclass(frozen=True, slots=True)
class LostBatches:
    """Every lost batch of this home, oldest first."""

    batches: tuple[LostBatchSummary, ...]


@dataclass(frozen=True, slots=True)
class LostBatchPlan:
    """What giving a lost batch up would do."""

    batch: LostBatchSummary
    decision: Decision


@dataclass(frozen=True, slots=True)
class GivenUpBatch:
    """A lost batch that was given up. Attributes: certificates: how many were revoked."""

    certificates: int
    statements: tuple[StatusResult, ...]


def list_lost_batches(workspace: Workspace) -> LostBatches:
    """The batches of this home that the chain has and the vault has not.

    While the certificates of one are in force, nothing is issued: a row could get a second
    certificate. Restore a newer backup if there is one.
    """
    workspace.sync_index()
    return LostBatches(tuple(map(LostBatchSummary.of, find_lost_batches(workspace))))


def plan_lost_batch(
    workspace: Workspace,
    batch_key: bytes,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> LostBatchPlan:
    """What revoking a lost batch would do, without doing it. As `give_up_lost_batch`."""
    lost = find_lost(workspace, batch_key)
    decision = _decide(workspace, lost, reason, legal_basis, effective_date, officer)
    return LostBatchPlan(LostBatchSummary.of(lost), decision)


def give_up_lost_batch(
    workspace: Workspace,
    batch_key: bytes,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> GivenUpBatch:
    """Revokes every certificate of a lost batch, so that its rows can be issued anew.

    Its holders' files fail from then on: they need their new ones.

    Args:
        batch_key: 32 bytes, as listed.
        reason: a status code of its type, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: batch_not_lost.
        ConflictError: somebody changed the batch meanwhile; repeat it.
    """
    lost = find_lost(workspace, batch_key)
    decision = _decide(workspace, lost, reason, legal_basis, effective_date, officer)
    results = revoke_lost(workspace, batch_key, decision)
    return GivenUpBatch(sum(each.certificates for each in results), tuple(results))


def _decide(
    workspace: Workspace,
    lost: LostBatch,
    reason: str,
    legal_basis: str,
    effective_date: date | None,
    officer: str | None,
) -> Decision:
    types, act = {lost.certificate_type}, LifecycleAct.REVOKE
    return make_decision(workspace, act, types, reason, legal_basis, effective_date, officer)
