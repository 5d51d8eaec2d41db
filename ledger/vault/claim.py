"""One process writes a vault on a database server, also when connections come and go.

Two things keep it so. An advisory lock of the server, held on a connection of its own, refuses a
second writer for as long as that connection lives; when it is lost (the server was restarted, an
administrator ended it), the lock is taken again before anything is written. And each writer enters
a fresh token in the vault, which every transaction that writes finds there, locked until it ends,
or else is refused: so not even a writer that does not know yet that it lost its lock writes beside
its successor. The same row lock has the transactions of one writer follow each other, as on SQLite.

Source: postgresql.org, "Advisory Locks", "Row-Level Locks".
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select as polling
import threading
import time

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from ledger.errors import MalformedInputError, StorageError
from ledger.vault.failures import translated
from ledger.vault.lock import POLL_S
from ledger.vault.tables import settings

RETAKE_TIMEOUT_S = 1.0  # a server needs a moment to notice that its client has gone
WRITER = "writer"
TOKEN_BYTES = 16


class WriterClaim:
    """The right to write one vault. Safe for threads.

    Args:
        engine: of the server.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._token = os.urandom(TOKEN_BYTES)
        self._is_entered = False
        self._is_lost = False
        self._connection: Connection | None = None
        self._failure: StorageError | None = None
        self._failed_at = 0.0
        self._guard = threading.Lock()

    def take(self, timeout_s: float) -> None:
        """Take the lock.

        Args:
            timeout_s: how long to wait for another writer.

        Raises:
            StorageError: vault_in_use, vault_unavailable.
            MalformedInputError: vault_url when it names a schema that is not there.
        """
        deadline = time.monotonic() + timeout_s
        with translated():
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                _wait_for_lock(connection, deadline)
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
        self._connection = connection

    def hold(self) -> None:
        """Make sure of the lock before a transaction that writes begins.

        Raises:
            StorageError: vault_in_use when another process has it or wrote meanwhile,
                vault_unavailable.
        """
        asked_at = time.monotonic()
        with self._guard:
            if self._is_lost:
                raise _taken_over()
            if self._connection is None or not _is_alive(self._connection):
                self._let_go()
                self._retake(asked_at)
            if not self._is_entered:
                self._enter()

    def confirm(self) -> None:
        """Take the lock again if it was lost, and see whether another writer came meanwhile.

        To be called now and then by whoever writes seldom, so that a lock that nobody took is taken
        again at once, and one that somebody took is noticed.

        Raises:
            StorageError: as `hold`.
        """
        self.hold()
        with self._guard:
            if not self._is_entered or self._connection is None:
                return
            with translated():
                token = self._connection.scalar(_SEEN_TOKEN)
            if token is None or bytes(token) != self._token:
                self._is_lost = True
                self._let_go()
                raise _taken_over()

    @property
    def is_lost(self) -> bool:
        """Whether another has written: then the vault has to be opened anew."""
        return self._is_lost

    def require(self, connection: Connection) -> None:
        """Have a transaction that writes wait its turn, and refuse it if another writer came.

        Raises:
            StorageError: vault_in_use; this process writes no more until it opens the vault anew.
        """
        if not self._is_entered:
            return  # the vault is being made
        token = connection.scalar(_TOKEN)
        if token is None or bytes(token) != self._token:
            with self._guard:
                self._is_lost = True
                self._let_go()
            raise _taken_over()

    def close(self) -> None:
        """Let others write."""
        with self._guard:
            self._let_go()

    def _retake(self, asked_at: float) -> None:
        """Take the lock again; who waited while that failed for another thread hears the same."""
        if self._failure is not None and self._failed_at >= asked_at:
            raise StorageError(self._failure.message, code=self._failure.code)
        try:
            self.take(RETAKE_TIMEOUT_S)
        except StorageError as error:
            self._failure, self._failed_at = error, time.monotonic()
            raise
        self._failure = None

    def _enter(self) -> None:
        assert self._connection is not None  # noqa: S101 - for the type checker
        with translated():
            if self._connection.scalar(select(func.to_regclass(settings.name))) is None:
                return
            row = insert(settings).values(name=WRITER, value=self._token)
            self._connection.execute(
                row.on_conflict_do_update(index_elements=["name"], set_={"value": self._token})
            )
        self._is_entered = True

    def _let_go(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(DBAPIError):
                self._connection.invalidate()  # ends it: the lock must not go back into the pool
                self._connection.close()
            self._connection = None


_SEEN_TOKEN = select(settings.c.value).where(settings.c.name == WRITER)
_TOKEN = _SEEN_TOKEN.with_for_update()


def _wait_for_lock(connection: Connection, deadline: float) -> None:
    number = _compute_number(connection)
    while not connection.scalar(select(func.pg_try_advisory_lock(number))):
        if time.monotonic() >= deadline:
            raise StorageError(
                "the vault's database is in use by another process", code="vault_in_use"
            )
        time.sleep(POLL_S)


def _compute_number(connection: Connection) -> int:
    """The number of the lock, of 63 bits: a database may have several vaults, a schema each."""
    schema = connection.scalar(select(sa.text("current_schema()")))
    if schema is None:
        raise MalformedInputError(
            "vault_url: the schema that its search_path names is not in the database; create it",
            code="vault_url",
            field="vault_url",
        )
    digest = hashlib.sha256(f"zhenglian vault {schema}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


def _is_alive(connection: Connection) -> bool:
    """Whether its server still has it; asks only if something came, as it does when it ends."""
    driver = connection.connection.driver_connection
    if driver is None or driver.closed:
        return False
    poller = polling.poll()
    poller.register(driver.fileno(), polling.POLLIN)
    if not poller.poll(0):
        return True
    try:
        connection.scalar(select(1))
    except DBAPIError:
        return False
    return True


def _taken_over() -> StorageError:
    return StorageError(
        "another process has become the writer of the vault's database since this one lost its "
        "connection: end one of the two, and open the vault anew",
        code="vault_in_use",
    )
