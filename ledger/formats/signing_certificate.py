"""X.509 certificates of seal keys: a region's root and the departments under it.

A chain is exactly [department's signing certificate, region's root]. Parsing it and checking its
signatures is done once for equal bytes; the times are looked at on every call. Whether the root is
the one a member registered is not decided here but in `ledger.verification`. Source: RFC 5280.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from ledger.errors import MalformedInputError
from ledger.identifiers import MemberId, Uscc

CHAIN_LENGTH: Final = 2
CACHED_CHAINS: Final = 1024
_MAX_NAME_CHARACTERS: Final = 64  # ub-organization-name, RFC 5280 appendix A.1


@dataclass(frozen=True, slots=True)
class SigningChain:
    """What a chain says, apart from time.

    Args:
        leaf_fingerprint: SHA-256 of the DER of the signing certificate.
        root_fingerprint: SHA-256 of the DER of the root.
        public_key: the department's P-256 key; `x` and `y` are its coordinates, 32 bytes each.
        organisation: organizationIdentifier of the signing certificate: the department's USCC.
        valid_from_unix: when both certificates had begun, inclusive.
        valid_until_unix: when the first of the two ends, inclusive.
        defect: why the two do not make a chain, None if they do.
    """

    leaf_fingerprint: bytes
    root_fingerprint: bytes
    public_key: ec.EllipticCurvePublicKey
    x: bytes
    y: bytes
    organisation: str
    valid_from_unix: int
    valid_until_unix: int
    defect: str | None


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """A chain at a time. `reason` is None if it holds, else a reason code."""

    chain: SigningChain
    reason: str | None


def create_region_root(
    private_key: ec.EllipticCurvePrivateKey,
    member: MemberId,
    name: str,
    *,
    valid_from_unix: int,
    valid_until_unix: int,
) -> bytes:
    """A member's self-signed root, as DER.

    Args:
        private_key: P-256 key of the root.
        member: whose root; stands in the subject's organizationIdentifier.
        name: the member's name; the subject takes its first 64 characters.
        valid_from_unix: first second of validity.
        valid_until_unix: last second of validity.
    """
    subject = _subject(str(member), name)
    key_id = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
    builder = (
        _builder(private_key.public_key(), subject, subject, valid_from_unix, valid_until_unix)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_root=True), critical=True)
        .add_extension(key_id, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        )
    )
    return builder.sign(private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def create_signing_certificate(
    root_key: ec.EllipticCurvePrivateKey,
    root: bytes,
    public_key: ec.EllipticCurvePublicKey,
    issuer: Uscc,
    name: str,
    *,
    valid_from_unix: int,
    valid_until_unix: int,
) -> bytes:
    """A department's signing certificate under its region's root, as DER.

    Args:
        root_key: private key of the root.
        root: the root, DER.
        public_key: the department's seal key.
        issuer: the department; stands in organizationIdentifier and, as the certificates' `iss`,
            in the subject's alternative name.
        name: the department's name; the subject takes its first 64 characters.
        valid_from_unix: first second of validity.
        valid_until_unix: last second of validity.
    """
    issued_by = x509.load_der_x509_certificate(root).subject
    authority = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    subject = _subject(str(issuer), name)
    builder = (
        _builder(public_key, subject, issued_by, valid_from_unix, valid_until_unix)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_root=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(f"urn:zhenglian:issuer:{issuer}")]
            ),
            critical=False,
        )
    )
    return builder.sign(root_key, hashes.SHA256()).public_bytes(Encoding.DER)


def compute_fingerprint(certificate: bytes) -> bytes:
    """SHA-256 of a certificate's DER, 32 bytes: how the ledger names it."""
    return sha256(certificate).digest()


