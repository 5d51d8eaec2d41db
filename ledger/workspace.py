"""A home: the directory in which one member keeps its keys, vault, index and settings.

The only wiring of the library: opens what an action asks for, when it asks, and closes all of it
at the end.

    HOME/zhenglian.toml    who this is and which ledger it belongs to
    HOME/keys/             private keys, PKCS#12
    HOME/vault/            certificates, encrypted; irreplaceable: back it up. On PostgreSQL if
                           the settings have a vault_url; only its lock is here then
    HOME/index.sqlite      copy of the log; disposable
    HOME/schemas/          schema files of certificate types besides those that come along
    HOME/definitions/      definition files of service matters
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from ledger.chain.engines import ChainLocation, connect
from ledger.chain.finality import Finality
from ledger.chain.gateway import Gateway, discover_consortium
from ledger.chain.submitter import Submitter, load_account
from ledger.config import CONFIG_NAME, Config
from ledger.errors import (
    LedgerError,
    NotFoundError,
)
from ledger.identifiers import CertificateType, MemberId
from ledger.index.reading import (
    CHAIN_LOST_BLOCKS,
    CURRENT,
    STALE_AFTER_S,
    AsOf,
    ChainOutage,
    Reading,
    find_age,
    is_away,
)
from ledger.index.store import Cursor, IndexStore
from ledger.index.sync import SyncResult, rebuild, sync
from ledger.vault.key_files import KeyFiles
from ledger.vault.store import Vault

if TYPE_CHECKING:
    from ledger.schemas import CertificateSchema

T = TypeVar("T")


class Workspace:
    """One home, opened. Use as a context manager.

    Args:
        home: the directory.
        passphrase: opens keys and vault; a function is called only when one of them is needed.
        lock_timeout_s: how long to wait for a chain or vault that another process uses.
        clock: seconds since the epoch; also the clock of an embedded chain.

    Attributes:
        stale_after_s: so old an answer from the index is told to be stale, whatever the reason.
        outage: whether the chain answered when it was last asked.
    """

    def __init__(
        self,
        home: Path,
        config: Config,
        passphrase: str | Callable[[], str],
        *,
        lock_timeout_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.home = home
        self.config = config
        self._given_passphrase = passphrase
        self._lock_timeout_s = lock_timeout_s
        self.clock = clock
        self.stale_after_s = STALE_AFTER_S
        self.outage = ChainOutage()
        self._stack = ExitStack()

    @classmethod
    def open(
        cls,
        home: Path,
        passphrase: str | Callable[[], str],
        *,
        lock_timeout_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Raises NotFoundError when the directory is no home."""
        config = Config.load(home / CONFIG_NAME)
        return cls(home, config, passphrase, lock_timeout_s=lock_timeout_s, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def member(self) -> MemberId:
        return self.config.member

    def now_unix(self) -> int:
        """The time by this machine's clock, whole seconds."""
        return int(self.clock())

    def latest_unix(self) -> int:
        """The later of this machine's time and the chain's: what must lie ahead of both."""
        known = self.ask_chain(
            lambda gateway: gateway.head().time_unix, lambda cursor: cursor.synced_to_unix
        )
        return max(self.now_unix(), known)

    @cached_property
    def _passphrase(self) -> str:
        given = self._given_passphrase
        return given if isinstance(given, str) else given()

    @cached_property
    def keys(self) -> KeyFiles:
        return KeyFiles(self.home / "keys", self._passphrase)

    @cached_property
    def gateway(self) -> Gateway:
        """The ledger on its chain; the first time, remembers which ledger it is."""
        location = ChainLocation.parse(self.config.chain)
        connection = connect(location, lock_timeout_s=self._lock_timeout_s, clock=self.clock)
        with ExitStack() as undo:  # who fails lets go of the chain, and may ask again
            client = undo.enter_context(connection)
            address = self.config.consortium or discover_consortium(client)
            pinned = bytes.fromhex(self.config.ledger_id) or None
            final = Finality.parse(self.config.finality)
            gateway = Gateway(client, address, ledger_id=pinned, finality=final)
            found = gateway.ledger_id.hex()
            self._stack.push(undo.pop_all())
        if not self.config.ledger_id:
            self.config = replace(
                self.config, ledger_id=found, consortium=gateway.consortium_address
            )
            self.config.store(self.home / CONFIG_NAME)
        return gateway

    @cached_property
    def vault(self) -> Vault:
        vault = Vault.open(
            self.home / "vault",
            self._passphrase,
            url=self.config.vault_url or None,
            lock_timeout_s=self._lock_timeout_s,
            clock=self.now_unix,
        )
        return self._stack.enter_context(vault)

    @cached_property
    def submitter(self) -> Submitter:
        account = load_account(self.keys.operator_secret())
        return Submitter(
            self.gateway, account, self.vault.outbox, require_chain=self._require_no_lost_blocks
        )

    @property
    def index_path(self) -> Path:
        return self.home / "index.sqlite"

    @property
    def index(self) -> IndexStore:
        """The index as it is; `sync_index` brings it up to the chain."""
        store = self._opened_index
        if (reading := self._reading) is not None:
            reading.note(store.cursor(), self.outage.problem)
        return store

    @cached_property
    def _opened_index(self) -> IndexStore:
        try:
            store = IndexStore.open(self.index_path)
        except NotFoundError:
            store = IndexStore.create(
                self.index_path, self.gateway.ledger_id, self.gateway.consortium_address
            )
        return self._stack.enter_context(store)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """What this thread does within the block only reads, and goes on while the chain is away.

        Then it is answered from the index as it stands, as far as that was compared with the chain;
        how old that is stands in what is yielded. See `ledger.index.reading`.
        """
        reading = Reading(self, self.describe_age)
        token = CURRENT.set(reading)
        try:
            yield reading
        finally:
            CURRENT.reset(token)

    def describe_age(self, cursor: Cursor, problem: str) -> AsOf:
        """How old the index is at a cursor."""
        limit = self.config.find_age_limit(self.stale_after_s)
        return find_age(cursor, self.clock(), problem, stale_after_s=limit)

    def ask_chain(self, ask: Callable[[Gateway], T], otherwise: Callable[[Cursor], T]) -> T:
        """What the chain says now.

        Args:
            otherwise: in a read, while the chain is away: what the index knows instead, by how far
                it is.
        """
        reading = self._reading
        if reading is None:
            return ask(self.gateway)
        problem = self.outage.problem
        if not problem:
            try:
                with self.outage.looking(is_whole=False):
                    return ask(self.gateway)
            except LedgerError as error:
                if not is_away(error) or self._find_proved() is None:
                    raise
                problem = error.code
        held = self._find_proved()
        if held is None:
            return ask(self.gateway)
        reading.note(held, problem)
        return otherwise(held)

    def sync_index(self) -> SyncResult:
        """Reads what is new on the chain; see `ledger.index.sync.sync`.

        In a read, while the chain is away, it stays with what was read before.
        """
        reading = self._reading
        if reading is None:
            return self._sync()
        problem = self.outage.problem
        failure: LedgerError | None = None
        if not problem:
            with self.outage.reading() as has_room:
                try:
                    if has_room:
                        result = self._sync()
                        reading.note(self._opened_index.cursor(), "")
                        return result
                except LedgerError as error:
                    if not is_away(error):
                        raise
                    failure = error
        held = self._find_proved()
        if held is None:
            if failure is not None:
                raise failure
            return self._sync()
        reading.note(held, failure.code if failure else problem or "chain_unavailable")
        return SyncResult(0, held.size, held.proved_root, held.synced_to_unix)

    def _require_no_lost_blocks(self) -> None:
        """Nothing is sent to a chain that is not the one that was read: numbers would not fit.

        Whoever wanted to send waits as for a chain that is away: the right one may come back.
        """
        if self.outage.problem == CHAIN_LOST_BLOCKS:
            self._sync()  # says what is wrong, unless it is right by now

    @property
    def _reading(self) -> Reading | None:
        """The read that this thread is at, if it is one of this home."""
        reading = CURRENT.get()
        return reading if reading is not None and reading.owner is self else None

    def _sync(self) -> SyncResult:
        with self.outage.looking():
            return sync(self._opened_index, self.gateway)

    def _find_proved(self) -> Cursor | None:
        """How far the index is, if all of it was compared with the chain."""
        store = self._opened_index
        cursor = store.cursor()
        if not cursor.synced_to_unix or cursor.proved_root != store.root(cursor.size):
            return None
        return cursor

    def rebuild_index(self) -> SyncResult:
        """Makes the index anew from the chain; see `ledger.index.sync.rebuild`."""
        result = rebuild(self.index_path, self.gateway)
        if isinstance(opened := vars(self).get("_opened_index"), IndexStore):
            opened.close()  # its connections may be to a damaged file that is no more
        if isinstance(submitter := vars(self).get("submitter"), Submitter):
            submitter.recount()
        self.outage.end()
        return result

    def schema(self, certificate_type: CertificateType) -> CertificateSchema:
        """Raises NotFoundError when the type has no schema file."""
        from ledger.schemas import load_schema  # loads a validator, which few actions need

        return load_schema(certificate_type, directory=self.home / "schemas")

    def schema_versions(self, certificate_type: CertificateType) -> dict[bytes, CertificateSchema]:
        """Every version of a type's schema that is at hand, by its SHA-256."""
        from ledger.schemas import load_versions

        return load_versions(certificate_type, self.home / "schemas")
