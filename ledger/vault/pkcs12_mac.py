"""The integrity check of a PKCS#12 file, with as many rounds as its encryption.

The check tells whether a passphrase is right, so whoever guesses passphrases tries it first; the
library that writes the files gives it 2,048 rounds, whatever the encryption has. Any usual tool
reads the number of rounds from the file. Source: RFC 7292 section 4 and appendix B; X.690 (DER).
"""

from __future__ import annotations

import hashlib
import hmac
import os

from ledger.errors import MalformedInputError

_SALT_SIZE = 16
_BLOCK = 64  # of SHA-256
_MAC_PURPOSE = b"\x03"
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier, no parameters


def replace_mac(pfx: bytes, passphrase: str, rounds: int) -> bytes:
    """The same file with a check (HMAC-SHA-256) of so many rounds, at least 2.

    Raises:
        MalformedInputError: it is no PFX in DER.
    """
    version, contents = split_pfx(pfx)
    salt = os.urandom(_SALT_SIZE)
    key = derive_mac_key(passphrase, salt, rounds)
    protected = _content(_content(_split(_content(contents))[1]))
    digest = hmac.digest(key, protected, "sha256")
    number = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    info = _encode(_SEQUENCE, _SHA256 + _encode(_OCTETS, digest))
    mac = _encode(_SEQUENCE, info + _encode(_OCTETS, salt) + _encode(_INTEGER, number))
    return _encode(_SEQUENCE, version + contents + mac)


def split_pfx(pfx: bytes) -> tuple[bytes, bytes]:
    """Version and contents of a whole file, encoded. Raises MalformedInputError for another."""
    outer = _split(pfx)
    if len(outer) != 1 or pfx[0] != _SEQUENCE:
        raise MalformedInputError("expected one PFX and nothing after it")
    parts = _split(_content(outer[0]))
    if len(parts) != 3:
        raise MalformedInputError(f"expected version, contents and check, got {len(parts)} parts")
    return parts[0], parts[1]


def derive_mac_key(passphrase: str, salt: bytes, rounds: int) -> bytes:
    """32 bytes: RFC 7292 appendix B.2 with SHA-256 and purpose 3, of which one block suffices."""
    password = passphrase.encode("utf-16-be") + b"\0\0"
    digest = hashlib.sha256(_MAC_PURPOSE * _BLOCK + _fill(salt) + _fill(password)).digest()
    for _ in range(rounds - 1):
        digest = hashlib.sha256(digest).digest()
    return digest


def _fill(content: bytes) -> bytes:
    """Repeated up to whole blocks."""
    size = -(-len(content) // _BLOCK) * _BLOCK
    return (content * (size // len(content) + 1))[:size]


def _encode(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _split(encoded: bytes) -> list[bytes]:
    """The elements that follow one another."""
    found = []
    while encoded:
        _, end = _measure(encoded)
        found.append(encoded[:end])
        encoded = encoded[end:]
    return found


def _content(element: bytes) -> bytes:
    start, end = _measure(element)
    return element[start:end]


def _measure(encoded: bytes) -> tuple[int, int]:
    """Where the content of the first element begins and ends."""
    if len(encoded) < 2:
        raise _cut(encoded)
    length, start = encoded[1], 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(encoded[2:start], "big")
    if start + length > len(encoded):
        raise _cut(encoded)
    return start, start + length


def _cut(encoded: bytes) -> MalformedInputError:
    return MalformedInputError(f"the data ends after {len(encoded)} bytes, inside an element")
