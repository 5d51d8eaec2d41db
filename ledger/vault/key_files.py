"""Private keys of a home, each in a PKCS#12 file under the home's passphrase.

A member has an *authority key* (signs its acts; keep it offline in production), a *root key* (signs
the departments' signing certificates), a *checkpoint key* (Ed25519), an *encryption key* (opens
what other members send it) and an *operator key* (secp256k1; only carries transactions). A
department has seal keys, each with its signing certificate. PKCS#12, so that any usual tool can
open, move or destroy them. Source: RFC 7292.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.formats.seals import compute_key_id, public_coordinates
from ledger.identifiers import Uscc
from ledger.vault.durability import sync_path
from ledger.vault.pkcs12_mac import replace_mac, split_pfx

SUITE_P256 = 1
_KDF_ROUNDS = 100_000
_MAC_ROUNDS = 2 * _KDF_ROUNDS  # one round of it costs half of one of PBKDF2
_KEY_ID = re.compile(r"[0-9a-f]{64}")
_AUTHORITY = "authority"
_ROOT = "region-root"
_CHECKPOINT = "checkpoint"
_ENCRYPTION = "encryption"
_OPERATOR = "operator"


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
        directory: where they are; it and what is below it are made with mode 0700.
        passphrase: opens all of them; taken in Unicode's NFC, as the vault's is.
    """

    def __init__(self, directory: Path, passphrase: str) -> None:
        self._directory = directory
        self._passphrase = unicodedata.normalize("NFC", passphrase)

    def create_member_keys(self, root_certificate: bytes, root: ec.EllipticCurvePrivateKey) -> None:
        """Makes all but the region's root, and stores them and that.

        Raises:
            ConflictError: this home has keys already.
            MalformedInputError: the passphrase is empty.
        """
        self._store(_ROOT, root, (root_certificate,))
        self._store(_AUTHORITY, ec.generate_private_key(ec.SECP256R1()))
        self._store(_CHECKPOINT, ed25519.Ed25519PrivateKey.generate())
        self._store(_ENCRYPTION, ec.generate_private_key(ec.SECP256R1()))
        self._store(_OPERATOR, ec.generate_private_key(ec.SECP256K1()))

    def authority(self) -> ec.EllipticCurvePrivateKey:
        """Signs the member's acts.

        Raises (here and below):
            NotFoundError: this home does not hold the key.
            NotAuthorizedError: wrong_passphrase.
            StorageError: key_file_damaged.
        """
        return self._load_elliptic(_AUTHORITY)[0]

    def checkpoint_public_key(self) -> bytes:
        """32 bytes (RFC 8032)."""
        key, _ = self._load(_CHECKPOINT)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise self._damaged(_CHECKPOINT, "expected an Ed25519 key")
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def encryption(self) -> ec.EllipticCurvePrivateKey:
        """Opens what was encrypted to this member."""
        return self._load_elliptic(_ENCRYPTION)[0]

    def operator_secret(self) -> bytes:
        """The operator account's private key, 32 bytes."""
        key, _ = self._load_elliptic(_OPERATOR)
        return key.private_numbers().private_value.to_bytes(32, "big")

    def region_root(self) -> RegionRoot:
        """Signs the departments' signing certificates."""
        key, certificates = self._load_elliptic(_ROOT, certificates=1)
        return RegionRoot(key, certificates[0])

    def store_seal_key(
        self, issuer: Uscc, key: ec.EllipticCurvePrivateKey, x5c: tuple[bytes, bytes]
    ) -> SealKey:
        """Keeps a department's seal key; it counts once the registry has it.

        It is on the disk when this returns. Raises ConflictError when it is here already.
        """
        key_id = _key_id(key)
        self._store(_seal_name(issuer, key_id), key, x5c)
        return SealKey(issuer, key_id, key, x5c)

    def seal_key(self, issuer: Uscc, key_id: bytes) -> SealKey:
        """A department's seal key by its id. Raises as `authority` does."""
        name = _seal_name(issuer, key_id)
        key, certificates = self._load_elliptic(name, certificates=2)
        if _key_id(key) != key_id:
            raise self._damaged(name, f"it holds the key {_key_id(key).hex()}")
        return SealKey(issuer, key_id, key, (certificates[0], certificates[1]))

    def seal_key_ids(self, issuer: Uscc) -> list[bytes]:
        """Ids of the department's keys that this home holds."""
        found = (self._directory / "seals" / str(issuer)).glob("*.p12")
        return sorted(bytes.fromhex(path.stem) for path in found if _KEY_ID.fullmatch(path.stem))

    def issuers(self) -> Iterator[Uscc]:
        """Departments that have a seal key here."""
        for path in sorted((self._directory / "seals").glob("*")):
            try:
                issuer = Uscc.parse(path.name)
            except MalformedInputError:
                continue  # not ours
            if self.seal_key_ids(issuer):
                yield issuer

    def names(self) -> list[str]:
        """Every key file there is, by its path without suffix."""
        found = self._directory.rglob("*.p12")
        return sorted(
            path.relative_to(self._directory).with_suffix("").as_posix() for path in found
        )

    def opens(self, name: str) -> bool:
        """Whether the passphrase opens a key file. Raises StorageError key_file_damaged."""
        try:
            self._load(name)
        except NotAuthorizedError:
            return False
        return True

    def take_over(self, name: str, other: KeyFiles) -> None:
        """Replaces a key file, which the passphrase of `other` opens, by one under this one's."""
        key, certificates = other._load(name)
        if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
            raise self._damaged(name, "expected a key on an elliptic curve")
        _write_over(self._path(name), self._encrypt(name, key, certificates))

    def _store(
        self, name: str, key: PKCS12PrivateKeyTypes, certificates: tuple[bytes, ...] = ()
    ) -> None:
        path = self._path(name)
        if path.exists():
            raise _exists(path)
        content = self._encrypt(name, key, certificates)
        self._make_directories(path.parent)
        _write_new(path, content)

    def _encrypt(
        self, name: str, key: PKCS12PrivateKeyTypes, certificates: tuple[bytes, ...]
    ) -> bytes:
        if not self._passphrase:
            raise MalformedInputError("the passphrase is empty", code="passphrase_empty")
        parsed = [x509.load_der_x509_certificate(der) for der in certificates]
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(_KDF_ROUNDS)
            .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(self._passphrase.encode())
        )
        content = serialize_key_and_certificates(
            name.encode(), key, parsed[0] if parsed else None, parsed[1:], encryption
        )
        return replace_mac(content, self._passphrase, _MAC_ROUNDS)

    def _load_elliptic(
        self, name: str, *, certificates: int = 0
    ) -> tuple[ec.EllipticCurvePrivateKey, tuple[bytes, ...]]:
        key, ders = self._load(name)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise self._damaged(name, "expected an elliptic curve key")
        if len(ders) < certificates:
            raise self._damaged(name, f"expected {certificates} certificates, found {len(ders)}")
        return key, ders

    def _load(self, name: str) -> tuple[object, tuple[bytes, ...]]:
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"this home has no key {name!r}: no file {path}") from None
        except OSError as error:
            raise self._damaged(name, f"it cannot be read: {error}") from error
        try:
            split_pfx(content)
            bundle = load_pkcs12(content, self._passphrase.encode())
        except MalformedInputError as error:
            raise self._damaged(name, f"it is no PKCS#12 file: {error.message}") from error
        except ValueError as error:
            raise NotAuthorizedError(
                f"{path}: the passphrase does not open it", code="wrong_passphrase"
            ) from error
        own = [bundle.cert] if bundle.cert else []
        ders = [c.certificate.public_bytes(Encoding.DER) for c in [*own, *bundle.additional_certs]]
        return bundle.key, tuple(ders)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.p12"

    def _make_directories(self, innermost: Path) -> None:
        inside = [innermost, *innermost.parents]
        for directory in reversed(inside[: inside.index(self._directory) + 1]):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _damaged(self, name: str, what: str) -> LedgerError:
        return StorageError(
            f"{self._path(name)}: {what}; restore it from a backup", code="key_file_damaged"
        )


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return compute_key_id(SUITE_P256, *public_coordinates(key.public_key()))


def _seal_name(issuer: Uscc, key_id: bytes) -> str:
    return f"seals/{issuer}/{key_id.hex()}"


def _exists(path: Path) -> ConflictError:
    return ConflictError(f"{path} exists already; a key is never overwritten", code="key_exists")


def _write_new(path: Path, content: bytes) -> None:
    """Writes a private file so that it exists whole and durably, or not at all."""
    with _written_beside(path, content) as beside:
        _move_to_new(beside, path)


def _write_over(path: Path, content: bytes) -> None:
    """Replaces a private file so that the old or the new one is there, whole and durably."""
    with _written_beside(path, content) as beside:
        beside.replace(path)


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A durable file beside `path`, to be moved there."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)
    sync_path(path.parent)


def _move_to_new(beside: Path, path: Path) -> None:
    """A link, unlike a rename, never replaces a file that appeared meanwhile."""
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a medium without links, such as a memory stick
        beside.replace(path)
