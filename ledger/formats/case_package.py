"""Case packages: private material on its way from one member to another, and the receipt for it.

A package (`.case`) is encrypted to the receiving member's encryption key by HPKE (RFC 9180: base
mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). The key schedule is bound to ledger,
case and number of the hand-over, so that a package opens nowhere else. Who sent it is not said
here: the giver seals the package's digest in its hand-over statement.

    zhenglian-case-package/1 LF
    {"case_id":...,"key_id":...,"ledger_id":...,"member":...,"number":...,"size":...} LF
    <encapsulated key, 65 bytes> <ciphertext>
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger.errors import ConflictError, MalformedInputError, NotAuthorizedError
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.formats.seals import (
    SUITE_P256,
    compute_key_id,
    load_public_key,
    public_coordinates,
)
from ledger.identifiers import MemberId

PACKAGE_FORMAT: Final = "zhenglian-case-package/1"
PACKAGE_SUFFIX: Final = ".case"
MAX_PACKAGE_SIZE: Final = 256 * 1024 * 1024
_MAX_HEADER: Final = 1024
_OVERHEAD: Final = 65 + 16  # uncompressed point, and GCM's tag
_NAMES: Final = frozenset({"ledger_id", "case_id", "number", "member", "key_id", "size"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom a package is.

    Args:
        member: who receives it.
        x, y: its encryption key by the newest record, 32 bytes each.
    """

    member: MemberId
    x: bytes
    y: bytes

    @property
    def key_id(self) -> bytes:
        """How the key is named, 32 bytes."""
        return compute_key_id(SUITE_P256, self.x, self.y)


@dataclass(frozen=True, slots=True)
class PackageContext:
    """What a package belongs to.

    Args:
        ledger_id: 32 bytes.
        case_id: 32 bytes.
        number: of the hand-over: the case's sequence number after it.
    """

    ledger_id: bytes
    case_id: bytes
    number: int

    @property
    def info(self) -> bytes:
        """What the key schedule is bound to (RFC 9180 §5.1)."""
        parts = (PACKAGE_FORMAT.encode(), self.ledger_id, self.case_id)
        return b"\0".join(parts) + self.number.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class CasePackage:
    """A package as it came in, not opened. `digest` is what both seals of a hand-over are about."""

    context: PackageContext
    member: MemberId
    key_id: bytes
    encrypted: bytes
    digest: bytes


def seal_package(content: bytes, context: PackageContext, recipient: Recipient) -> bytes:
    """Encrypt a package.

    Raises:
        MalformedInputError: package_too_large; the recipient's key is no point on P-256.
    """
    if len(content) + _OVERHEAD + _MAX_HEADER > MAX_PACKAGE_SIZE:
        raise _too_large(len(content))
    encrypted = _suite().encrypt(content, load_public_key(recipient.x, recipient.y), context.info)
    header = rfc8785.dumps(
        {
            "ledger_id": context.ledger_id.hex(),
            "case_id": context.case_id.hex(),
            "number": context.number,
            "member": str(recipient.member),
            "key_id": recipient.key_id.hex(),
            "size": len(encrypted),
        }
    )
    return b"\n".join((PACKAGE_FORMAT.encode(), header, encrypted))


def parse_package(data: bytes) -> CasePackage:
    """Read the outside of a package.

    Raises:
        MalformedInputError: package_too_large, package_malformed, package_truncated and the codes
            of `JsonObject`.
    """
    if len(data) > MAX_PACKAGE_SIZE:
        raise _too_large(len(data))
    start = PACKAGE_FORMAT.encode() + b"\n"
    end = data.find(b"\n", len(start), len(start) + _MAX_HEADER)
    if not data.startswith(start) or end < 0:
        raise MalformedInputError(
            f"expected a case package that begins with {PACKAGE_FORMAT}", code="package_malformed"
        )
    header = JsonObject(parse_json_object(data[len(start) : end], "package"))
    header.require_only(_NAMES)
    context = PackageContext(
        header.bytes_of_hex("ledger_id", 32),
        header.bytes_of_hex("case_id", 32),
        header.integer("number"),
    )
    encrypted = data[end + 1 :]
    if len(encrypted) != (size := header.integer("size", MAX_PACKAGE_SIZE)):
        raise MalformedInputError(
            f"the package should have {size} encrypted bytes and has {len(encrypted)}: it was cut "
            "off or added to on its way",
            code="package_truncated",
        )
    return CasePackage(
        context,
        MemberId.parse(header.text("member", 18)),
        header.bytes_of_hex("key_id", 32),
        encrypted,
        sha256(data).digest(),
    )


def open_package(
    package: CasePackage, expected: PackageContext, private_key: ec.EllipticCurvePrivateKey
) -> bytes:
    """Decrypt a package that is for this member and this hand-over.

    Raises:
        ConflictError: package_of_another_ledger, package_of_another_case,
            package_of_another_hand_over.
        NotAuthorizedError: package_for_another_member, encrypted to another key.
        MalformedInputError: package_altered.
    """
    _require_context(package.context, expected)
    own = compute_key_id(SUITE_P256, *public_coordinates(private_key.public_key()))
    if package.key_id != own:
        raise NotAuthorizedError(
            f"the package is for {package.member}, encrypted to key {package.key_id.hex()[:16]}; "
            f"this key is {own.hex()[:16]}",
            code="package_for_another_member",
        )
    try:
        return _suite().decrypt(package.encrypted, private_key, expected.info)
    except (InvalidTag, ValueError) as error:
        raise MalformedInputError(
            "the package does not open: it was altered, or made for another hand-over and "
            "relabelled",
            code="package_altered",
        ) from error


def _suite() -> Suite:
    return Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _require_context(found: PackageContext, expected: PackageContext) -> None:
    if found.ledger_id != expected.ledger_id:
        raise ConflictError(
            f"the package is of ledger {found.ledger_id.hex()}", code="package_of_another_ledger"
        )
    if found.case_id != expected.case_id:
        raise ConflictError(
            f"the package is of case {found.case_id.hex()}, not {expected.case_id.hex()}",
            code="package_of_another_case",
        )
    if found.number != expected.number:
        raise ConflictError(
            f"the package is of hand-over {found.number} of this case, not {expected.number}",
            code="package_of_another_hand_over",
        )


def _too_large(size: int) -> MalformedInputError:
    return MalformedInputError(
        f"a case package has at most {MAX_PACKAGE_SIZE} bytes, got {size}", code="package_too_large"
    )
