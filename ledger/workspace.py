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

import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ledger.abi import parse_address
from ledger.chain.engines import ChainLocation, connect
from ledger.chain.finality import Finality
from ledger.chain.gateway import Gateway, discover_consortium
from ledger.chain.submitter import Submitter, load_account
from ledger.errors import ConflictError, MalformedInputError, NotFoundError, StorageError
from ledger.identifiers import CertificateType, MemberId, register_provinces
from ledger.index.store import IndexStore
from ledger.index.sync import SyncResult, rebuild, sync
from ledger.vault.key_files import KeyFiles
from ledger.vault.store import Vault

if TYPE_CHECKING:
    from ledger.schemas import CertificateSchema

CONFIG_NAME = "zhenglian.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a home (`zhenglian.toml`).

    Attributes:
        member: whose home this is.
        name: the member's name.
        chain: a directory (embedded chain) or a node's URL; or the URLs of several nodes, divided
            by spaces or semicolons.
        ledger_id: hex; set when the home first meets its ledger, and never changed.
        consortium: address of the ledger's Consortium; set together with ledger_id.
        provinces: province-level codes that GB/T 2260 has not, such as "66 新疆生产建设兵团",
            divided by semicolons; known in this whole process once the settings were read.
        vault_url: of the vault's PostgreSQL database, without a password; empty where the vault
            lies in the home. See `ledger.vault.server`.
        finality: when a block counts as final: `instant` (also if empty), `tag:finalized`,
            `tag:safe` or `confirmations:N`.
    """

    member: MemberId
    name: str
    chain: str
    ledger_id: str = ""
    consortium: str = ""
    provinces: str = ""
    vault_url: str = ""
    finality: str = ""

    @classmethod
    def load(cls, path: Path) -> Config:
        """Reads settings.

        Raises:
            NotFoundError: home_not_found.
            MalformedInputError: names the setting at fault as its field.
            StorageError: home_unreadable.
        """
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(
                f"{path.parent} is no home: it has no {path.name}; make one with `zhenglian init`",
                code="home_not_found",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MalformedInputError(f"{path}: not a TOML file: {error}") from error
        except OSError as error:
            raise StorageError(
                f"{path}: cannot be read: {error.strerror}", code="home_unreadable"
            ) from error
        known = {field.name for field in fields(cls)}
        for name, value in document.items():
            if name not in known or not isinstance(value, str):
                raise MalformedInputError(
                    f"{path}: expected text under {', '.join(sorted(known))}; got {name}",
                    field=name,
                )
        for name in ("member", "name", "chain"):
            if name not in document:
                raise MalformedInputError(f"{path}: {name} is missing", field=name)
        for name, parse in _PARSERS.items():
            try:
                document[name] = parse(document.get(name, ""))
            except (MalformedInputError, ConflictError) as error:
                raise MalformedInputError(f"{path}: {name}: {error.message}", field=name) from error
        return cls(**document)

    def store(self, path: Path) -> None:
        """Writes settings whole and durably, or not at all."""
        values = {
            "member": str(self.member),
            "name": self.name,
            "chain": self.chain,
            "ledger_id": self.ledger_id,
            "consortium": self.consortium,
            "provinces": self.provinces,
            "vault_url": self.vault_url,
            "finality": self.finality,
        }
        lines = [f"{name} = {_to_toml(value)}\n" for name, value in values.items() if value]
        content = "# Settings of this home. Made by `zhenglian init`.\n" + "".join(lines)
        beside = path.with_name(path.name + ".new")
        with beside.open("wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _to_toml(text: str) -> str:
    """A JSON string is a TOML basic string, but for one character (TOML 1.0, String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _parse_ledger_id(text: str) -> str:
    if text and not _LEDGER_ID.fullmatch(text):
        raise MalformedInputError(f"expected 64 digits of lower-case hexadecimal, got {text!r}")
    return text


def _parse_consortium(text: str) -> str:
    if text:
        parse_address(text)
    return text


def _parse_finality(text: str) -> str:
    Finality.parse(text)
    return text


_LEDGER_ID = re.compile("[0-9a-f]{64}")


def _parse_provinces(text: str) -> str:
    register_provinces(text)
    return text


def _parse_vault_url(text: str) -> str:
    if not text:
        return ""
    from ledger.vault.server import parse_vault_url  # loads what most homes do without

    return parse_vault_url(text)


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "provinces": _parse_provinces,  # first: the member's code may be one of them
    "member": MemberId.parse,
    "ledger_id": _parse_ledger_id,
    "consortium": _parse_consortium,
    "vault_url": _parse_vault_url,
}


class Workspace:
    """One home, opened. Use as a context manager.

    Args:
        home: the directory.
        passphrase: opens keys and vault; a function is called only when one of them is needed.
        lock_timeout_s: how long to wait for a chain or vault that another process uses.
        clock: seconds since the epoch; also the clock of an embedded chain.
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
        return max(self.now_unix(), self.gateway.head().time_unix)

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
        return Submitter(self.gateway, account, self.vault.outbox)

    @property
    def index_path(self) -> Path:
        return self.home / "index.sqlite"

    @cached_property
    def index(self) -> IndexStore:
        """The index as it is; `sync_index` brings it up to the chain."""
        try:
            store = IndexStore.open(self.index_path)
        except NotFoundError:
            store = IndexStore.create(
                self.index_path, self.gateway.ledger_id, self.gateway.consortium_address
            )
        return self._stack.enter_context(store)

    def sync_index(self) -> SyncResult:
        """Reads what is new on the chain; see `ledger.index.sync.sync`."""
        return sync(self.index, self.gateway)

    def rebuild_index(self) -> SyncResult:
        """Makes the index anew from the chain; see `ledger.index.sync.rebuild`."""
        result = rebuild(self.index_path, self.gateway)
        if isinstance(opened := vars(self).get("index"), IndexStore):
            opened.close()  # its connections may be to a damaged file that is no more
        return result

    def schema(self, certificate_type: CertificateType) -> CertificateSchema:
        """Raises NotFoundError when the type has no schema file."""
        from ledger.schemas import load_schema  # loads a validator, which few actions need

        return load_schema(certificate_type, directory=self.home / "schemas")

    def schema_versions(self, certificate_type: CertificateType) -> dict[bytes, CertificateSchema]:
        """Every version of a type's schema that is at hand, by its SHA-256."""
        from ledger.schemas import load_versions

        return load_versions(certificate_type, self.home / "schemas")
