"""Making a home of a backup. Everything is verified beside the home-to-be before that appears.

Erasures that are known of from the backup or from a register made later are applied: their data
keys never reach the new disk. Expired data keys are refused, because what was erased since they
were copied would come back.

The vault of the new home lies in it, unless the database of a server is named, wherever it was in
the home that was backed up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.actions.backup import copy_file, read_digest
from ledger.actions.backup_manifest import (
    ERASURES_NAME,
    KEYS_NAME,
    MANIFEST_NAME,
    VAULT_NAME,
    FileDigest,
    Manifest,
    damaged,
    parse_manifest,
)
from ledger.actions.erasure_register import RegisterFile, parse_register, require_register_of
from ledger.actions.fsck import FsckReport, fsck
from ledger.actions.staging_directory import require_room, staging_directory
from ledger.chain.engines import ChainLocation
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ConflictError, LedgerError, NotAuthorizedError, NotFoundError
from ledger.vault.copies import join_copies, read_terms
from ledger.vault.erasures import Erasure
from ledger.vault.key_files import KeyFiles
from ledger.vault.server import parse_vault_url
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """A home that was made of a backup.

    Attributes:
        certificates: rows of the vault.
        erasures: how many are in force in the new home.
        erased_since: how many of them the backup did not know.
        report: of the check against the chain, None if that could not be made.
        unchecked: why it could not.
    """

    home: Path
    made_at_unix: int
    certificates: int
    erasures: int
    erased_since: int
    report: FsckReport | None
    unchecked: str


def restore_backup(
    source: Path,
    home: Path,
    passphrase: str,
    *,
    registers: Sequence[Path] = (),
    data_keys: Path | None = None,
    allow_expired_keys: bool = False,
    chain: str | None = None,
    vault_url: str = "",
    clock: Callable[[], float] = time.time,
) -> RestoreSummary:
    """Makes a home of a backup, and checks it against the chain.

    Args:
        source: directory of the backup.
        home: missing or empty.
        passphrase: of the home when it was backed up.
        registers: files of `zhenglian erasures --out` made since.
        data_keys: where the backup's file of data keys is, if not in its directory.
        allow_expired_keys: use expired ones.
        chain: where the chain is from here, if not where it was.
        vault_url: of a database without a vault, which is to have the vault; see `Config`.
        clock: seconds since the epoch.

    Raises:
        ConflictError: target_not_empty, data_keys_expired, register_of_another, vault_exists.
        MalformedInputError: vault_url.
        NotFoundError: backup_missing, data_keys_missing.
        NotAuthorizedError: wrong_passphrase.
        StorageError: backup_damaged, backup_newer, copy_damaged, vault_newer, disk_full,
            vault_unavailable. Nothing was made then.
    """
    url = parse_vault_url(vault_url) if vault_url else ""
    manifest = _read_manifest(source)
    keys = data_keys or source / KEYS_NAME
    require_room(home)
    _require_keys(manifest, keys, int(clock()), allow_expired=allow_expired_keys)
    with staging_directory(home) as staging:
        _copy_files(source, manifest, staging)
        config = _place_config(staging, manifest, chain, url)
        known = _read_registers(source, manifest, config, registers)
        database = staging / "vault" / DATABASE_NAME
        join_copies(database, keys, [erasure.identifier for erasure in known])
        erasures, since = _open_restored(staging, passphrase, known, clock)
        if url:
            _move_to_server(database, url)
    report, unchecked = _check(home, passphrase, clock)
    return RestoreSummary(
        home,
        manifest.keys.made_at_unix,
        manifest.certificates,
        erasures,
        since,
        report,
        unchecked,
    )


def _read_manifest(source: Path) -> Manifest:
    try:
        return parse_manifest((source / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            f"{source} is no backup: it has no {MANIFEST_NAME}", code="backup_missing"
        ) from None


def _require_keys(manifest: Manifest, keys: Path, now_unix: int, *, allow_expired: bool) -> None:
    if not keys.is_file():
        raise NotFoundError(
            f"there is no file of data keys {keys}, and without it no certificate can be read: "
            "name it with --keys, or use a newer backup if it was destroyed on expiry",
            code="data_keys_missing",
        )
    _require_digest(KEYS_NAME, read_digest(keys), manifest.files[KEYS_NAME])
    if read_terms(keys) != manifest.keys:
        raise damaged(KEYS_NAME, "its terms are not those of the manifest")
    expired_s = now_unix - manifest.keys.expires_at_unix
    if expired_s >= 0 and not allow_expired:
        raise ConflictError(
            f"the data keys expired {expired_s // 86_400} days ago: whatever was erased after "
            "this backup would come back. Use a newer backup; or give the newest register of "
            "erasures with --erasures, and accept with --expired-keys that an erasure that is not "
            "in it comes back",
            code="data_keys_expired",
        )


def _copy_files(source: Path, manifest: Manifest, staging: Path) -> None:
    """Everything but the data keys and the register, each verified as it is copied."""
    for name, expected in manifest.files.items():
        if name in (KEYS_NAME, ERASURES_NAME):
            continue
        target = f"vault/{DATABASE_NAME}" if name == VAULT_NAME else name
        try:
            found = copy_file(source / name, staging / target)
        except FileNotFoundError:
            raise damaged(name, "it is missing") from None
        _require_digest(name, found, expected)


def _require_digest(name: str, found: FileDigest, expected: FileDigest) -> None:
    if found != expected:
        raise damaged(
            name,
            f"expected {expected.size} bytes with SHA-256 {expected.sha256.hex()}, found "
            f"{found.size} with {found.sha256.hex()}",
        )


def _place_config(staging: Path, manifest: Manifest, chain: str | None, url: str) -> Config:
    config = Config.load(staging / CONFIG_NAME)
    if (config.ledger_id, str(config.member)) != (manifest.ledger_id, manifest.member):
        raise damaged(CONFIG_NAME, "it is of another member or ledger than the manifest")
    location = config.chain if chain is None else str(ChainLocation.parse(chain))
    if (location, url) != (config.chain, config.vault_url):
        config = replace(config, chain=location, vault_url=url)
        config.store(staging / CONFIG_NAME)
    return config


def _move_to_server(database: Path, url: str) -> None:
    """The last step, since what a server has taken a full disk here cannot undo."""
    from ledger.vault.server_rows import fill_server  # loads a driver, which few homes need

    fill_server(database, url)
    with database.open("r+b") as file:  # its data keys must not be found on the disk later
        left = database.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


def _read_registers(
    source: Path, manifest: Manifest, config: Config, given: Sequence[Path]
) -> list[Erasure]:
    """Every erasure known, the backup's own first."""
    own = source / ERASURES_NAME
    try:
        _require_digest(ERASURES_NAME, read_digest(own), manifest.files[ERASURES_NAME])
    except FileNotFoundError:
        raise damaged(ERASURES_NAME, "it is missing") from None
    known: dict[tuple[str, int], Erasure] = {}
    for path in (own, *given):
        register = _read_register(path)
        require_register_of(config, register)
        known.update({(e.identifier, e.erased_at_unix): e for e in register.erasures})
    return list(known.values())


def _read_register(path: Path) -> RegisterFile:
    try:
        return parse_register(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"no file {path}", field="erasures") from None


def _open_restored(
    staging: Path, passphrase: str, known: Sequence[Erasure], clock: Callable[[], float]
) -> tuple[int, int]:
    """Requires that the passphrase opens all of it; how many erasures there are, and new ones."""
    keys = KeyFiles(staging / "keys", passphrase)
    with Vault.open(staging / "vault", passphrase, clock=lambda: int(clock())) as vault:
        closed = [name for name in keys.names() if not keys.opens(name)]
        if closed:
            raise NotAuthorizedError(
                f"the passphrase opens the vault, but not the key files {', '.join(closed)}",
                code="wrong_passphrase",
            )
        since = vault.erasures.reapply(known)
        if damage := vault.integrity_check():
            raise damaged(VAULT_NAME, "; ".join(damage))
        return len(vault.erasures.all()), since


def _check(
    home: Path, passphrase: str, clock: Callable[[], float]
) -> tuple[FsckReport | None, str]:
    try:
        with Workspace.open(home, passphrase, clock=clock) as workspace:
            return fsck(workspace), ""
    except LedgerError as error:
        return None, error.message
