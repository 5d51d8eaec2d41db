"""Which backups this home made: told by the backups themselves, remembered beside the vault.

    HOME/backups.json    the newest backups, with the day by which their data keys must be gone

A file of its own and not the vault, since a backup is made without the vault's passphrase. It is
not backed up, and losing it loses nothing but the reminder.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ledger.workspace import Workspace

RECORD_NAME = "backups.json"
_KEPT = 100
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """A backup that was made. Attributes: data_keys_expire_at_unix: destroy its data keys then."""

    directory: str
    made_at_unix: int
    certificates: int
    erasures: int
    size: int
    data_keys_expire_at_unix: int


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """How this home stands with its backups.

    Attributes:
        newest: None if none was ever made from here.
        age_days: whole days since; None likewise.
        erased_since: erasures that the newest backup does not know: export the register.
        expired: backups whose data keys should be destroyed by now, as far as is remembered.
    """

    newest: MadeBackup | None
    age_days: int | None
    erased_since: int
    expired: tuple[MadeBackup, ...]


def remember_backup(home: Path, made: MadeBackup) -> None:
    """Notes a backup that was made, whole or not at all."""
    kept = [*_read(home), made][-_KEPT:]
    path = home / RECORD_NAME
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(orjson.dumps([asdict(each) for each in kept], option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_backup_status(workspace: Workspace) -> BackupStatus:
    """When this home was last backed up, and which data keys of backups have expired."""
    made = _read(workspace.home)
    now_unix = workspace.now_unix()
    expired = tuple(each for each in made if each.data_keys_expire_at_unix <= now_unix)
    if not made:
        return BackupStatus(None, None, len(workspace.vault.erasures.all()), expired)
    newest = max(made, key=lambda each: each.made_at_unix)
    since = sum(
        erasure.erased_at_unix > newest.made_at_unix for erasure in workspace.vault.erasures.all()
    )
    age_days = max(0, now_unix - newest.made_at_unix) // _DAY_S
    return BackupStatus(newest, age_days, since, expired)


def _read(home: Path) -> list[MadeBackup]:
    """What is remembered; nothing where the file is missing or is not ours."""
    try:
        document = orjson.loads((home / RECORD_NAME).read_bytes())
        return [MadeBackup(**each) for each in document]
    except (OSError, ValueError, TypeError):
        return []
