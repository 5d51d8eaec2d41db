"""Making certificates: drafts in, sealed SD-JWT VC out, tens of thousands a second.

Everything that a department's certificates have in common is prepared once: the header with its
certificate chain is encoded once, and the hash states after it are kept and copied for each
signature and each leaf. What was sealed is read by `certificate`.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError, NotAuthorizedError
from ledger.formats.certificate import (
    BATCH_PREFIX,
    CERTIFICATE_TYP,
    CLEAR_CLAIMS,
    ISSUER_PREFIX,
    TYPE_PREFIX,
    DocumentDigest,
    Placement,
    compute_validity,
)
from ledger.formats.disclosure import create_disclosures
from ledger.formats.draft import CertificateDraft
from ledger.formats.jws import encode_base64url, sign_es256
from ledger.formats.key_binding import parse_holder_jwk
from ledger.formats.signing_certificate import load_chain
from ledger.identifiers import CertificateId, Uscc

HOLDER_CLAIMS = ("certificate_number", "holder_name", "holder_code", "holder_code_type")


@dataclass(frozen=True, slots=True)
class SealedCertificate:
    """A certificate without its header, which all of one sealer share.

    Args:
        payload: base64url of the claims.
        signature: r || s, 64 bytes.
        disclosures: all disclosures, encoded: at least those of `HOLDER_CLAIMS`.
        leaf_hash: its leaf in the batch.
    """

    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    disclosures: tuple[bytes, ...] = field(repr=False)
    leaf_hash: bytes

    @property
    def body(self) -> bytes:
        """All of the compact form but its header: what the vault keeps."""
        signature = encode_base64url(self.signature)
        return b".%b.%b~%b~" % (self.payload, signature, b"~".join(self.disclosures))

    def to_compact(self, header: bytes) -> str:
        """The whole certificate with all its disclosures.

        Args:
            header: `CertificateSealer.header` of the sealer that made it.
        """
        return (header + self.body).decode()


class CertificateSealer:
    """Seals drafts with one department's key.

    Args:
        private_key: the seal key, P-256.
        x5c: DER of its signing certificate and of the region's root.
        issuer: the department.
        issuer_name: its name, as it will stand in the certificates.

    Raises:
        MalformedInputError: x5c_malformed.
        NotAuthorizedError: seal_key_of_another_certificate when the chain is not valid, names
            another department or another key.
    """

    __slots__ = ("_common", "_leaf_hash", "_private_key", "_signing_hash", "header")

    def __init__(
        self,
        private_key: ec.EllipticCurvePrivateKey,
        x5c: tuple[bytes, ...],
        issuer: Uscc,
        issuer_name: str,
    ) -> None:
        chain = load_chain(x5c)
        is_own_key = chain.public_key.public_numbers() == private_key.public_key().public_numbers()
        if chain.defect or not is_own_key or chain.organisation != str(issuer):
            raise NotAuthorizedError(
                f"the signing certificate is not that of {issuer} and this seal key: it names "
                f"{chain.organisation}, {'this' if is_own_key else 'another'} key"
                + (f"; {chain.defect}" if chain.defect else ""),
                code="seal_key_of_another_certificate",
            )
        certificates = [_encode_base64(der) for der in x5c]
        self.header: bytes = encode_base64url(
            orjson.dumps({"alg": "ES256", "typ": CERTIFICATE_TYP, "x5c": certificates})
        )
        """The header all certificates of this sealer have, base64url."""
        self._private_key = private_key
        self._common = {"iss": f"{ISSUER_PREFIX}{issuer}", "issuer_name": issuer_name}
        self._signing_hash = sha256(self.header + b".")
        self._leaf_hash = sha256(b"\x00" + self.header + b".")

    def seal(
        self,
        draft: CertificateDraft,
        placement: Placement,
        sealed_at_unix: int,
        *,
        holder_jwk: Mapping[str, str] | None = None,
        related: CertificateId | None = None,
        case_id: bytes | None = None,
        document: DocumentDigest | None = None,
    ) -> SealedCertificate:
        """Seal one draft for its place in a batch.

        Args:
            draft: the content.
            placement: batch key and position, which the certificate will contain.
            sealed_at_unix: the clock now; stands as `iat`.
            holder_jwk: the holder's P-256 key, to make bound presentations possible.
            related: 关联证照标识: the certificate this one replaces or continues.
            case_id: of the case whose result it is, 32 bytes.
            document: digest of the sealed OFD or PDF it accompanies.

        Raises:
            MalformedInputError: holder_key_malformed; field_name_reserved when a field of the
                type bears the name of a claim.
        """
        fields = {
            "certificate_number": draft.certificate_number,
            "holder_name": draft.holder_name,
            "holder_code": draft.holder_code,
            "holder_code_type": draft.holder_code_type,
            **draft.holder_fields,
        }
        if len(fields) != len(HOLDER_CLAIMS) + len(draft.holder_fields) or (
            not CLEAR_CLAIMS.isdisjoint(fields)
        ):
            raise _reserved(draft)
        disclosures, digests = create_disclosures(fields)
        certificate_id = draft.certificate_id
        valid_from, valid_until = compute_validity(draft.valid_from, draft.valid_until)
        claims: dict[str, object] = {
            **self._common,
            "vct": f"{TYPE_PREFIX}{certificate_id.type}",
            "iat": sealed_at_unix,
            "nbf": valid_from,
            "certificate_id": str(certificate_id),
            "certificate_name": draft.certificate_name,
            "issued_on": draft.issued_on.isoformat(),
            "status": {
                "status_list": {
                    "idx": placement.position,
                    "uri": BATCH_PREFIX + placement.batch_key.hex(),
                }
            },
            "_sd_alg": "sha-256",
            "_sd": digests,
        }
        if valid_until is not None:
            claims["exp"] = valid_until
        if holder_jwk is not None:
            parse_holder_jwk(holder_jwk)
            claims["cnf"] = {"jwk": dict(holder_jwk)}
        if related is not None:
            claims["related_certificate_id"] = str(related)
        if case_id is not None:
            claims["case_id"] = case_id.hex()
        if document is not None:
            claims["document"] = {
                "format": document.format,
                "algorithm": document.algorithm,
                "digest": document.digest,
            }
        return self._sign(encode_base64url(orjson.dumps(claims)), disclosures)

    def _sign(self, payload: bytes, disclosures: tuple[bytes, ...]) -> SealedCertificate:
        signing_hash, leaf_hash = self._signing_hash.copy(), self._leaf_hash.copy()
        signing_hash.update(payload)
        signature = sign_es256(self._private_key, signing_hash.digest())
        leaf_hash.update(b"%b.%b" % (payload, encode_base64url(signature)))
        return SealedCertificate(payload, signature, disclosures, leaf_hash.digest())


def _encode_base64(der: bytes) -> str:
    return b2a_base64(der, newline=False).decode()


def _reserved(draft: CertificateDraft) -> MalformedInputError:
    reserved = sorted((CLEAR_CLAIMS | set(HOLDER_CLAIMS)) & draft.holder_fields.keys())
    return MalformedInputError(
        f"{reserved[0]} is the name of a claim and cannot be that of a field",
        code="field_name_reserved",
        field=reserved[0],
    )
