"""Opening a vault, and its parts together.

In its directory (mode 0700) lie `vault.db` and what SQLite keeps beside it, and `vault.lock`, all
0600. With a URL the database is elsewhere and the directory holds only the lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import func, insert, select, update

from ledger.errors import (
    ConflictError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.vault import schema
from ledger.vault.access_log import AccessLog
from ledger.vault.acts import Acts
from ledger.vault.api_keys import ApiKeys
from ledger.vault.approvals import Approvals
from ledger.vault.batches import Batches
from ledger.vault.cases import Cases
from ledger.vault.certificates import Certificates
from ledger.vault.cipher import KEY_SIZE, RowCipher
from ledger.vault.database import Database
from ledger.vault.deliveries import Deliveries
from ledger.vault.erasures import ErasureRegister
from ledger.vault.holds import Holds
from ledger.vault.jobs import Jobs
from ledger.vault.lock import VaultLock
from ledger.vault.malformed import MalformedValues
from ledger.vault.outbox import Outbox
from ledger.vault.passphrase import DEFAULT_COST, ScryptCost, WrappedVaultKey
from ledger.vault.repairs import Repairs
from ledger.vault.requests import Requests
from ledger.vault.runs import Runs
from ledger.vault.successions import Successions
from ledger.vault.tables import BatchState, batches, certificates, settings

DATABASE_NAME = "vault.db"
LOCK_NAME = "vault.lock"
WRAPPED_KEY = "wrapped_vault_key"


def read_clock() -> int:
    """Unix seconds of this machine."""
    return int(time.time())


class Vault:
    """An open vault. Use `create` or `open`, as a context manager.

    Safe for threads. A worker process gets `row_cipher`, never the vault.

    Args:
        database: open.
        lock: held, or None for reading only.
        cipher: of the vault key.
        clock: gives unix seconds.
    """

    def __init__(
        self,
        database: Database,
        lock: VaultLock | None,
        cipher: RowCipher,
        clock: Callable[[], int] = read_clock,
    ) -> None:
        self._database = database
        self._lock = lock
        self.row_cipher = cipher
        self.runs = Runs(database, clock)
        self.batches = Batches(database, clock)
        self.certificates = Certificates(database, cipher, clock)
        self.outbox = Outbox(database, clock)
        self.acts = Acts(database, cipher, clock)
        self.cases = Cases(database, cipher, clock)
        self.deliveries = Deliveries(database, cipher, clock)
        self.holds = Holds(database, cipher, clock)
        self.successions = Successions(database, clock)
        self.requests = Requests(database, clock)
        self.jobs = Jobs(database, cipher, clock)
        self.erasures = ErasureRegister(database)
        self.malformed = MalformedValues(database)
        self.repairs = Repairs(database)
        self.api_keys = ApiKeys(database, clock)
        self.approvals = Approvals(database, cipher, clock)
        self.access_log = AccessLog(database, cipher, clock)

    @classmethod
    def create(
        cls,
        directory: Path,
        passphrase: str,
        *,
        url: str | None = None,
        cost: ScryptCost = DEFAULT_COST,
        clock: Callable[[], int] = read_clock,
    ) -> Vault:
        """Make a vault with a fresh key.

        Args:
            directory: made if it is not there.
            passphrase: any text but none; without it nothing in the vault can be read again.
            url: SQLAlchemy URL of a PostgreSQL database; None keeps the vault in the directory.
            cost: of one guess at the passphrase.
            clock: gives unix seconds.

        Raises:
            ConflictError: vault_exists.
            MalformedInputError: passphrase_empty, vault_url.
            StorageError: vault_in_use and others.
        """
        vault_key = os.urandom(KEY_SIZE)
        wrapped = WrappedVaultKey.wrap(vault_key, passphrase, cost)
        with ExitStack() as undo:
            lock = undo.enter_context(closing(_lock(directory, 0.0)))
            if url is None:
                (directory / DATABASE_NAME).touch(mode=0o600)
            database = undo.enter_context(closing(_connect(directory, url, read_only=False)))
            database.claim(0.0)
            with database.write() as connection:
                if schema.find_revision(connection) is not None:
                    place = directory if url is None else "the database"
                    raise ConflictError(f"{place} has a vault already", code="vault_exists")
                schema.upgrade(connection)
                connection.execute(
                    insert(settings).values(name=WRAPPED_KEY, value=wrapped.to_json())
                )
            undo.pop_all()
        return cls(database, lock, RowCipher(vault_key), clock)

    @classmethod
    def open(
        cls,
        directory: Path,
        passphrase: str,
        *,
        url: str | None = None,
        lock_timeout_s: float = 10.0,
        read_only: bool = False,
        clock: Callable[[], int] = read_clock,
    ) -> Vault:
        """Open a vault, bringing an older schema up to date.

        Args:
            directory: of the vault.
            passphrase: its passphrase.
            url: as it was given to `create`.
            lock_timeout_s: how long to wait for another writer.
            read_only: needs no lock and changes nothing.
            clock: gives unix seconds.

        Raises:
            NotFoundError: vault_missing.
            NotAuthorizedError: wrong_passphrase.
            StorageError: vault_in_use, vault_damaged, vault_newer; vault_older when reading only.
        """
        if url is None and not (directory / DATABASE_NAME).exists():
            raise NotFoundError(f"there is no vault in {directory}", code="vault_missing")
        with ExitStack() as undo:
            lock = None
            if not read_only:
                lock = _lock(directory, lock_timeout_s)
                undo.enter_context(closing(lock))
            database = undo.enter_context(closing(_connect(directory, url, read_only=read_only)))
            if not read_only:
                database.claim(lock_timeout_s)
            cipher = RowCipher(_load_wrapped_key(database).unwrap(passphrase))
            if read_only:
                _require_current(database)
            else:
                _bring_up_to_date(database)
                _tidy(database)
            undo.pop_all()
        return cls(database, lock, cipher, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections and let others write."""
        self._database.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything this thread does inside is one transaction with one fsync, or nothing of it.

        Must not be held across an `await`, where another task of the thread would join it.
        """
        with self._database.write():
            yield

    def confirm_writer(self) -> None:
        """See that this is still the one writer, and take its lock again if it was lost.

        Raises:
            StorageError: vault_in_use, vault_unavailable.
        """
        self._database.confirm_writer()

    @property
    def is_taken_over(self) -> bool:
        """Whether another process has become the writer: nothing is written by this one again."""
        return self._database.is_taken_over

    def change_passphrase(self, old: str, new: str, cost: ScryptCost = DEFAULT_COST) -> None:
        """Wrap the vault key under another passphrase; no row is touched, and the old wrapping is
        destroyed.

        Raises:
            NotAuthorizedError: wrong_passphrase.
            MalformedInputError: passphrase_empty.
            StorageError: log_in_use when a reader keeps the old wrapping in the write-ahead log.
        """
        vault_key = _load_wrapped_key(self._database).unwrap(old)
        wrapped = WrappedVaultKey.wrap(vault_key, new, cost)
        with self._database.write() as connection:
            connection.execute(
                update(settings)
                .where(settings.c.name == WRAPPED_KEY)
                .values(value=wrapped.to_json())
            )
        self._database.truncate_log()

    def is_passphrase(self, text: str) -> bool:
        """Whether a text is this vault's passphrase. Takes as long as a guess is meant to take."""
        try:
            _load_wrapped_key(self._database).unwrap(text)
        except (NotAuthorizedError, MalformedInputError):
            return False
        return True

    def integrity_check(self) -> list[str]:
        """What is wrong with the vault's files and rows, for people; empty if nothing.

        Reads the whole database; decrypts nothing.
        """
        damage = self._database.find_damage()
        if damage:
            return damage
        stored = (
            select(certificates.c.batch, func.count().label("stored"))
            .group_by(certificates.c.batch)
            .subquery()
        )
        query = select(
            batches.c.id, batches.c.state, batches.c.count, func.coalesce(stored.c.stored, 0)
        ).select_from(batches.outerjoin(stored, stored.c.batch == batches.c.id))
        with self._database.read() as connection:
            for pk, state, count, found in connection.execute(query):
                expected = 0 if state == BatchState.ABANDONED else count
                if found != expected:
                    damage.append(f"batch {pk} should have {expected} certificates, has {found}")
        return damage


