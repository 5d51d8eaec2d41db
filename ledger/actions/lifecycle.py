"""Suspend, restore, revoke and supersede certificates, each with its reason and legal basis.

A change of status is one sealed statement per batch, numbered, over the words it changes. Who
decided it stays in the vault; the chain has a salted commitment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.actions.holdings import read_certificate
from ledger.actions.issuers import find_seal_key
from ledger.actions.settlement import settle_acts, status_purpose
from ledger.actions.status_targets import StatusTarget, read_targets
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotFoundError,
    StorageError,
)
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId, CertificateType
from ledger.records import StatusStatement
from ledger.schemas import find_status_code
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.certificates import StoredCertificate
from ledger.vault.key_files import SealKey
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

MAX_WORDS = 256
MAX_NAMED = 10
MAX_LEGAL_BASIS_BYTES = 256
NO_OFFICER = bytes(32)


class LifecycleAct(StrEnum):
    """What a department does with a certificate it issued."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


_STATUS_AFTER = {
    LifecycleAct.SUSPEND: Status.SUSPENDED,
    LifecycleAct.RESTORE: Status.VALID,
    LifecycleAct.REVOKE: Status.REVOKED,
    LifecycleAct.SUPERSEDE: Status.SUPERSEDED,
}
_STATUS_BEFORE = {
    LifecycleAct.SUSPEND: {Status.VALID},
    LifecycleAct.RESTORE: {Status.SUSPENDED},
    LifecycleAct.REVOKE: {Status.VALID, Status.SUSPENDED},
    LifecycleAct.SUPERSEDE: {Status.VALID, Status.SUSPENDED},
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a status changes.

    Attributes:
        reason_code: of the type's status codes (for W011 the housing ministry's 01 to 99).
        legal_basis: the rule it rests on, such as 《…条例》第十四条; never names a person.
        effective_date: civil date in China from which it has legal effect.
        officer: who decided; kept in the vault, a salted commitment on chain.
    """

    reason_code: int
    legal_basis: str
    effective_date: date
    officer: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.reason_code < 1 << 16:
            raise MalformedInputError(
                f"reason: expected a code from 1 to 65535, got {self.reason_code}", field="reason"
            )
        size = len(self.legal_basis.encode())
        if not 0 < size <= MAX_LEGAL_BASIS_BYTES:
            raise MalformedInputError(
                f"legal-basis: expected 1 to {MAX_LEGAL_BASIS_BYTES} bytes of UTF-8, got {size}",
                field="legal_basis",
            )


@dataclass(frozen=True, slots=True)
class Affected:
    """One certificate that an act would change, for the officer's eyes.

    Attributes:
        holder_name: None where the content was erased or is damaged.
        holder_code_type: GB/T 36903 code; "001" is an organisation, whose name is public.
    """

    certificate_id: CertificateId
    holder_name: str | None
    holder_code_type: str
    status: Status
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class StatusResult:
    """A recorded change. Attributes: certificates: how many of this batch."""

    batch_key: bytes
    certificates: int
    sequence: int
    log_index: int
    recorded_at_unix: int


def parse_reason(
    workspace: Workspace, act: LifecycleAct, certificate_ids: Sequence[CertificateId], text: str
) -> int:
    """The number of a reason, by the status codes of the certificates' types.

    Raises:
        MalformedInputError: no reason for this act; the message lists those there are.
        ConflictError: it means different things for different types.
    """
    numbers = {
        _reason_of_type(workspace, act, each, text) for each in {i.type for i in certificate_ids}
    }
    if len(numbers) > 1:
        raise ConflictError(
            f"reason: {text!r} is another code in each of several types; act on one type at a time",
            code="reason_ambiguous",
            field="reason",
        )
    return numbers.pop()


def _reason_of_type(
    workspace: Workspace, act: LifecycleAct, certificate_type: CertificateType, text: str
) -> int:
    codes = workspace.schema(certificate_type).status_codes
    if codes:
        return find_status_code(codes, act.value, text).number
    if text.isascii() and text.isdecimal():
        return int(text)
    raise MalformedInputError(f"reason: expected a number, got {text!r}", field="reason")


def preview(
    workspace: Workspace, act: LifecycleAct, certificate_ids: Sequence[CertificateId]
) -> list[Affected]:
    """What an act would change, without changing anything.

    Raises:
        NotFoundError: a certificate is not this home's.
        ConflictError: a certificate is not in a status the act begins from; the first
            such certificates are named.
    """
    targets = read_targets(workspace, certificate_ids)
    _require_allowed(act, targets)
    statuses = {
        place.identifier: target.status(place) for target in targets for place in target.places
    }
    by_id = {
        stored.identifier: _describe(workspace, stored, statuses[stored.identifier])
        for stored in workspace.vault.certificates.fetch_many(list(statuses))
    }
    return [by_id[str(certificate_id)] for certificate_id in dict.fromkeys(certificate_ids)]


def change_status(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: Sequence[CertificateId],
    decision: Decision,
) -> list[StatusResult]:
    """Records an act on chain: one statement for each batch and 256 words.

    Raises:
        ConflictError: as `preview`; or somebody changed the batch meanwhile, then nothing of the
            statement in question was changed and the act can be repeated.
    """
    workspace.submitter.resolve_unfinished()
    settle_acts(workspace)
    targets = read_targets(workspace, certificate_ids)
    _require_allowed(act, targets)
    return [
        result for target in targets for result in record_change(workspace, act, target, decision)
    ]


def record_change(
    workspace: Workspace, act: LifecycleAct, target: StatusTarget, decision: Decision
) -> list[StatusResult]:
    """Records an act for certificates of one batch, as it was read.

    Raises:
        ConflictError: somebody changed the batch since; nothing was changed.
    """
    key = find_seal_key(workspace, target.batch.issuer)
    words = sorted(target.words)
    results = []
    for number, start in enumerate(range(0, len(words), MAX_WORDS), target.sequence + 1):
        part = target.only(set(words[start : start + MAX_WORDS]))
        results.append(_record_statement(workspace, act, part, number, key, decision))
    return results


def _require_allowed(act: LifecycleAct, targets: list[StatusTarget]) -> None:
    before = _STATUS_BEFORE[act]
    wrong = [
        f"{place.identifier} is {target.status(place).name.lower()}"
        for target in targets
        for place in target.places
        if target.status(place) not in before
    ]
    if wrong:
        allowed = " or ".join(sorted(status.name.lower() for status in before))
        named = "; ".join(wrong[:MAX_NAMED])
        if len(wrong) > MAX_NAMED:
            named += f"; and {len(wrong) - MAX_NAMED} more"
        raise ConflictError(
            f"cannot {act}: expected status {allowed}, but {named}; nothing was changed",
            code="status_not_allowed",
            field="identifier",
        )


def _describe(workspace: Workspace, stored: StoredCertificate, status: Status) -> Affected:
    certificate_id = CertificateId.parse(stored.identifier)
    try:
        fields = read_certificate(workspace, stored).fields
    except (NotFoundError, StorageError) as error:  # its status can be changed even so
        is_erased = error.code == "content_erased"
        return Affected(certificate_id, None, "", status, is_erased)
    name, code_type = (str(fields.get(f, "")) for f in ("holder_name", "holder_code_type"))
    return Affected(certificate_id, name, code_type, status)


def _record_statement(
    workspace: Workspace,
    act: LifecycleAct,
    target: StatusTarget,
    sequence: int,
    key: SealKey,
    decision: Decision,
) -> StatusResult:
    officer = OfficerCommitment.make(decision.officer) if decision.officer else None
    statement = StatusStatement(
        target.batch.issuer,
        key.key_id,
        target.batch.batch_key,
        sequence,
        decision.reason_code,
        int(decision.effective_date.strftime("%Y%m%d")),
        officer.commitment if officer else NO_OFFICER,
        decision.legal_basis,
        target.changes(_STATUS_AFTER[act]),
    )
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = sign_digest(key.private_key, digest)
    # Kept before it is sent: the officer behind a recorded commitment must never be lost.
    kept = workspace.vault.acts.record(
        NewAct(
            kind=act.value,
            batch_key=statement.batch_key,
            sequence=sequence,
            statement=statement.encode(),
            signature=signature.r + signature.s,
            officer=officer,
            details={
                "reason_code": decision.reason_code,
                "legal_basis": decision.legal_basis,
                "effective_date": decision.effective_date.isoformat(),
                "positions": sorted(place.position for place in target.places),
            },
        )
    )
    try:
        receipt = workspace.submitter.submit(
            "CertificateLedger",
            "changeStatus",
            statement.to_abi(),
            signature.to_abi(),
            purpose=status_purpose(act.value),
            reference=digest.hex(),
        )
    except (ChainUnavailableError, StorageError):
        raise  # it may be recorded yet: `settle_acts` finds out
    except LedgerError as refusal:
        workspace.vault.acts.mark(kept.pk, ActState.REFUSED, {"reason": refusal.code})
        raise
    workspace.vault.acts.mark(kept.pk, ActState.RECORDED)
    entry = receipt.entries[0]
    return StatusResult(
        statement.batch_key,
        len(target.places),
        sequence,
        entry.index,
        entry.entry.time_unix,
    )
