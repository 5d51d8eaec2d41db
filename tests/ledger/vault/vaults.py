"""Vaults to test with: a passphrase that costs nothing to guess, and a clock that stands still."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from ledger.identifiers import CertificateType, Uscc
from ledger.vault.batches import BatchRow, NewBatch
from ledger.vault.certificates import StagedCertificate
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.passphrase import ScryptCost
from ledger.vault.store import Vault

PASSPHRASE = "证照库 passphrase"
CHEAP = ScryptCost(n=2, r=1, p=1)
NOW_UNIX = 1_800_000_000
ISSUER = Uscc.parse("11100000000013338W")
CERTIFICATE_TYPE = CertificateType.parse("11100000000013338W011")


def create_vault(directory: Path) -> Vault:
    return Vault.create(directory, PASSPHRASE, cost=CHEAP, clock=lambda: NOW_UNIX)


def open_vault(directory: Path, *, read_only: bool = False) -> Vault:
    return Vault.open(
        directory, PASSPHRASE, lock_timeout_s=0.0, read_only=read_only, clock=lambda: NOW_UNIX
    )


def new_batch(run_id: int | None = None) -> NewBatch:
    batch_id = os.urandom(32)
    batch_key = sha256(ISSUER.to_chain() + batch_id).digest()
    return NewBatch(
        batch_id, batch_key, ISSUER, b"k" * 32, CERTIFICATE_TYPE, b"eyJ0eXAiOiJ4In0", run_id
    )


def seal(
    cipher: RowCipher, identifier: str, position: int, content: bytes = b"content"
) -> StagedCertificate:
    """A certificate as a sealing worker hands it over."""
    leaf_hash = sha256(identifier.encode() + content).digest()
    row = cipher.encrypt(content, certificate_binding(leaf_hash, identifier))
    return StagedCertificate(identifier, position, leaf_hash, cipher.content_mac(content), *row)


def stage(vault: Vault, batch: BatchRow, *identifiers: str, first: int = 0) -> None:
    """Stage certificates whose content is their identifier."""
    vault.certificates.stage(
        batch.pk,
        [
            seal(vault.row_cipher, identifier, position, identifier.encode())
            for position, identifier in enumerate(identifiers, first)
        ],
    )


def raw_bytes(directory: Path) -> bytes:
    """Everything that lies in a vault's directory."""
    return b"".join(path.read_bytes() for path in sorted(directory.iterdir()))
