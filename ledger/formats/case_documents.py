"""The papers of a case whose digests and commitments stand on the chain.

Each is one JSON document with one byte string (RFC 8785) and 32 random bytes in it, so that nobody
can guess from a digest what was written. A commitment is SHA-256(32 random bytes || value). Papers
stay in the vaults of the departments that take part; docs/spec/case-documents.md describes them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final, Self, TypeVar

import rfc8785

from ledger.errors import MalformedInputError
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.identifiers import ItemCode, Uscc
from ledger.records import Decision

E = TypeVar("E", bound=StrEnum)

SALT_SIZE: Final = 32
MAX_ITEMS: Final = 256
MAX_TEXT_CHARACTERS: Final = 16_384


def make_salt() -> bytes:
    """32 fresh random bytes."""
    return os.urandom(SALT_SIZE)


def compute_commitment(salt: bytes, value: bytes) -> bytes:
    """SHA-256(salt || value), 32 bytes.

    Raises:
        MalformedInputError: the salt is not 32 bytes.
    """
    if len(salt) != SALT_SIZE:
        raise MalformedInputError(f"expected a salt of {SALT_SIZE} bytes, got {len(salt)}")
    return sha256(salt + value).digest()


class CaseDocument:
    """Base of the papers: `digest` is SHA-256 of the one byte string that `to_json` gives."""

    __slots__ = ()

    FORMAT: ClassVar[str]

    def to_json(self) -> bytes:
        """The document, canonical."""
        return rfc8785.dumps({"format": self.FORMAT, **self._members()})  # type: ignore[dict-item] # JSON values

    @property
    def digest(self) -> bytes:
        """What stands on the chain, 32 bytes."""
        return sha256(self.to_json()).digest()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a document.

        Raises:
            MalformedInputError: case_document_format, case_document_not_canonical (which unknown
                members are too) and the codes of `JsonObject`.
        """
        members = JsonObject(parse_json_object(data, "case document"))
        if members.value.get("format") != cls.FORMAT:
            raise MalformedInputError(
                f'expected format "{cls.FORMAT}"', code="case_document_format", field="format"
            )
        document = cls._read(members)
        if document.to_json() != data:
            raise MalformedInputError(
                f"{cls.FORMAT}: expected canonical JSON (RFC 8785) with its members and no others",
                code="case_document_not_canonical",
            )
        return document

    def _members(self) -> dict[str, object]:
        raise NotImplementedError

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Party:
    """Who applies, or on whose behalf: name, and a code of a code type of GB/T 36903."""

    name: str = field(repr=False)
    code_type: str
    code: str = field(repr=False)

    def to_members(self) -> dict[str, str]:
        """As JSON."""
        return {"name": self.name, "code_type": self.code_type, "code": self.code}

    @classmethod
    def read(cls, members: JsonObject) -> Self:
        """Raises MalformedInputError."""
        return cls(
            members.text("name", 256), members.text("code_type", 3), members.text("code", 64)
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """That one party lets another act, or use its certificate, for it.

    Args:
        shown_by: the paper that says so.
        valid_until_unix: the last second of it.
    """

    principal: Party
    agent: Party
    shown_by: str
    valid_until_unix: int

    def to_members(self) -> dict[str, object]:
        """As JSON."""
        return {
            "principal": self.principal.to_members(),
            "agent": self.agent.to_members(),
            "shown_by": self.shown_by,
            "valid_until_unix": self.valid_until_unix,
        }

    @classmethod
    def read(cls, members: JsonObject) -> Self:
        """Raises MalformedInputError."""
        return cls(
            Party.read(members.member("principal")),
            Party.read(members.member("agent")),
            members.text("shown_by"),
            members.integer("valid_until_unix"),
        )


@dataclass(frozen=True, slots=True)
class Application(CaseDocument):
    """Who applies for what, and what was recorded of delegations. The chain has `commitment`."""

    FORMAT: ClassVar[str] = "zhenglian-application/1"

    salt: bytes = field(repr=False)
    item_code: ItemCode
    applicant: Party
    delegations: tuple[Delegation, ...] = ()

    @property
    def commitment(self) -> bytes:
        """SHA-256(salt || canonical JSON of the applicant alone), 32 bytes."""
        return compute_commitment(self.salt, rfc8785.dumps(self.applicant.to_members()))

    def _members(self) -> dict[str, object]:
        return {
            "salt": self.salt.hex(),
            "item_code": str(self.item_code),
            "applicant": self.applicant.to_members(),
            "delegations": [each.to_members() for each in self.delegations],
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        return cls(
            read_salt(members),
            ItemCode.parse(members.text("item_code")),
            Party.read(members.member("applicant")),
            tuple([Delegation.read(each) for each in members.objects("delegations", MAX_ITEMS)]),
        )


@dataclass(frozen=True, slots=True)
class IdentityCheck(CaseDocument):
    """The record of 身份核验: how the window made sure who stands before it."""

    FORMAT: ClassVar[str] = "zhenglian-identity-check/1"

    salt: bytes = field(repr=False)
    method: str
    checked_at_unix: int
    note: str = ""

    def _members(self) -> dict[str, object]:
        members: dict[str, object] = {
            "salt": self.salt.hex(),
            "method": self.method,
            "checked_at_unix": self.checked_at_unix,
        }
        return members | ({"note": self.note} if self.note else {})

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        note = members.text("note") if "note" in members else ""
        return cls(
            read_salt(members), members.text("method"), members.integer("checked_at_unix"), note
        )


@dataclass(frozen=True, slots=True)
class Opinion(CaseDocument):
    """A department's opinion in a step, with its reasons."""

    FORMAT: ClassVar[str] = "zhenglian-opinion/1"

    salt: bytes = field(repr=False)
    case_id: bytes
    step: int
    round: int
    department: Uscc
    decision: Decision
    text: str

    def _members(self) -> dict[str, object]:
        return {
            "salt": self.salt.hex(),
            "case_id": self.case_id.hex(),
            "step": self.step,
            "round": self.round,
            "department": str(self.department),
            "decision": self.decision.name.lower(),
            "text": self.text,
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        names = {decision.name.lower(): decision for decision in Decision}
        if (decision := names.get(members.text("decision"))) is None:
            members.refuse("decision", " or ".join(names))
        return cls(
            read_salt(members),
            members.bytes_of_hex("case_id", 32),
            members.integer("step", 0xFF),
            members.integer("round", 0xFFFF),
            Uscc.parse(members.text("department")),
            decision,
            members.text("text", MAX_TEXT_CHARACTERS),
        )


class NoticeKind(StrEnum):
    """What a notice is about; each belongs to one act."""

    SUPPLEMENT = "supplement"  # 补正通知书: what is missing, all at once
    REFUSAL = "refusal"  # 不予受理通知书
    PAUSE = "pause"  # 特别程序告知书
    PROCEDURE_RECORD = "procedure_record"  # what the special procedure came to
    EXTENSION = "extension"  # 延期批准
    GRANT = "grant"  # 准予行政许可决定书
    REJECTION = "rejection"  # 不予行政许可决定书
    DELIVERY = "delivery"  # 送达回证
    WITHDRAWAL = "withdrawal"  # 撤回申请
    CONSIGNMENT = "consignment"  # 交接清单: what travels on paper


@dataclass(frozen=True, slots=True)
class Notice(CaseDocument):
    """A notice, record or receipt of a case.

    Args:
        items: what is listed one by one, such as the materials to be supplied.
    """

    FORMAT: ClassVar[str] = "zhenglian-notice/1"

    salt: bytes = field(repr=False)
    case_id: bytes
    kind: NoticeKind
    text: str
    items: tuple[str, ...] = ()

    def _members(self) -> dict[str, object]:
        return {
            "salt": self.salt.hex(),
            "case_id": self.case_id.hex(),
            "kind": self.kind.value,
            "text": self.text,
            "items": list(self.items),
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        return cls(
            read_salt(members),
            members.bytes_of_hex("case_id", 32),
            read_choice(NoticeKind, members, "kind"),
            members.text("text", MAX_TEXT_CHARACTERS),
            members.text_array("items", MAX_ITEMS, MAX_TEXT_CHARACTERS),
        )


def read_salt(members: JsonObject) -> bytes:
    """The salt of a document. Raises MalformedInputError."""
    return members.bytes_of_hex("salt", SALT_SIZE)


def read_choice(kind: type[E], members: JsonObject, name: str) -> E:
    """One of a list of words. Raises MalformedInputError."""
    try:
        return kind(members.text(name))
    except ValueError:
        members.refuse(name, ", ".join(each.value for each in kind))
