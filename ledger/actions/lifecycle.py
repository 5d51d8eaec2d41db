"""Suspend, restore, revoke and supersede certificates, each with its reason and legal basis.

A change of status is one sealed statement per batch, numbered, over the words it changes. Who
decided it stays in the vault; the chain has a salted commitment. A decision is carried out once:
repeated, it changes what an interruption left, and nothing where nothing was left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.actions.decisions import STATUS_AFTER, STATUS_BEFORE, Decision, LifecycleAct
from ledger.actions.effective_dates import require_possible_date
from ledger.actions.holdings import read_certificate
from ledger.actions.issuers import find_seal_key
from ledger.actions.named_certificates import NamedCertificates
from ledger.actions.recorded_decisions import find_carried_out
from ledger.actions.settlement import STATUS_ACTS, settle_acts, status_purpose
from ledger.actions.status_targets import StatusTarget, read_targets
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    NotFoundError,
    StorageError,
)
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId
from ledger.records import StatusStatement
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.certificates import StoredCertificate
from ledger.vault.key_files import SealKey
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

MAX_WORDS = 256
MAX_NAMED = 10
NO_OFFICER = bytes(32)


@dataclass(frozen=True, slots=True)
class Affected:
    """One certificate that an act is about, for the officer's eyes.

    Attributes:
        holder_name: None where the content was erased or is damaged.
        holder_code_type: GB/T 36903 code; "001" is an organisation, whose name is public.
        is_done: whether this very decision was carried out for it before; it stays as it is.
    """

    certificate_id: CertificateId
    holder_name: str | None
    holder_code_type: str
    status: Status
    is_erased: bool = False
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do.

    Attributes:
        count: certificates it is about.
        done: for how many of them the decision was carried out before.
        affected: the certificates, or the first of them, in the order in which they were named.
    """

    count: int
    done: int
    affected: tuple[Affected, ...]

    @property
    def left(self) -> int:
        """How many certificates would be changed."""
        return self.count - self.done


@dataclass(frozen=True, slots=True)
class StatusResult:
    """A recorded change. Attributes: certificates: how many of this batch."""

    batch_key: bytes
    certificates: int
    sequence: int
    log_index: int
    recorded_at_unix: int


def preview(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: Iterable[CertificateId] | NamedCertificates,
    decision: Decision,
    *,
    described: int | None = None,
) -> Preview:
    """What an act would change, without changing anything.

    Args:
        described: how many certificates are described, which reads their contents; by default all.

    Raises:
        NotFoundError: a certificate is not this home's.
        ConflictError: a certificate is not in a status the act begins from, nor has the decision
            been carried out for it; the first such certificates are named.
        MalformedInputError: field `effective_date`, before an issue or more than a year ahead.
    """
    named = NamedCertificates.of(certificate_ids)
    targets = read_targets(workspace, named)
    left = _find_left(workspace, act, targets, decision)
    count, undone = (sum(len(target.places) for target in each) for each in (targets, left))
    first = named.first(described)
    by_id = {}
    by_key = {target.batch_key: target for target in targets}
    undone_places = {target.batch_key: frozenset(target.places) for target in left}
    for stored in workspace.vault.certificates.fetch_many(first):
        status = by_key[stored.batch.batch_key].status(stored.position)
        is_left = stored.position in undone_places.get(stored.batch.batch_key, ())
        by_id[stored.identifier] = _describe(workspace, stored, status, is_done=not is_left)
    return Preview(count, count - undone, tuple(by_id[identifier] for identifier in first))


def change_status(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: Iterable[CertificateId] | NamedCertificates,
    decision: Decision,
) -> list[StatusResult]:
    """Records an act on chain: one statement for each batch and 256 words.

    Certificates for which the decision was carried out before are left as they are, so that the
    same call after an interruption does what is left.

    Raises:
        ConflictError: as `preview`; or somebody changed the batch meanwhile, then nothing of the
            statement in question was changed and the act can be repeated.
    """
    return carry_out(workspace, act, certificate_ids, decision)[1]


