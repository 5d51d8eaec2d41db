"""The register of erasures as a file, kept where the vault's disk is not.

A backup holds contents that were erased after it was made. Whoever restores one gives the newest
register along, and what it names does not come back. The file names certificates by identifier,
with time and reason; it has nothing of their content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from ledger.config import Config
from ledger.errors import ConflictError, MalformedInputError
from ledger.identifiers import MemberId
from ledger.vault.erasures import Erasure
from ledger.workspace import Workspace

REGISTER_FORMAT = "zhenglian-erasures/1"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A register.

    Attributes:
        ledger_id: hex; empty if the home had not met its ledger yet.
        made_at_unix: by the clock of the home that made it.
    """

    ledger_id: str
    member: MemberId
    made_at_unix: int
    erasures: tuple[Erasure, ...]


def export_register(workspace: Workspace) -> RegisterFile:
    """Every erasure this home knows of, oldest first."""
    return RegisterFile(
        workspace.config.ledger_id,
        workspace.member,
        workspace.now_unix(),
        tuple(workspace.vault.erasures.all()),
    )


def encode_register(register: RegisterFile) -> bytes:
    """The file, JSON. Officers' commitments are left out: who they were is in the vault alone."""
    document = {
        "format": REGISTER_FORMAT,
        "ledger_id": register.ledger_id,
        "member": str(register.member),
        "made_at_unix": register.made_at_unix,
        "erasures": [
            {
                "identifier": erasure.identifier,
                "erased_at_unix": erasure.erased_at_unix,
                "reason": erasure.reason,
            }
            for erasure in register.erasures
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def parse_register(data: bytes) -> RegisterFile:
    """Read what `encode_register` wrote. Raises MalformedInputError, code register_malformed."""
    try:
        document = orjson.loads(data)
        return _read_register(document)
    except (ValueError, KeyError, TypeError, MalformedInputError) as error:
        raise MalformedInputError(
            f"expected a register of erasures ({REGISTER_FORMAT}), got {error!r:.200}",
            code="register_malformed",
            field="erasures",
        ) from error


def require_register_of(config: Config, register: RegisterFile) -> None:
    """Raises ConflictError, code register_of_another, unless it is of that member and ledger."""
    own = (config.ledger_id, str(config.member))
    found = (register.ledger_id or config.ledger_id, str(register.member))
    if own != found:
        raise ConflictError(
            f"expected a register of member {own[1]} on ledger {own[0]}, got one of {found[1]} on "
            f"{found[0]}",
            code="register_of_another",
            field="erasures",
        )


def _read_register(document: dict[str, Any]) -> RegisterFile:
    if document["format"] != REGISTER_FORMAT:
        raise ValueError(f"format {document['format']!r}")
    return RegisterFile(
        _read(document, "ledger_id", str),
        MemberId.parse(_read(document, "member", str)),
        _read(document, "made_at_unix", int),
        tuple(
            Erasure(
                _read(entry, "identifier", str),
                _read(entry, "erased_at_unix", int),
                _read(entry, "reason", str),
            )
            for entry in document["erasures"]
        ),
    )


def _read(document: dict[str, object], name: str, kind: type[T]) -> T:
    value = document[name]
    if type(value) is not kind:
        raise TypeError(f"{name} {value!r:.50} is no {kind.__name__}")
    return value