@lru_cache(maxsize=CACHED_CHAINS)
def load_chain(x5c: tuple[bytes, ...]) -> SigningChain:
    """Parse a chain and check everything about it that does not depend on the time.

    Args:
        x5c: DER of the signing certificate and of the root.

    Raises:
        MalformedInputError: x5c_malformed when they are not two certificates of P-256 keys.
    """
    if len(x5c) != CHAIN_LENGTH:
        raise _malformed(f"expected signing certificate and root, got {len(x5c)} certificates")
    try:
        leaf, root = (x509.load_der_x509_certificate(der) for der in x5c)
        public_key = leaf.public_key()
        organisation = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    except Exception as error:  # the parser raises several kinds on bad DER
        raise _malformed(f"not two X.509 certificates: {type(error).__name__}") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(
        public_key.curve, ec.SECP256R1
    ):
        raise _malformed("the signing certificate's key is not on P-256")
    if len(organisation) != 1:
        raise _malformed("the signing certificate does not name one organizationIdentifier")
    numbers = public_key.public_numbers()
    return SigningChain(
        leaf_fingerprint=compute_fingerprint(x5c[0]),
        root_fingerprint=compute_fingerprint(x5c[1]),
        public_key=public_key,
        x=numbers.x.to_bytes(32),
        y=numbers.y.to_bytes(32),
        organisation=str(organisation[0].value),
        valid_from_unix=int(_begins(leaf, root).timestamp()),
        valid_until_unix=int(min(leaf.not_valid_after_utc, root.not_valid_after_utc).timestamp()),
        defect=_find_defect(leaf, root),
    )


def check_chain(x5c: tuple[bytes, ...], at_unix: int) -> ChainFinding:
    """Whether the chain held at a time.

    Returns:
        The chain, and None or chain_invalid, signing_certificate_not_yet_valid,
        signing_certificate_expired.

    Raises:
        MalformedInputError: x5c_malformed.
    """
    chain = load_chain(x5c)
    reason = None
    if chain.defect is not None:
        reason = "chain_invalid"
    elif at_unix < chain.valid_from_unix:
        reason = "signing_certificate_not_yet_valid"
    elif at_unix > chain.valid_until_unix:
        reason = "signing_certificate_expired"
    return ChainFinding(chain, reason)


def _find_defect(leaf: x509.Certificate, root: x509.Certificate) -> str | None:
    if root.subject != root.issuer:
        return "the root is not issued by itself"
    try:
        root.verify_directly_issued_by(root)
        verifier = (
            PolicyBuilder()
            .store(Store([root]))
            .time(_begins(leaf, root))
            .max_chain_depth(0)
            .extension_policies(ca_policy=_ROOT_POLICY, ee_policy=_LEAF_POLICY)
            .build_client_verifier()
        )
        verifier.verify(leaf, [])
    except VerificationError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever else goes wrong, it is no chain
        return type(error).__name__
    return None


def _begins(leaf: x509.Certificate, root: x509.Certificate) -> datetime:
    return max(leaf.not_valid_before_utc, root.not_valid_before_utc)


def _require_root(
    _policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    if not constraints.ca or not usage.key_cert_sign:
        raise ValueError("the root may not sign certificates")


def _require_leaf(
    _policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    if constraints.ca or usage.key_cert_sign or not usage.digital_signature:
        raise ValueError("the signing certificate is not one for signing documents")


_ROOT_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.CRITICAL, _require_root)
    .require_present(x509.KeyUsage, Criticality.CRITICAL, None)
)
_LEAF_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.CRITICAL, _require_leaf)
    .require_present(x509.KeyUsage, Criticality.CRITICAL, None)
)


def _builder(
    public_key: ec.EllipticCurvePublicKey,
    subject: x509.Name,
    issued_by: x509.Name,
    valid_from_unix: int,
    valid_until_unix: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(valid_from_unix, UTC))
        .not_valid_after(datetime.fromtimestamp(valid_until_unix, UTC))
    )


def _subject(organisation: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:_MAX_NAME_CHARACTERS]),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, organisation),
        ]
    )


def _key_usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def _malformed(message: str) -> MalformedInputError:
    return MalformedInputError(f"x5c: {message}", code="x5c_malformed", field="x5c")
