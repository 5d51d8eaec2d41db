"""Envelopes: anything that travels between members, encrypted to the receiving member's key.

The content is cut into chunks of 64 KiB, each with AES-256-GCM under a fresh content key; a chunk's
nonce is its number and whether it is the last (the STREAM construction of Hoang, Reyhanitabar,
Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015),
so that none can be left out, swapped or cut off, and memory stays flat. The content key is
encrypted by HPKE (RFC 9180: base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), whose
key schedule is bound to the whole head. Who sent it is said by the seal of its announcement
(`ledger.formats.delivery`).

    body = chunk 0 ‖ … ‖ chunk n, of manifest LF content
    manifest = {"name":…,"salt":…,"subject":…}, canonical JSON (RFC 8785)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger.errors import MalformedInputError, NotAuthorizedError
from ledger.formats.case_documents import compute_commitment, make_salt
from ledger.formats.case_package import Recipient
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.formats.seals import SUITE_P256, compute_key_id, load_public_key, public_coordinates
from ledger.identifiers import MemberId, Uscc

ENVELOPE_FORMAT: Final = "zhenglian-envelope/1"
CHUNK_SIZE: Final = 64 * 1024
MAX_BODY_SIZE: Final = 1 << 30
WRAPPED_KEY_SIZE: Final = 65 + 32 + 16  # encapsulated key, content key, tag
_TAG_SIZE: Final = 16
_SEALED_CHUNK: Final = CHUNK_SIZE + _TAG_SIZE
_MAX_MANIFEST: Final = 4096
_MANIFEST_NAMES: Final = frozenset({"name", "salt", "subject"})


class DeliveryKind(StrEnum):
    """What an envelope has inside."""

    PRESENTATION = "presentation"
    MATERIALS = "materials"
    CASE_PACKAGE = "case_package"
    RESULT = "result"
    RECEIPT = "receipt"
    STATUS_NOTICE = "status_notice"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the content is about; only the receiver reads it.

    Attributes:
        name: what to call it, such as a file's name.
        subject: what it is about, such as a case's id.
        salt: 32 random bytes, so that nobody can guess the subject from its commitment.
    """

    name: str
    subject: str
    salt: bytes

    @classmethod
    def make(cls, name: str, subject: str) -> Self:
        """Under a fresh salt."""
        return cls(name, subject, make_salt())

    @property
    def commitment(self) -> bytes:
        """SHA-256(salt || subject): all that the outside of an envelope says of it."""
        return compute_commitment(self.salt, self.subject.encode())

    def to_json(self) -> bytes:
        """Canonical.

        Raises:
            MalformedInputError: manifest_too_large.
        """
        members = {"name": self.name, "salt": self.salt.hex(), "subject": self.subject}
        encoded = rfc8785.dumps(members)
        if len(encoded) >= _MAX_MANIFEST:
            raise MalformedInputError(
                f"name and subject of a delivery take at most {_MAX_MANIFEST} bytes",
                code="manifest_too_large",
                field="subject",
            )
        return encoded

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises MalformedInputError with the codes of `JsonObject`."""
        members = JsonObject(parse_json_object(data, "manifest"))
        members.require_only(_MANIFEST_NAMES)
        return cls(members.text("name"), members.text("subject"), members.bytes_of_hex("salt", 32))


@dataclass(frozen=True, slots=True)
class EnvelopeHead:
    """The outside of an envelope.

    Attributes:
        delivery_id: 32 random bytes.
        member: the receiver's member, to whose encryption key `encryption_key_id` it is encrypted.
        subject: commitment to what it is about, 32 bytes.
        size: of the body in bytes.
        wrapped_key: the content key by HPKE, 113 bytes.
    """

    ledger_id: bytes
    delivery_id: bytes
    kind: DeliveryKind
    sender: Uscc
    receiver: Uscc
    member: MemberId
    encryption_key_id: bytes
    subject: bytes
    size: int
    wrapped_key: bytes

    @property
    def info(self) -> bytes:
        """What the key schedule is bound to (RFC 9180 §5.1): everything but the key itself."""
        members = self.to_members()
        del members["wrapped_key"]
        return ENVELOPE_FORMAT.encode() + b"\0" + rfc8785.dumps(members)

    def to_members(self) -> dict[str, str | int]:
        """As JSON."""
        return {
            "ledger_id": self.ledger_id.hex(),
            "delivery_id": self.delivery_id.hex(),
            "kind": self.kind.value,
            "sender": str(self.sender),
            "receiver": str(self.receiver),
            "member": str(self.member),
            "encryption_key_id": self.encryption_key_id.hex(),
            "subject": self.subject.hex(),
            "size": self.size,
            "wrapped_key": self.wrapped_key.hex(),
        }

    @classmethod
    def read(cls, members: JsonObject) -> Self:
        """Raises MalformedInputError with the codes of `JsonObject`."""
        try:
            kind = DeliveryKind(members.text("kind", 32))
        except ValueError:
            members.refuse("kind", f"one of {', '.join(DeliveryKind)}")
        return cls(
            members.bytes_of_hex("ledger_id", 32),
            members.bytes_of_hex("delivery_id", 32),
            kind,
            Uscc.parse(members.text("sender", 18)),
            Uscc.parse(members.text("receiver", 18)),
            MemberId.parse(members.text("member", 18)),
            members.bytes_of_hex("encryption_key_id", 32),
            members.bytes_of_hex("subject", 32),
            members.integer("size", MAX_BODY_SIZE),
            members.bytes_of_hex("wrapped_key", WRAPPED_KEY_SIZE),
        )


@dataclass(frozen=True, slots=True)
class Address:
    """From whom to whom. Attributes: recipient: the receiver's member with its newest key."""

    ledger_id: bytes
    sender: Uscc
    receiver: Uscc
    recipient: Recipient