def carry_out(
    workspace: Workspace,
    act: LifecycleAct,
    certificate_ids: Iterable[CertificateId] | NamedCertificates,
    decision: Decision,
) -> tuple[int, list[StatusResult]]:
    """As `change_status`; also tells how many certificates the act is about."""
    with STATUS_ACTS:
        workspace.submitter.resolve_unfinished()
        settle_acts(workspace)
        targets = read_targets(workspace, certificate_ids)
        results = [
            result
            for target in _find_left(workspace, act, targets, decision)
            for result in record_change(workspace, act, target, decision)
        ]
    return sum(len(target.places) for target in targets), results


def record_change(
    workspace: Workspace, act: LifecycleAct, target: StatusTarget, decision: Decision
) -> list[StatusResult]:
    """Records an act for certificates of one batch, as it was read.

    Raises:
        ConflictError: somebody changed the batch since; nothing was changed.
    """
    key = find_seal_key(workspace, target.issuer)
    words = sorted(target.words)
    results = []
    for number, start in enumerate(range(0, len(words), MAX_WORDS), target.sequence + 1):
        part = target.only(set(words[start : start + MAX_WORDS]))
        results.append(_record_statement(workspace, act, part, number, key, decision))
    return results


def _find_left(
    workspace: Workspace, act: LifecycleAct, targets: list[StatusTarget], decision: Decision
) -> list[StatusTarget]:
    """The targets without the certificates for which the decision was carried out before.

    Raises ConflictError where one of the others is not in a status the act begins from, and
    MalformedInputError where the decision cannot take effect on its day.
    """
    left = []
    for target in targets:
        done = find_carried_out(workspace, target, STATUS_AFTER[act], decision)
        if len(done) < len(target.places):
            left.append(target.without(done))
    _require_allowed(workspace, act, left)
    require_possible_date(workspace, left, decision)
    return left


def _require_allowed(workspace: Workspace, act: LifecycleAct, targets: list[StatusTarget]) -> None:
    before = STATUS_BEFORE[act]
    counts: Counter[Status] = Counter()
    told: list[str] = []
    for target in targets:
        for place in target.places:
            status = target.status(place)
            if status in before:
                continue
            counts[status] += 1
            if len(told) < MAX_NAMED:
                stored = workspace.vault.certificates.by_position(target.batch_key, place)
                name = stored.identifier if stored else f"{target.batch_key.hex()}#{place}"
                told.append(f"{name} is {status.name.lower()}")
    if not told:
        return
    allowed = " or ".join(sorted(status.name.lower() for status in before))
    named = "; ".join(told)
    if (more := counts.total() - len(told)) > 0:
        named += f"; and {more} more"
    advice = ""
    if act is not LifecycleAct.RESTORE and counts[STATUS_AFTER[act]]:
        advice = (
            ". To go on with a change that was interrupted, give the same reason, legal basis, "
            "effective date and officer as then"
        )
    raise ConflictError(
        f"cannot {act}: expected status {allowed}, but {named}; nothing was changed{advice}",
        code="status_not_allowed",
        field="identifier",
    )


def _describe(
    workspace: Workspace, stored: StoredCertificate, status: Status, *, is_done: bool
) -> Affected:
    certificate_id = CertificateId.parse(stored.identifier)
    try:
        fields = read_certificate(workspace, stored).fields
    except (NotFoundError, StorageError) as error:  # its status can be changed even so
        is_erased = error.code == "content_erased"
        return Affected(certificate_id, None, "", status, is_erased, is_done)
    name, code_type = (str(fields.get(f, "")) for f in ("holder_name", "holder_code_type"))
    return Affected(certificate_id, name, code_type, status, is_done=is_done)


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
        target.issuer,
        key.key_id,
        target.batch_key,
        sequence,
        decision.reason_code,
        decision.effective_number,
        officer.commitment if officer else NO_OFFICER,
        decision.legal_basis,
        target.changes(STATUS_AFTER[act]),
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
                "positions": list(target.places),
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
