"""Encryption of single rows: a data key each, so that erasing the key erases the content.

Imports no database, so that sealing workers stay lean; a `RowCipher` can be pickled to them. Where
the vault key comes from is said by `passphrase`. Source: AES-GCM per NIST SP 800-38D, HKDF per
RFC 5869, HMAC per RFC 2104.

>>> cipher = RowCipher(bytes(32))
>>> row = cipher.encrypt(b"content", b"what it belongs to")
>>> cipher.decrypt(row.ciphertext, row.wrapped_key, b"what it belongs to")
b'content'
"""

from __future__ import annotations

import hmac
import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import MalformedInputError, StorageError

KEY_SIZE = 32
NONCE_SIZE = 12
TAG_SIZE = 16
MAC_SIZE = 16
WRAPPED_KEY_SIZE = NONCE_SIZE + KEY_SIZE + TAG_SIZE
OVERHEAD = NONCE_SIZE + TAG_SIZE

_KEY_PURPOSE = b"zhenglian vault data key\x00"
_CONTENT_PURPOSE = b"zhenglian vault content\x00"
_FILE_PURPOSE = b"zhenglian vault file key\x00"
_WRAPPING = b"wrap data keys"


class EncryptedRow(NamedTuple):
    """What is stored: nonce ‖ ciphertext ‖ tag, and the data key wrapped (60 bytes)."""

    ciphertext: bytes
    wrapped_key: bytes


class RowCipher:
    """Encrypts and decrypts rows, and recognises contents, with keys derived from the vault key.

    Wrapping uses random nonces under one key, so a vault key is good for 2^32 rows (SP 800-38D
    §8.3).

    Args:
        vault_key: 32 bytes.
    """

    __slots__ = ("_mac_key", "_vault_key", "_wrapping")

    def __init__(self, vault_key: bytes) -> None:
        if len(vault_key) != KEY_SIZE:
            raise MalformedInputError(
                f"a vault key has {KEY_SIZE} bytes, not {len(vault_key)}", code="key_malformed"
            )
        self._vault_key = vault_key
        self._wrapping = AESGCM(_derive(vault_key, _WRAPPING))
        self._mac_key = _derive(vault_key, b"recognise contents")

    def __reduce__(self) -> tuple[type[RowCipher], tuple[bytes]]:
        return RowCipher, (self._vault_key,)

    def __repr__(self) -> str:
        return "RowCipher(...)"

    def encrypt(self, content: bytes, binding: bytes) -> EncryptedRow:
        """Encrypt a content under a fresh data key.

        Args:
            content: any bytes.
            binding: what the row belongs to; decrypting asks for the same bytes.
        """
        fresh = os.urandom(KEY_SIZE + 2 * NONCE_SIZE)
        data_key, nonce = fresh[:KEY_SIZE], fresh[KEY_SIZE : KEY_SIZE + NONCE_SIZE]
        wrap_nonce = fresh[KEY_SIZE + NONCE_SIZE :]
        return EncryptedRow(
            nonce + AESGCM(data_key).encrypt(nonce, content, _CONTENT_PURPOSE + binding),
            wrap_nonce + self._wrapping.encrypt(wrap_nonce, data_key, _KEY_PURPOSE + binding),
        )

    def decrypt(self, ciphertext: bytes, wrapped_key: bytes, binding: bytes) -> bytes:
        """The content of a row.

        Raises:
            StorageError: row_damaged when key, ciphertext or binding are not of one row.
        """
        try:
            data_key = self._wrapping.decrypt(
                wrapped_key[:NONCE_SIZE], wrapped_key[NONCE_SIZE:], _KEY_PURPOSE + binding
            )
            return AESGCM(data_key).decrypt(
                ciphertext[:NONCE_SIZE], ciphertext[NONCE_SIZE:], _CONTENT_PURPOSE + binding
            )
        except (InvalidTag, ValueError) as error:
            raise StorageError(
                "the row does not decrypt: its ciphertext, key or place was altered",
                code="row_damaged",
            ) from error

    def make_key(self, binding: bytes) -> tuple[bytes, bytes]:
        """A fresh data key for what is too large for a row, and the same wrapped.

        Args:
            binding: what it belongs to; recovering asks for the same bytes.
        """
        fresh = os.urandom(KEY_SIZE + NONCE_SIZE)
        data_key, nonce = fresh[:KEY_SIZE], fresh[KEY_SIZE:]
        return data_key, nonce + self._wrapping.encrypt(nonce, data_key, _FILE_PURPOSE + binding)

    def recover_key(self, wrapped_key: bytes, binding: bytes) -> bytes:
        """The data key that `make_key` wrapped. Raises StorageError, row_damaged."""
        nonce, wrapped = wrapped_key[:NONCE_SIZE], wrapped_key[NONCE_SIZE:]
        try:
            return self._wrapping.decrypt(nonce, wrapped, _FILE_PURPOSE + binding)
        except (InvalidTag, ValueError) as error:
            raise StorageError("the key does not open here", code="row_damaged") from error

    def decrypt_unverified(self, ciphertext: bytes, wrapped_key: bytes) -> bytes:
        """What a row holds if neither key nor ciphertext was altered, and garbage if one was.

        For mending a row whose binding was damaged: what is found here gives the binding, and only
        `decrypt` with that says that it is right. GCM encrypts in counter mode, from the number
        after that of the tag (SP 800-38D §7.1).

        Raises:
            StorageError: row_damaged where there is too little of it.
        """
        if len(wrapped_key) != WRAPPED_KEY_SIZE or len(ciphertext) < OVERHEAD:
            raise StorageError("the row is cut off", code="row_damaged")
        data_key = _decrypt_counter(_derive(self._vault_key, _WRAPPING), wrapped_key)
        return _decrypt_counter(data_key, ciphertext)

    def content_mac(self, content: bytes) -> bytes:
        """16 bytes that recognise a content, and tell nothing of it without the vault key."""
        return hmac.digest(self._mac_key, content, "sha256")[:MAC_SIZE]


def certificate_binding(leaf_hash: bytes, identifier: str) -> bytes:
    """What ties a certificate's ciphertext to its row.

    Args:
        leaf_hash: 32 bytes, so that no two pairs give the same binding.
        identifier: the certificate's.
    """
    return b"certificate\x00" + leaf_hash + identifier.encode()


def officer_binding(commitment: bytes) -> bytes:
    """What ties an officer's ciphertext to its row: the commitment, 32 bytes."""
    return b"officer\x00" + commitment


def _decrypt_counter(key: bytes, encrypted: bytes) -> bytes:
    nonce, body = encrypted[:NONCE_SIZE], encrypted[NONCE_SIZE:-TAG_SIZE]
    return Cipher(AES(key), CTR(nonce + (2).to_bytes(4))).decryptor().update(body)


def _derive(vault_key: bytes, purpose: bytes) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=KEY_SIZE, salt=None, info=b"zhenglian vault: " + purpose
    ).derive(vault_key)
