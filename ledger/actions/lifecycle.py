"""Suspend, restore, revoke and supersede certificates, each with its reason and legal basis.

A change of status is one sealed statement per batch, numbered, over the words it changes. Who
decided it stays in the vault; the chain has a salted commitment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuers import find_seal_key
from ledger.chain.submitter import Receipt
from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotFoundError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import Status, get_status, set_status, word_index
from ledger.identifiers import CertificateId, CertificateType
from ledger.records import StatusStatement, WordChange
from ledger.schemas import find_status_code
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.batches import BatchRow
from ledger.vault.certificates import StoredCertificate
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

MAX_WORDS = 256
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
        holder_code_type: GB/T 36903 code; "001" is an organisation, whose name is public.
    """

    certificate_id: CertificateId
    holder_name: str
    holder_code_type: str
    status: Status


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
        ConflictError: a certificate is not in a status the act begins from; every such
            certificate is named.
    """
    affected = []
    wrong = []
    for certificate_id in dict.fromkeys(certificate_ids):
        stored = find_stored(workspace, certificate_id)
        status = fetch_status(workspace, stored)
        if status not in _STATUS_BEFORE[act]:
            wrong.append(f"{certificate_id} is {status.name.lower()}")
        fields = read_certificate(workspace, stored).fields
        name, code_type = (str(fields.get(f, "")) for f in ("holder_name", "holder_code_type"))
        affected.append(Affected(certificate_id, name, code_type, status))
    if wrong:
        allowed = " or ".join(sorted(status.name.lower() for status in _STATUS_BEFORE[act]))
        raise ConflictError(
            f"cannot {act}: expected status {allowed}, but {'; '.join(wrong)}; nothing was changed",
            code="status_not_allowed",
            field="identifier",
        )
    return affected


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
    preview(workspace, act, certificate_ids)
    by_batch: dict[int, list[StoredCertificate]] = defaultdict(list)
    for certificate_id in dict.fromkeys(certificate_ids):
        stored = find_stored(workspace, certificate_id)
        by_batch[stored.batch.pk].append(stored)
    results = []
    for group in by_batch.values():
        by_word: dict[int, list[int]] = defaultdict(list)
        for stored in group:
            by_word[word_index(stored.position)].append(stored.position)
        words = sorted(by_word)
        for start in range(0, len(words), MAX_WORDS):
            part = {word: by_word[word] for word in words[start : start + MAX_WORDS]}
            results.append(_change_words(workspace, group[0].batch, act, part, decision))
    return results


def _change_words(
    workspace: Workspace,
    batch: BatchRow,
    act: LifecycleAct,
    positions: dict[int, list[int]],
    decision: Decision,
) -> StatusResult:
    record = workspace.gateway.batch(batch.batch_key)
    if record is None:
        raise NotFoundError(f"the chain has no batch {batch.batch_key.hex()}")
    officer = OfficerCommitment.make(decision.officer) if decision.officer else None
    key = find_seal_key(workspace, batch.issuer)
    statement = StatusStatement(
        batch.issuer,
        key.key_id,
        batch.batch_key,
        record.status_sequence + 1,
        decision.reason_code,
        int(decision.effective_date.strftime("%Y%m%d")),
        officer.commitment if officer else NO_OFFICER,
        decision.legal_basis,
        tuple(
            _word_change(workspace, batch.batch_key, index, changed, _STATUS_AFTER[act])
            for index, changed in positions.items()
        ),
    )
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = sign_digest(key.private_key, digest)
    # Kept before it is sent: the officer behind a recorded commitment must never be lost.
    kept = workspace.vault.acts.record(
        NewAct(
            kind=act.value,
            batch_key=batch.batch_key,
            sequence=statement.sequence,
            statement=statement.encode(),
            signature=signature.r + signature.s,
            officer=officer,
            details={
                "reason_code": decision.reason_code,
                "legal_basis": decision.legal_basis,
                "effective_date": decision.effective_date.isoformat(),
                "positions": sorted(p for changed in positions.values() for p in changed),
            },
        )
    )
    try:
        receipt: Receipt = workspace.submitter.submit(
            "CertificateLedger",
            "changeStatus",
            statement.to_abi(),
            signature.to_abi(),
            purpose=f"status {act}",
            reference=digest.hex(),
        )
    except LedgerError as error:
        if error.code not in ("outcome_unknown", "chain_unavailable"):
            workspace.vault.acts.mark(kept.pk, ActState.REFUSED, {"reason": error.code})
        raise
    workspace.vault.acts.mark(kept.pk, ActState.RECORDED)
    entry = receipt.entries[0]
    count = sum(len(changed) for changed in positions.values())
    return StatusResult(
        batch.batch_key, count, statement.sequence, entry.index, entry.entry.time_unix
    )


def _word_change(
    workspace: Workspace, batch_key: bytes, index: int, positions: list[int], status: Status
) -> WordChange:
    before = after = workspace.gateway.status_word(batch_key, index)
    for position in positions:
        after = set_status(after, position, status)
    return WordChange(index, before, after)


def fetch_status(workspace: Workspace, stored: StoredCertificate) -> Status:
    """The status of a certificate as the chain has it now."""
    index = word_index(stored.position)
    word = workspace.gateway.status_word(stored.batch.batch_key, index)
    return get_status(word, stored.position)
