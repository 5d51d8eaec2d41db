"""Changing the passphrase of a whole home: of every key file and of the vault.

Each file is replaced whole, the vault last. Interrupted anywhere, every part opens with the old or
the new passphrase, and the same call finishes what is left. Backups made before open with the
passphrase of their day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.founding import MIN_PASSPHRASE_CHARACTERS
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ConflictError, MalformedInputError, NotAuthorizedError
from ledger.vault.directory_lock import lock_directory
from ledger.vault.durability import sync_path
from ledger.vault.key_files import KeyFiles
from ledger.vault.passphrase import DEFAULT_COST, ScryptCost
from ledger.vault.store import Vault

MARKER_NAME = "passphrase-change.unfinished"


@dataclass(frozen=True, slots=True)
class PassphraseChange:
    """What was done.

    Attributes:
        key_files: how many there are.
        was_unfinished: whether an interrupted change was finished.
    """

    key_files: int
    was_unfinished: bool


def change_passphrase(
    home: Path,
    old: str,
    new: str,
    *,
    vault_cost: ScryptCost = DEFAULT_COST,
    lock_timeout_s: float = 10.0,
) -> PassphraseChange:
    """Gives a home another passphrase. Nothing is changed unless all of it can be.

    Args:
        vault_cost: of one guess at the new one.
        lock_timeout_s: how long to wait for a process that works on the home, or backs it up.

    Raises:
        NotFoundError: home_not_found, vault_missing.
        NotAuthorizedError: wrong_passphrase, naming what neither of the two opens.
        MalformedInputError: the new one is too short, or the old one again.
        StorageError: vault_in_use, directory_in_use, key_file_damaged, disk_full; log_in_use when
            a reader still keeps the vault's old wrapping: the same call again destroys that.
    """
    config = Config.load(home / CONFIG_NAME)
    if len(new) < MIN_PASSPHRASE_CHARACTERS or new == old:
        raise MalformedInputError(
            f"expected a new passphrase of at least {MIN_PASSPHRASE_CHARACTERS} characters, not "
            "the old one",
            field="new_passphrase",
        )
    before, after = (KeyFiles(home / "keys", each) for each in (old, new))
    marker = home / MARKER_NAME
    with (
        lock_directory(home / "keys", timeout_s=lock_timeout_s),
        _open_vault(home, config.vault_url or None, (old, new), lock_timeout_s) as (vault, current),
    ):
        names = before.names()
        left = [name for name in names if not after.opens(name)]
        for name in left:
            if not before.opens(name):
                raise NotAuthorizedError(
                    f"{name}.p12: neither passphrase opens it; nothing was changed",
                    code="wrong_passphrase",
                )
        was_unfinished = marker.exists()
        _write_marker(marker)
        for name in left:
            after.take_over(name, before)
        vault.change_passphrase(current, new, vault_cost)
        _remove_marker(marker)
    return PassphraseChange(len(names), was_unfinished)


def require_settled_passphrase(home: Path) -> None:
    """Raises ConflictError, code passphrase_unsettled, while a change is interrupted."""
    if (home / MARKER_NAME).exists():
        raise ConflictError(
            "a change of the passphrase was interrupted, and two passphrases are in use: finish "
            "it with `zhenglian passphrase change`",
            code="passphrase_unsettled",
        )


@contextmanager
def _open_vault(
    home: Path, url: str | None, passphrases: tuple[str, str], lock_timeout_s: float
) -> Iterator[tuple[Vault, str]]:
    """The vault, and which of the passphrases opened it."""
    current, other = passphrases
    directory = home / "vault"
    try:
        vault = Vault.open(directory, current, url=url, lock_timeout_s=lock_timeout_s)
    except NotAuthorizedError:
        current = other
        vault = Vault.open(directory, current, url=url, lock_timeout_s=lock_timeout_s)
    with vault:
        yield vault, current


def _write_marker(marker: Path) -> None:
    marker.touch(mode=0o600)
    sync_path(marker.parent)


def _remove_marker(marker: Path) -> None:
    marker.unlink()
    sync_path(marker.parent)
