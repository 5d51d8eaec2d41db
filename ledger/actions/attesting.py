"""Attestations: the chain writes to its log what is current now, for whoever asks.

A proof of an entry shows that something was recorded, not that nothing followed. An attestation
shows what was current at its time. It needs no seal: it says nothing that the chain did not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.holdings import find_stored
from ledger.chain.artifacts import load_artifact
from ledger.chain.submitter import Receipt
from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.status_list import word_index
from ledger.identifiers import (
    CertificateId,
    CertificateType,
    ItemCode,
    MemberId,
    PartyId,
    Uscc,
)
from ledger.verification.recognition_book import PolicyKey
from ledger.workspace import Workspace

DIGEST_SIZE = 32
_TYPE_SIZE = 21  # all zeros stand for every type
_SELECTOR, _WORD = 4, 32


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation. Attributes: log_index, recorded_at_unix: of its entry in the log."""

    log_index: int
    recorded_at_unix: int


def attest_certificate(workspace: Workspace, certificate_id: CertificateId) -> Attested:
    """Has the chain attest the status word of a certificate of this home.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ChainUnavailableError: outcome_unknown; asking again writes another one.
    """
    stored = find_stored(workspace, certificate_id)
    return attest_place(workspace, stored.batch.batch_key, stored.position)


def attest_place(workspace: Workspace, batch_key: bytes, position: int) -> Attested:
    """Has the chain attest the status word of a place in a batch of any department.

    Args:
        batch_key: 32 bytes, as the `status` of a certificate names it.
        position: in the batch, from 0.

    Raises:
        NotFoundError: batch_unknown, position_unknown: the chain has no such batch or place.
        ChainUnavailableError: outcome_unknown; asking again writes another one.
    """
    _require_digest(batch_key, "batch_key")
    record = workspace.gateway.batch(batch_key)
    if record is None:
        raise NotFoundError(
            f"the chain has no batch {batch_key.hex()}", code="batch_unknown", field="batch_key"
        )
    if not 0 <= position < record.count:
        raise NotFoundError(
            f"position: expected 0 to {record.count - 1}, got {position}",
            code="position_unknown",
            field="position",
        )
    return _attest(workspace, "CertificateLedger", "attestStatus", batch_key, word_index(position))


def attest_department(workspace: Workspace, issuer: Uscc) -> Attested:
    """Has the chain attest the record of a department.

    Raises:
        NotFoundError: no such department.
    """
    return _attest(workspace, "IssuerRegistry", "attestDepartment", issuer.to_chain())


def attest_seal_key(workspace: Workspace, issuer: Uscc, key_id: bytes) -> Attested:
    """Has the chain attest the record of a department's seal key.

    Args:
        key_id: 32 bytes.

    Raises:
        NotFoundError: no such department or key.
        MalformedInputError: the key id has not 32 bytes.
    """
    _require_digest(key_id, "key_id")
    return _attest(workspace, "IssuerRegistry", "attestSealKey", issuer.to_chain(), key_id)


def attest_mandate(
    workspace: Workspace, issuer: Uscc, certificate_type: CertificateType
) -> Attested:
    """Has the chain attest a department's mandate for a type.

    Raises:
        NotFoundError: no such department or mandate.
    """
    arguments = issuer.to_chain(), certificate_type.to_chain()
    return _attest(workspace, "IssuerRegistry", "attestMandate", *arguments)


def attest_member(workspace: Workspace, member: MemberId) -> Attested:
    """Has the chain attest the record of a member.

    Raises:
        NotFoundError: no such member.
    """
    return _attest(workspace, "Consortium", "attestMember", member.to_chain())


def attest_type(workspace: Workspace, certificate_type: CertificateType) -> Attested:
    """Has the chain attest the newest version of a certificate type, and whether it is national.

    Raises:
        NotFoundError: the catalogue has no such type.
    """
    return _attest(workspace, "Catalogue", "attestType", certificate_type.to_chain())


def attest_matter(workspace: Workspace, item_code: ItemCode) -> Attested:
    """Has the chain attest the newest version of a service matter.

    Raises:
        NotFoundError: the catalogue has no such matter.
    """
    return _attest(workspace, "Catalogue", "attestMatter", item_code.to_chain())


def attest_policy(workspace: Workspace, key: PolicyKey) -> Attested:
    """Has the chain attest the newest version of a recognition policy.

    Args:
        key: who relies on whose certificates of which type; null for the policy on every type.

    Raises:
        NotFoundError: there is no such policy.
    """
    kind = key.certificate_type
    code = bytes(_TYPE_SIZE) if kind is None else kind.to_chain()
    arguments = key.relying.to_chain(), key.source.to_chain(), code
    return _attest(workspace, "RecognitionRegistry", "attestPolicy", *arguments)


def attest_group(workspace: Workspace, group: PartyId) -> Attested:
    """Has the chain attest who is of a group.

    Raises:
        NotFoundError: there is no such group.
    """
    return _attest(workspace, "RecognitionRegistry", "attestGroup", group.to_chain())


def attest_case(workspace: Workspace, case_id: bytes) -> Attested:
    """Has the chain attest how a case stands.

    Args:
        case_id: 32 bytes.

    Raises:
        NotFoundError: the chain has no such case.
        MalformedInputError: the case id has not 32 bytes.
    """
    _require_digest(case_id, "case_id")
    return _attest(workspace, "CaseLedger", "attestCase", case_id)


def _require_digest(value: bytes, field: str) -> None:
    if len(value) != DIGEST_SIZE:
        raise MalformedInputError(
            f"{field}: expected {DIGEST_SIZE} bytes, got {len(value)}", field=field
        )


def _attest(workspace: Workspace, module: str, function: str, *arguments: object) -> Attested:
    """The outbox knows such a transaction by its function and first argument, as fsck reads it."""
    called = load_artifact(module).encode_call(function, arguments)
    receipt: Receipt = workspace.submitter.submit(
        module,
        function,
        *arguments,
        purpose=function,
        reference=called[_SELECTOR:][:_WORD].hex(),
    )
    entry = receipt.entries[0]
    return Attested(entry.index, entry.entry.time_unix)
