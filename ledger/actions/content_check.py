"""Recomputes from a certificate what recognises the request that it was issued for."""

from __future__ import annotations

from ledger.actions.issuance.sealing import compute_content_mac
from ledger.formats.certificate import Certificate
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.draft import CertificateDraft
from ledger.formats.key_binding import encode_holder_key, parse_holder_jwk
from ledger.formats.sealing import HOLDER_CLAIMS
from ledger.vault.cipher import RowCipher


def recompute_content_mac(cipher: RowCipher, certificate: Certificate) -> bytes:
    """The MAC, 16 bytes, of the draft that a certificate with all its fields was made of."""
    draft = restore_draft(certificate)
    related, case_id = certificate.related_certificate_id, certificate.case_id
    return compute_content_mac(cipher, draft, related, case_id)


def restore_draft(certificate: Certificate) -> CertificateDraft:
    """The draft that `CertificateSealer.seal` made a certificate of."""
    fields = {name: str(value) for name, value in certificate.fields.items()}
    jwk, until_unix = certificate.holder_jwk, certificate.valid_until_unix
    return CertificateDraft(
        certificate_id=certificate.certificate_id,
        certificate_name=certificate.certificate_name,
        issued_on=certificate.issued_on,
        valid_from=compute_civil_date(certificate.valid_from_unix),
        valid_until=None if until_unix is None else compute_civil_date(until_unix - 1),
        holder_key=None if jwk is None else encode_holder_key(parse_holder_jwk(jwk)),
        holder_fields={name: fields[name] for name in fields.keys() - set(HOLDER_CLAIMS)},
        **{name: fields[name] for name in HOLDER_CLAIMS},
    )
