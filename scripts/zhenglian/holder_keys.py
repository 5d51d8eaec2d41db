"""A holder's own key, in a PEM file under a passphrase (PKCS #8, RFC 5958)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import MalformedInputError, NotAuthorizedError
from zhenglian.files import write_whole


def create_holder_key(path: Path, passphrase: str) -> ec.EllipticCurvePublicKey:
    """Makes a P-256 key and keeps it in a file that only its owner may read."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )

    def write(beside: Path) -> None:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)

    write_whole(path, write)
    return key.public_key()


def load_holder_key(path: Path, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """Reads what `create_holder_key` wrote, or any PEM with a P-256 key under a passphrase.

    Raises:
        MalformedInputError: the file has no such key.
        NotAuthorizedError: the passphrase does not open it.
    """
    content = path.read_bytes()
    if b"ENCRYPTED" not in content:
        raise MalformedInputError(
            f"{path}: expected a PEM file with a private key under a passphrase; make one with "
            "`zhenglian holder-key new`",
            field="holder_key",
        )
    try:
        key = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotAuthorizedError(
            f"{path}: the passphrase does not open it", code="wrong_passphrase", field="holder_key"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise MalformedInputError(f"{path}: expected a key on P-256", field="holder_key")
    return key
