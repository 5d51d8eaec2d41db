"""Changes of status as somebody orders them: a reason by its code or in words, a day or today.

What is ordered becomes a `Decision` by the reasons of the certificates' types. Names of persons are
told masked, as much as an officer needs to see that the right certificates are meant.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from ledger.actions.decisions import Decision, LifecycleAct, parse_reason
from ledger.actions.lifecycle import Affected, StatusResult, carry_out, preview
from ledger.actions.masking import mask_name
from ledger.actions.named_certificates import NamedCertificates
from ledger.errors import MalformedInputError
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId, CertificateType
from ledger.workspace import Workspace

DESCRIBED = 20


@dataclass(frozen=True, slots=True)
class PlannedCertificate:
    """One certificate that an act is about.

    Attributes:
        holder_name: a person's with only its ends; None where the content was erased or is damaged.
        holder_code_type: GB/T 36903 code.
        is_done: whether this very decision was carried out for it before; it stays as it is.
    """

    certificate_id: CertificateId
    holder_name: str | None
    holder_code_type: str
    status: Status
    is_erased: bool
    is_done: bool

    @classmethod
    def of(cls, affected: Affected) -> PlannedCertificate:
        name, kind = affected.holder_name, affected.holder_code_type
        masked = None if name is None else mask_name(name, kind)
        return cls(
            affected.certificate_id,
            masked,
            kind,
            affected.status,
            affected.is_erased,
            affected.is_done,
        )


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """What an order would do.

    Attributes:
        decision: as it would be carried out; give its day, so that tomorrow it is the same order.
        count: certificates it is about.
        done: for how many of them it was carried out before.
        certificates: the first of them.
    """

    act: LifecycleAct
    decision: Decision
    count: int
    done: int
    certificates: tuple[PlannedCertificate, ...]

    @property
    def left(self) -> int:
        """How many certificates would be changed."""
        return self.count - self.done

    def joined(self, other: StatusPlan) -> StatusPlan:
        """The plan of the same order for the certificates of both."""
        return replace(
            self,
            count=self.count + other.count,
            done=self.done + other.done,
            certificates=self.certificates + other.certificates,
        )


@dataclass(frozen=True, slots=True)
class StatusChangeResult:
    """What was done.

    Attributes:
        certificates: how many were changed.
        already_done: for how many the decision had been carried out before.
        statements: one for each batch and 256 words.
    """

    act: LifecycleAct
    certificates: int
    already_done: int
    statements: tuple[StatusResult, ...]

    def joined(self, other: StatusChangeResult) -> StatusChangeResult:
        """What was done by the same order in both parts."""
        return replace(
            self,
            certificates=self.certificates + other.certificates,
            already_done=self.already_done + other.already_done,
            statements=self.statements + other.statements,
        )


def make_decision(
    workspace: Workspace,
    act: LifecycleAct,
    types: Collection[CertificateType],
    reason: str,
    legal_basis: str,
    effective_date: date | None = None,
    officer: str | None = None,
) -> Decision:
    """The decision that an order describes.

    Args:
        reason: a status code of the types, its number or its Chinese name.
        effective_date: by default today in China.

    Raises:
        MalformedInputError, ConflictError: as `parse_reason` and `Decision`.
    """
    code = parse_reason(workspace, act, types, reason)
    day = effective_date or compute_civil_date(workspace.now_unix())
    return Decision(code, legal_basis, day, officer or None)


def plan_status_change(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: NamedCertificates,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
    described: int | None = DESCRIBED,
) -> StatusPlan:
    """What changing the status of certificates would do, without doing it.

    Args:
        reason: a status code of their types, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.
        described: how many of the certificates are told; null for all.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, which names the certificates; reason_ambiguous.
        MalformedInputError: effective_date_too_early, effective_date_too_late;
            certificates_missing; the reason is none of the types.
    """
    _require_some(certificate_ids)
    decision = make_decision(
        workspace, act, certificate_ids.types, reason, legal_basis, effective_date, officer
    )
    told = preview(workspace, act, certificate_ids, decision, described=described)
    certificates = tuple(map(PlannedCertificate.of, told.affected))
    return StatusPlan(act, decision, told.count, told.done, certificates)


def change_statuses(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: NamedCertificates,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> StatusChangeResult:
    """Changes the status of certificates: one sealed statement for each batch and 256 words.

    The same order again changes what an interruption left, and nothing where nothing was left.

    Args:
        reason: a status code of their types, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed, which names the certificates; reason_ambiguous.
        MalformedInputError: effective_date_too_early, effective_date_too_late;
            certificates_missing; the reason is none of the types.
        ChainUnavailableError: outcome_unknown: the same order again finds out, and does what is
            left.
    """
    _require_some(certificate_ids)
    decision = make_decision(
        workspace, act, certificate_ids.types, reason, legal_basis, effective_date, officer
    )
    count, results = carry_out(workspace, act, certificate_ids, decision)
    changed = sum(each.certificates for each in results)
    return StatusChangeResult(act, changed, count - changed, tuple(results))


def change_status_of_one(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_id: CertificateId,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> StatusChangeResult:
    """Changes the status of one certificate.

    The same order again changes nothing.

    Args:
        reason: a status code of its type, its number or its Chinese name.
        legal_basis: the rule it rests on; public, so that it never names a person.
        effective_date: from which it has legal effect; by default today in China.
        officer: who decides; kept in this home, a salted commitment on the chain.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: status_not_allowed.
        MalformedInputError: effective_date_too_early, effective_date_too_late; the reason is none
            of the type.
        ChainUnavailableError: outcome_unknown: the same order again finds out.
    """
    return change_statuses(
        workspace,
        act,
        NamedCertificates.of([certificate_id]),
        reason,
        legal_basis,
        effective_date=effective_date,
        officer=officer,
    )


def check_status_order(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: NamedCertificates,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> None:
    """Refuses an order that `change_statuses` would refuse whatever the certificates' status is.

    Raises:
        MalformedInputError, ConflictError: as `make_decision`; certificates_missing.
    """
    _require_some(certificate_ids)
    make_decision(
        workspace, act, certificate_ids.types, reason, legal_basis, effective_date, officer
    )


def check_status_order_of_one(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_id: CertificateId,
    reason: str,
    legal_basis: str,
    *,
    effective_date: date | None = None,
    officer: str | None = None,
) -> None:
    """The same of an order about one certificate. Raises as `check_status_order`."""
    named = NamedCertificates.of([certificate_id])
    check_status_order(
        workspace, act, named, reason, legal_basis, effective_date=effective_date, officer=officer
    )


def _require_some(certificate_ids: NamedCertificates) -> None:
    if not len(certificate_ids):
        raise MalformedInputError(
            "certificate_ids: expected at least one identifier",
            code="certificates_missing",
            field="certificate_ids",
        )
