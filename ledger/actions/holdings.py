"""Certificates that this home issued and holds."""

from __future__ import annotations

from ledger.errors import NotFoundError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.identifiers import CertificateId
from ledger.vault.certificates import StoredCertificate
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace


def find_stored(workspace: Workspace, certificate_id: CertificateId) -> StoredCertificate:
    """The stored row of an anchored certificate.

    Raises:
        NotFoundError: code `certificate_unknown`, never issued here; `not_anchored`, staged by a
            run that was interrupted.
    """
    stored = workspace.vault.certificates.find(str(certificate_id))
    if stored is None:
        raise NotFoundError(
            f"this home has issued no certificate {certificate_id}",
            code="certificate_unknown",
            field="identifier",
        )
    if stored.batch.state is not BatchState.ANCHORED:
        raise NotFoundError(
            f"{certificate_id} is {stored.batch.state} but not anchored yet: run the interrupted "
            "`zhenglian issue` again",
            code="not_anchored",
            field="identifier",
        )
    return stored


def read_certificate(workspace: Workspace, stored: StoredCertificate) -> Certificate:
    """The certificate with all its fields. Raises NotFoundError `content_erased`."""
    content = workspace.vault.certificates.decrypt(stored)
    return parse_certificate((stored.batch.header + content).decode())
