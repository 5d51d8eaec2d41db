"""The vault key, wrapped by a key that only the passphrase gives.

The passphrase can be changed without touching a single certificate. Source: scrypt per RFC 7914;
AES-GCM per NIST SP 800-38D.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from dataclasses import asdict, dataclass
from typing import Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import MalformedInputError, NotAuthorizedError, StorageError
from ledger.vault.cipher import KEY_SIZE, NONCE_SIZE

SALT_SIZE = 16
MAX_MEMORY = 1 << 30
_PURPOSE = b"zhenglian vault key"


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """Cost of one guess at the passphrase: 128·n·r bytes of memory, p times over.

    The default takes 32 MiB, so that a small node can open its vault beside a running chain, and
    makes up for the memory in passes.
    """

    n: int = 2**15
    r: int = 8
    p: int = 3


DEFAULT_COST = ScryptCost()


@dataclass(frozen=True, slots=True)
class WrappedVaultKey:
    """What the vault keeps of its key.

    Args:
        cost: of one guess.
        salt: 16 random bytes.
        verifier: 32 bytes that the right passphrase gives.
        wrapped_key: nonce ‖ encrypted vault key ‖ tag, 60 bytes.
    """

    cost: ScryptCost
    salt: bytes
    verifier: bytes
    wrapped_key: bytes

    @classmethod
    def wrap(cls, vault_key: bytes, passphrase: str, cost: ScryptCost = DEFAULT_COST) -> Self:
        """Wrap a vault key under a passphrase with a fresh salt.

        Raises:
            MalformedInputError: passphrase_empty.
        """
        salt, nonce = os.urandom(SALT_SIZE), os.urandom(NONCE_SIZE)
        wrapping_key, verifier = _stretch(passphrase, salt, cost)
        wrapped = AESGCM(wrapping_key).encrypt(nonce, vault_key, _PURPOSE)
        return cls(cost, salt, verifier, nonce + wrapped)

    def unwrap(self, passphrase: str) -> bytes:
        """The vault key.

        Raises:
            NotAuthorizedError: wrong_passphrase.
            StorageError: vault_damaged when the passphrase is right and the wrapped key is not.
        """
        wrapping_key, verifier = _stretch(passphrase, self.salt, self.cost)
        if not hmac.compare_digest(verifier, self.verifier):
            raise NotAuthorizedError(
                "this passphrase does not open the vault", code="wrong_passphrase"
            )
        nonce, wrapped = self.wrapped_key[:NONCE_SIZE], self.wrapped_key[NONCE_SIZE:]
        try:
            return AESGCM(wrapping_key).decrypt(nonce, wrapped, _PURPOSE)
        except (InvalidTag, ValueError) as error:
            raise StorageError(
                "the passphrase is right, but the wrapped vault key is damaged: restore the vault "
                "from a backup",
                code="vault_damaged",
            ) from error

    def to_json(self) -> bytes:
        """JSON for the vault's settings; byte strings in hexadecimal."""
        return orjson.dumps(
            {
                "kdf": "scrypt",
                **asdict(self.cost),
                "salt": self.salt.hex(),
                "verifier": self.verifier.hex(),
                "wrapped_key": self.wrapped_key.hex(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            StorageError: vault_damaged.
        """
        try:
            found = orjson.loads(data)
            cost = ScryptCost(int(found["n"]), int(found["r"]), int(found["p"]))
            salt, verifier, wrapped = (
                bytes.fromhex(found[name]) for name in ("salt", "verifier", "wrapped_key")
            )
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(
                "the vault's wrapped key cannot be read", code="vault_damaged"
            ) from error
        return cls(cost, salt, verifier, wrapped)


def _stretch(passphrase: str, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
    """The wrapping key and the verifier, 32 bytes each, of a passphrase in Unicode's NFC."""
    if not passphrase:
        raise MalformedInputError("the passphrase is empty", code="passphrase_empty")
    try:
        derived = hashlib.scrypt(
            unicodedata.normalize("NFC", passphrase).encode(),
            salt=salt,
            n=cost.n,
            r=cost.r,
            p=cost.p,
            maxmem=MAX_MEMORY,
            dklen=2 * KEY_SIZE,
        )
    except (ValueError, OverflowError) as error:
        raise StorageError(
            f"the vault's scrypt parameters {cost} cannot be used", code="vault_damaged"
        ) from error
    return derived[:KEY_SIZE], derived[KEY_SIZE:]