def compute_body_size(manifest: Manifest, content_size: int) -> int:
    """Bytes of the body around a content.

    >>> compute_body_size(Manifest("a", "b", bytes(32)), 65_536) > 65_536 + 2 * 16
    True
    """
    plain = len(manifest.to_json()) + 1 + content_size
    return plain + _TAG_SIZE * max(1, -(-plain // CHUNK_SIZE))


def seal_envelope(
    kind: DeliveryKind,
    address: Address,
    manifest: Manifest,
    content: Iterable[bytes],
    content_size: int,
) -> tuple[EnvelopeHead, Iterator[bytes]]:
    """Encrypt a content; the body comes in chunks as it is asked for.

    Args:
        content: in pieces of any size.
        content_size: of all pieces together, which must be known before.

    Raises:
        MalformedInputError: envelope_too_large, manifest_too_large; content_size_differs while
            the body is read.
    """
    size = compute_body_size(manifest, content_size)
    if size > MAX_BODY_SIZE:
        raise MalformedInputError(
            f"an envelope has at most {MAX_BODY_SIZE} bytes; this would have {size}",
            code="envelope_too_large",
        )
    content_key = os.urandom(32)
    recipient = address.recipient
    head = EnvelopeHead(
        address.ledger_id,
        os.urandom(32),
        kind,
        address.sender,
        address.receiver,
        recipient.member,
        recipient.key_id,
        manifest.commitment,
        size,
        b"",
    )
    public_key = load_public_key(recipient.x, recipient.y)
    wrapped = _suite().encrypt(content_key, public_key, head.info)
    sealed = replace(head, wrapped_key=wrapped)
    return sealed, _encrypt(content_key, _lead(manifest, content, content_size))


def open_envelope(
    head: EnvelopeHead, private_key: ec.EllipticCurvePrivateKey, body: Iterable[bytes]
) -> tuple[Manifest, Iterator[bytes]]:
    """Decrypt an envelope; the content comes in pieces as it is asked for.

    Only when the last piece was read without an error is it known that nothing is missing.

    Args:
        body: in pieces of any size.

    Raises:
        NotAuthorizedError: envelope_for_another_key.
        MalformedInputError: envelope_altered, envelope_truncated (both also while the content is
            read), subject_differs.
    """
    content_key = unwrap_key(head, private_key)
    pieces = _decrypt(content_key, head.size, body)
    first = next(pieces, b"")
    encoded, newline, rest = first.partition(b"\n")
    if not newline or len(encoded) >= _MAX_MANIFEST:
        raise MalformedInputError("the envelope has no manifest", code="envelope_altered")
    manifest = Manifest.parse(encoded)
    if manifest.commitment != head.subject:
        raise MalformedInputError(
            "the envelope is about something else than its outside says", code="subject_differs"
        )
    return manifest, _chain(rest, pieces)


def unwrap_key(head: EnvelopeHead, private_key: ec.EllipticCurvePrivateKey) -> bytes:
    """The content key, 32 bytes.

    Raises:
        NotAuthorizedError: envelope_for_another_key.
        MalformedInputError: envelope_altered.
    """
    own = compute_key_id(SUITE_P256, *public_coordinates(private_key.public_key()))
    if head.encryption_key_id != own:
        raise NotAuthorizedError(
            f"the envelope is encrypted to key {head.encryption_key_id.hex()[:16]} of "
            f"{head.member}; this key is {own.hex()[:16]}",
            code="envelope_for_another_key",
        )
    try:
        return _suite().decrypt(head.wrapped_key, private_key, head.info)
    except (InvalidTag, ValueError) as error:
        raise MalformedInputError(
            "the envelope's key does not open: its outside was altered", code="envelope_altered"
        ) from error


class EnvelopeDigest:
    """SHA-256(format ‖ 0 ‖ canonical head ‖ 0 ‖ body), taken in as the body comes."""

    __slots__ = ("_hash",)

    def __init__(self, head: EnvelopeHead) -> None:
        outside = rfc8785.dumps(head.to_members())
        self._hash = sha256(ENVELOPE_FORMAT.encode() + b"\0" + outside + b"\0")

    def update(self, part: bytes) -> None:
        """Take in the next bytes of the body."""
        self._hash.update(part)

    def finish(self) -> bytes:
        """32 bytes."""
        return self._hash.digest()


def _suite() -> Suite:
    return Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _lead(manifest: Manifest, content: Iterable[bytes], content_size: int) -> Iterator[bytes]:
    yield manifest.to_json() + b"\n"
    found = 0
    for piece in content:
        found += len(piece)
        yield piece
    if found != content_size:
        raise MalformedInputError(
            f"the content should have {content_size} bytes and has {found}: it was changed "
            "meanwhile",
            code="content_size_differs",
        )


def _encrypt(key: bytes, plain: Iterable[bytes]) -> Iterator[bytes]:
    cipher = AESGCM(key)
    number = 0
    held = None
    for chunk in _cut(plain, CHUNK_SIZE):
        if held is not None:
            yield cipher.encrypt(_nonce(number, is_last=False), held, None)
            number += 1
        held = chunk
    yield cipher.encrypt(_nonce(number, is_last=True), held or b"", None)


def _decrypt(key: bytes, size: int, body: Iterable[bytes]) -> Iterator[bytes]:
    cipher = AESGCM(key)
    read = 0
    for number, chunk in enumerate(_cut(body, _SEALED_CHUNK)):
        read += len(chunk)
        if read > size:
            break
        try:
            yield cipher.decrypt(_nonce(number, is_last=read == size), chunk, None)
        except InvalidTag as error:
            raise MalformedInputError(
                f"chunk {number} of the envelope does not open: it was altered, or is not in its "
                "place",
                code="envelope_altered",
            ) from error
    if read != size:
        raise MalformedInputError(
            f"the envelope's body should have {size} bytes and has "
            f"{read if read < size else 'more'}: it was cut off or added to",
            code="envelope_truncated",
        )


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size, but for the last."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
