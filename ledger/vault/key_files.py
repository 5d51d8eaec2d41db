"""Private keys of a home, each in a PKCS#12 file under the home's passphrase.

A member has an *authority key* (signs its acts; keep it offline in production), a *root key* (signs
the departments' signing certificates), a *checkpoint key* (Ed25519) and an *operator key*
(secp256k1; only carries transactions). A department has seal keys, each with its signing
certificate. PKCS#12, so that any usual tool can open, move or destroy them. Source: RFC 7292.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PBES,
    PKCS12PrivateKeyTypes,
    load_pkcs12,
    serialize_key_and_certificates,
)

from ledger.errors import ConflictError, NotAuthorizedError, NotFoundError, StorageError
from ledger.formats.seals import compute_key_id, public_coordinates
from ledger.identifiers import Uscc

SUITE_P256 = 1
_KDF_ROUNDS = 100_000
_AUTHORITY = "authority"
_ROOT = "region-root"
_CHECKPOINT = "checkpoint"
_OPERATOR = "operator"

K = TypeVar("K", bound=PKCS12PrivateKeyTypes)


@dataclass(frozen=True, slots=True)
class SealKey:
    """A department's seal key with the chain that stands in its certificates.

    Attributes:
        x5c: DER of the signing certificate and of the region's root.
    """

    issuer: Uscc
    key_id: bytes
    private_key: ec.EllipticCurvePrivateKey
    x5c: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class RegionRoot:
    """The key that signs departments' certificates, and its own certificate (DER)."""

    private_key: ec.EllipticCurvePrivateKey
    certificate: bytes


class KeyFiles:
    """The key files of one home.

    Args:
        directory: where they are; made with mode 0700 when the first key is stored.
        passphrase: opens all of them.
    """

    def __init__(self, directory: Path, passphrase: str) -> None:
        self._directory = directory
        self._passphrase = passphrase.encode()

    def create_member_keys(self, root_certificate: bytes, root: ec.EllipticCurvePrivateKey) -> None:
        """Makes authority, checkpoint and operator key, and stores them and the region's root.

        Raises:
            ConflictError: this home has keys already.
        """
        self._store(_ROOT, root, (root_certificate,))
        self._store(_AUTHORITY, ec.generate_private_key(ec.SECP256R1()))
        self._store(_CHECKPOINT, ed25519.Ed25519PrivateKey.generate())
        self._store(_OPERATOR, ec.generate_private_key(ec.SECP256K1()))

    def authority(self) -> ec.EllipticCurvePrivateKey:
        return self._load(_AUTHORITY, ec.EllipticCurvePrivateKey)[0]

    def checkpoint_public_key(self) -> bytes:
        """32 bytes (RFC 8032)."""
        key = self._load(_CHECKPOINT, ed25519.Ed25519PrivateKey)[0]
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def operator_secret(self) -> bytes:
        """The operator account's private key, 32 bytes."""
        key = self._load(_OPERATOR, ec.EllipticCurvePrivateKey)[0]
        return key.private_numbers().private_value.to_bytes(32, "big")

    def region_root(self) -> RegionRoot:
        key, certificates = self._load(_ROOT, ec.EllipticCurvePrivateKey)
        return RegionRoot(key, certificates[0])

    def store_seal_key(
        self, issuer: Uscc, key: ec.EllipticCurvePrivateKey, x5c: tuple[bytes, bytes]
    ) -> SealKey:
        """Keeps a department's seal key; it counts once the registry has it."""
        key_id = compute_key_id(SUITE_P256, *public_coordinates(key.public_key()))
        self._store(f"seals/{issuer}/{key_id.hex()}", key, x5c)
        return SealKey(issuer, key_id, key, x5c)

    def seal_key(self, issuer: Uscc, key_id: bytes) -> SealKey:
        """Raises NotFoundError when this home does not hold the key."""
        key, certificates = self._load(f"seals/{issuer}/{key_id.hex()}", ec.EllipticCurvePrivateKey)
        return SealKey(issuer, key_id, key, (certificates[0], certificates[1]))

    def seal_key_ids(self, issuer: Uscc) -> list[bytes]:
        """Keys of a department that this home holds."""
        found = (self._directory / "seals" / str(issuer)).glob("*.p12")
        return sorted(bytes.fromhex(path.stem) for path in found)

    def issuers(self) -> Iterator[Uscc]:
        """Departments that have a seal key here."""
        for path in sorted((self._directory / "seals").glob("*")):
            yield Uscc.parse(path.name)

    def _store(
        self, name: str, key: PKCS12PrivateKeyTypes, certificates: tuple[bytes, ...] = ()
    ) -> None:
        path = self._directory / f"{name}.p12"
        if path.exists():
            raise ConflictError(f"{path} exists already; a key is never overwritten")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        parsed = [x509.load_der_x509_certificate(der) for der in certificates]
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(_KDF_ROUNDS)
            .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(self._passphrase)
        )
        content = serialize_key_and_certificates(
            name.encode(), key, parsed[0] if parsed else None, parsed[1:], encryption
        )
        _write_whole(path, content)

    def _load(self, name: str, kind: type[K]) -> tuple[K, tuple[bytes, ...]]:
        path = self._directory / f"{name}.p12"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"this home has no key {name!r}: no file {path}") from None
        try:
            bundle = load_pkcs12(content, self._passphrase)
        except ValueError as error:
            raise NotAuthorizedError(
                f"{path}: the passphrase does not open it", code="wrong_passphrase"
            ) from error
        if not isinstance(bundle.key, kind):
            raise StorageError(f"{path}: expected a key of type {kind.__name__}")
        own = [bundle.cert] if bundle.cert else []
        ders = [c.certificate.public_bytes(Encoding.DER) for c in [*own, *bundle.additional_certs]]
        return bundle.key, tuple(ders)


def _write_whole(path: Path, content: bytes) -> None:
    """Writes a private file so that it exists whole or not at all."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
