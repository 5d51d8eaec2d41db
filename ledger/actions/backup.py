"""Backing a home up while it works, and making a home of a backup.

A backup keeps what cannot be had again: vault, keys, settings. The index is rebuilt from the
chain. Certificates and data keys go into two files, so that the copies of the data keys can expire
and an erasure becomes final everywhere; `backup_manifest` lists the files. Neither chain nor
passphrase is needed to make one. A vault on a server is backed up into the same files, so that
each backup can become a home of either kind.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.backup_manifest import (
    ERASURES_NAME,
    HOME_FILES,
    KEYS_NAME,
    MANIFEST_NAME,
    VAULT_NAME,
    FileDigest,
    Manifest,
)
from ledger.actions.backup_record import MadeBackup, remember_backup
from ledger.actions.erasure_register import RegisterFile, encode_register
from ledger.actions.passphrase import require_settled_passphrase
from ledger.actions.staging_directory import staging_directory
from ledger.errors import ConflictError, MalformedInputError
from ledger.vault.copies import KeyTerms, VaultCopy, copy_vault
from ledger.vault.directory_lock import lock_directory
from ledger.workspace import Workspace

DEFAULT_KEEP_KEYS_DAYS = 30
MAX_KEEP_KEYS_DAYS = 3650
DAY_S = 86_400
_LOCK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """A backup that was made.

    Attributes:
        certificates: rows of the vault, of batches in every state.
        size: of all its files, in bytes.
        data_keys: the file whose copies must be destroyed by `data_keys_expire_at_unix`.
    """

    directory: Path
    made_at_unix: int
    certificates: int
    erasures: int
    size: int
    data_keys: Path
    data_keys_expire_at_unix: int


def make_backup(
    workspace: Workspace, target: Path, *, keep_keys_days: int = DEFAULT_KEEP_KEYS_DAYS
) -> BackupSummary:
    """Backs a home up, whether or not another process works on it. Opens neither vault nor chain.

    Args:
        target: directory of this one backup; missing or empty.
        keep_keys_days: after how many days the file of data keys expires.

    Raises:
        MalformedInputError: keep_keys_days out of range.
        ConflictError: target_in_home, target_not_empty, passphrase_unsettled.
        StorageError: disk_full, vault_damaged, vault_unavailable; no half backup is left.
    """
    if not 1 <= keep_keys_days <= MAX_KEEP_KEYS_DAYS:
        raise MalformedInputError(
            f"keep-keys-days: expected 1 to {MAX_KEEP_KEYS_DAYS}, got {keep_keys_days}",
            field="keep_keys_days",
        )
    if target.resolve().is_relative_to(workspace.home.resolve()):
        raise ConflictError(
            f"{target} is in the home that is backed up, and would be lost with it; name a "
            "directory elsewhere",
            code="target_in_home",
            field="directory",
        )
    now_unix = workspace.now_unix()
    terms = KeyTerms(now_unix, now_unix + keep_keys_days * DAY_S)
    keys = workspace.home / "keys"
    with (
        staging_directory(target) as staging,
        # No passphrase changes meanwhile, so that one opens keys and vault alike.
        lock_directory(keys, shared=True, timeout_s=_LOCK_TIMEOUT_S),
    ):
        require_settled_passphrase(workspace.home)
        copy = copy_vault(
            workspace.home / "vault",
            staging / VAULT_NAME,
            staging / KEYS_NAME,
            terms,
            url=workspace.config.vault_url or None,
        )
        manifest = _complete(workspace, staging, copy, terms)
    summary = BackupSummary(
        target,
        now_unix,
        copy.certificates,
        len(copy.erasures),
        sum(found.size for found in manifest.files.values()),
        target / KEYS_NAME,
        terms.expires_at_unix,
    )
    with suppress(OSError):  # the backup is there even if the reminder is not
        remember_backup(workspace.home, _to_made(summary))
    return summary


def copy_file(source: Path, target: Path) -> FileDigest:
    """Copies a file into a new private one, and gives what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("xb") as writing:
        target.chmod(0o600)
        while part := reading.read(1 << 20):
            digest.update(part)
            size += writing.write(part)
    return FileDigest(size, digest.digest())


def read_digest(path: Path) -> FileDigest:
    """Size and digest of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
        return FileDigest(stream.tell(), digest)


def _to_made(summary: BackupSummary) -> MadeBackup:
    return MadeBackup(
        str(summary.directory.resolve()),
        summary.made_at_unix,
        summary.certificates,
        summary.erasures,
        summary.size,
        summary.data_keys_expire_at_unix,
    )


def _complete(workspace: Workspace, staging: Path, copy: VaultCopy, terms: KeyTerms) -> Manifest:
    """Adds what lies beside the vault, and the manifest over all of it."""
    config = workspace.config
    register = RegisterFile(config.ledger_id, config.member, terms.made_at_unix, copy.erasures)
    (staging / ERASURES_NAME).write_bytes(encode_register(register))
    files = {name: read_digest(staging / name) for name in (VAULT_NAME, KEYS_NAME, ERASURES_NAME)}
    for path in sorted(workspace.home.rglob("*")):
        name = path.relative_to(workspace.home).as_posix()
        if HOME_FILES.fullmatch(name) and path.is_file() and not path.is_symlink():
            files[name] = copy_file(path, staging / name)
    manifest = Manifest(config.ledger_id, str(config.member), terms, copy.certificates, files)
    (staging / MANIFEST_NAME).write_bytes(manifest.to_json())
    return manifest