def _lock(directory: Path, timeout_s: float) -> VaultLock:
    """Lock a directory, which is made private, or made.

    Raises:
        StorageError: vault_of_another_user, vault_in_use.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        directory.chmod(0o700)
    except PermissionError as error:
        raise StorageError(
            f"{directory} belongs to another user; work on it as its owner",
            code="vault_of_another_user",
        ) from error
    return VaultLock.acquire(directory / LOCK_NAME, timeout_s)


def _connect(directory: Path, url: str | None, *, read_only: bool) -> Database:
    if url is not None:
        return Database.open_url(url, read_only=read_only)
    return Database.open_sqlite(directory / DATABASE_NAME, read_only=read_only)


def _load_wrapped_key(database: Database) -> WrappedVaultKey:
    with database.read() as connection:
        if schema.find_revision(connection) is None:
            raise StorageError(
                "the database holds no vault: it was emptied, or its creation was interrupted",
                code="vault_damaged",
            )
        value = connection.scalar(select(settings.c.value).where(settings.c.name == WRAPPED_KEY))
    return WrappedVaultKey.parse(value or b"")


def _tidy(database: Database) -> None:
    """Empty the log that an interrupted process may have left; then the file must be whole."""
    try:
        database.truncate_log()
    except StorageError as error:
        if error.code not in ("log_in_use", "disk_full"):
            raise
    else:
        database.require_whole_file()


def _bring_up_to_date(database: Database) -> None:
    with database.write() as connection:
        if not schema.is_current(schema.find_revision(connection)):
            schema.upgrade(connection)


def _require_current(database: Database) -> None:
    with database.read() as connection:
        revision = schema.find_revision(connection)
    if not schema.is_current(revision):
        schema.require_known(revision)
        raise StorageError(
            f"the vault has the older schema {revision}: open it for writing once",
            code="vault_older",
        )
