"""Certificates that this home issued and holds."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.errors import MalformedInputError, NotFoundError, StorageError
from ledger.formats.certificate import Certificate, parse_certificate
from ledger.identifiers import CertificateId
from ledger.vault.certificates import StoredCertificate
from ledger.vault.erasures import Erasure
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


def find_erasure(workspace: Workspace, stored: StoredCertificate) -> Erasure | None:
    """How a certificate's content was erased; None if it was not."""
    if stored.wrapped_key is not None:
        return None
    return workspace.vault.certificates.find_erasure(stored.identifier)


def read_certificate(workspace: Workspace, stored: StoredCertificate) -> Certificate:
    """The certificate with all its fields.

    Raises:
        NotFoundError: content_erased.
        StorageError: row_damaged; header_damaged; data_key_missing, though it was never erased.
    """
    if stored.wrapped_key is None:
        raise _explain_absence(stored, find_erasure(workspace, stored))
    content = workspace.vault.certificates.decrypt(stored)  # is as it was, or raises
    try:
        return parse_certificate((stored.batch.header + content).decode())
    except (MalformedInputError, UnicodeDecodeError) as error:
        raise StorageError(
            f"the header kept for batch {stored.batch.batch_key.hex()} makes no certificate of "
            f"the content of {stored.identifier}: {error}",
            code="header_damaged",
        ) from error


def _explain_absence(
    stored: StoredCertificate, erasure: Erasure | None
) -> NotFoundError | StorageError:
    if erasure is None:
        return StorageError(
            f"the data key of {stored.identifier} is missing, and there is no record of an "
            "erasure: restore a backup",
            code="data_key_missing",
        )
    erased_at = datetime.fromtimestamp(erasure.erased_at_unix, UTC)
    return NotFoundError(
        f"the content of {stored.identifier} was erased at {erased_at:%Y-%m-%d %H:%M:%S} UTC "
        f"({erasure.reason}); its status and its proof remain",
        code="content_erased",
        field="identifier",
    )
