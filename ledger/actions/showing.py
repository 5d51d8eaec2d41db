"""One certificate of this home, as its department sees it: every field, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.actions.holdings import find_erasure, find_stored, read_certificate
from ledger.actions.presentation import field_titles
from ledger.actions.status_targets import fetch_status
from ledger.errors import StorageError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.vault.certificates import StoredCertificate
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field by its name, its Chinese title and its value."""

    name: str
    title: str
    value: str


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate with its standing.

    Attributes:
        valid_until_unix: first second after validity, None for 长期.
        related_certificate_id: the certificate it replaces.
        case_id: of the case whose result it is.
        is_bindable: whether it names a holder's key.
        anchored_at_unix: when it was issued, by the chain.
        log_index: of the entry that anchored its batch.
    """

    certificate_id: CertificateId
    certificate_type: CertificateType
    certificate_name: str
    issuer: Uscc
    issuer_name: str
    issued_on: date
    valid_from_unix: int
    valid_until_unix: int | None
    status: Status
    fields: tuple[ShownField, ...]
    related_certificate_id: CertificateId | None
    case_id: bytes | None
    is_bindable: bool
    batch_key: bytes
    position: int
    anchored_at_unix: int
    log_index: int
    is_erased: Literal[False] = False


@dataclass(frozen=True, slots=True)
class ErasedCertificate:
    """What remains of a certificate whose content was erased.

    Attributes:
        erased_at_unix: by this node's clock.
    """

    certificate_id: CertificateId
    certificate_type: CertificateType
    issuer: Uscc
    status: Status
    erased_at_unix: int
    erasure_reason: str
    batch_key: bytes
    position: int
    anchored_at_unix: int
    log_index: int
    is_erased: Literal[True] = True


def show_certificate(
    workspace: Workspace, certificate_id: CertificateId
) -> ShownCertificate | ErasedCertificate:
    """A certificate that this home issued.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        StorageError: its row is damaged.
    """
    stored = find_stored(workspace, certificate_id)
    anchored_at_unix, log_index = _require_anchoring(stored)
    batch = stored.batch
    if (erasure := find_erasure(workspace, stored)) is not None:
        return ErasedCertificate(
            certificate_id,
            batch.certificate_type,
            batch.issuer,
            fetch_status(workspace, stored),
            erasure.erased_at_unix,
            erasure.reason,
            batch.batch_key,
            stored.position,
            anchored_at_unix,
            log_index,
        )
    certificate = read_certificate(workspace, stored)
    titles = field_titles(workspace, certificate)
    return ShownCertificate(
        certificate.certificate_id,
        certificate.type,
        certificate.certificate_name,
        certificate.issuer,
        certificate.issuer_name,
        certificate.issued_on,
        certificate.valid_from_unix,
        certificate.valid_until_unix,
        fetch_status(workspace, stored),
        tuple(
            ShownField(name, titles[name], str(value)) for name, value in certificate.fields.items()
        ),
        certificate.related_certificate_id,
        certificate.case_id,
        certificate.holder_jwk is not None,
        batch.batch_key,
        stored.position,
        anchored_at_unix,
        log_index,
    )


def _require_anchoring(stored: StoredCertificate) -> tuple[int, int]:
    batch = stored.batch
    if batch.anchored_at_unix is None or batch.log_index is None:
        raise StorageError(f"batch {batch.batch_key.hex()} is anchored without a time")
    return batch.anchored_at_unix, batch.log_index
