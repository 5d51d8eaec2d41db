"""Settings of a home: who it belongs to, and which ledger, chain and vault it uses."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ledger.abi import parse_address
from ledger.chain.finality import Finality
from ledger.errors import ConflictError, MalformedInputError, NotFoundError, StorageError
from ledger.identifiers import MemberId, register_provinces

CONFIG_NAME = "zhenglian.toml"
_LEDGER_ID = re.compile("[0-9a-f]{64}")


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

    def find_age_limit(self, stale_after_s: float) -> float | None:
        """So old an answer from the index counts as stale; None where blocks become final late.

        There its age alone says nothing.
        """
        return stale_after_s if Finality.parse(self.finality).is_instant else None

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
    "finality": _parse_finality,
}
