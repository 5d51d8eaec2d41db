"""The materials of a case: what was handed in, and what was found of it.

See `case_documents` for what these papers have in common.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final, Self

from ledger.errors import MalformedInputError
from ledger.formats.case_documents import (
    SALT_SIZE,
    CaseDocument,
    compute_commitment,
    read_choice,
    read_salt,
)
from ledger.formats.json_object import JsonObject
from ledger.identifiers import CertificateType, ItemCode

MAX_MATERIALS: Final = 256
MAX_NAME_CHARACTERS: Final = 128
MAX_FILE_CHARACTERS: Final = 64 * 1024 * 1024  # as base64, in which 48 MiB of a file have room
OUTCOMES: Final = frozenset({"PASSED", "FAILED", "INDETERMINATE"})


class MaterialKind(StrEnum):
    """What a material is."""

    CERTIFICATE = "certificate"  # evidence of a certificate on the ledger
    DOCUMENT = "document"  # any file
    COMMITMENT = "commitment"  # 告知承诺: the applicant's signed word instead of a proof


@dataclass(frozen=True, slots=True)
class Material:
    """One material in a list.

    Args:
        name: as the matter's definition calls it.
        certificate_type: of a certificate, else None.
        commitment: SHA-256(salt || SHA-256 of the file), 32 bytes; file and salt travel apart.
    """

    name: str
    kind: MaterialKind
    certificate_type: CertificateType | None
    commitment: bytes

    def to_members(self) -> dict[str, object]:
        """As JSON."""
        members: dict[str, object] = {
            "name": self.name,
            "kind": self.kind.value,
            "commitment": self.commitment.hex(),
        }
        if self.certificate_type is not None:
            members["certificate_type"] = str(self.certificate_type)
        return members

    @classmethod
    def read(cls, members: JsonObject) -> Self:
        """Raises MalformedInputError."""
        has_type = "certificate_type" in members
        return cls(
            members.text("name", MAX_NAME_CHARACTERS),
            read_choice(MaterialKind, members, "kind"),
            CertificateType.parse(members.text("certificate_type")) if has_type else None,
            members.bytes_of_hex("commitment", SALT_SIZE),
        )


@dataclass(frozen=True, slots=True)
class MaterialFile(CaseDocument):
    """A material with what opens its commitment.

    Args:
        salt: 32 random bytes.
        content: the file; for a certificate, its evidence document.
    """

    FORMAT: ClassVar[str] = "zhenglian-material/1"

    name: str
    kind: MaterialKind
    certificate_type: CertificateType | None
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def listed(self) -> Material:
        """As it stands in the list."""
        commitment = compute_commitment(self.salt, sha256(self.content).digest())
        return Material(self.name, self.kind, self.certificate_type, commitment)

    def _members(self) -> dict[str, object]:
        listed = self.listed.to_members()
        return listed | {"salt": self.salt.hex(), "content": b64encode(self.content).decode()}

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        listed = Material.read(members)
        encoded = (
            members.text("content", MAX_FILE_CHARACTERS)
            if members.value.get("content") != ""
            else ""
        )
        try:
            content = b64decode(encoded, validate=True)
        except ValueError:
            members.refuse("content", "a file as base64")
        return cls(listed.name, listed.kind, listed.certificate_type, read_salt(members), content)


@dataclass(frozen=True, slots=True)
class MaterialsList(CaseDocument):
    """What was handed in. Its digest opens the case, or its next round.

    Raises:
        MalformedInputError: materials_repeated, two bear one name.
    """

    FORMAT: ClassVar[str] = "zhenglian-materials/1"

    salt: bytes = field(repr=False)
    round: int
    materials: tuple[Material, ...]

    def __post_init__(self) -> None:
        _require_distinct(material.name for material in self.materials)

    def _members(self) -> dict[str, object]:
        return {
            "salt": self.salt.hex(),
            "round": self.round,
            "materials": [material.to_members() for material in self.materials],
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        listed = members.objects("materials", MAX_MATERIALS)
        return cls(
            read_salt(members),
            members.integer("round", 0xFFFF),
            tuple([Material.read(each) for each in listed]),
        )


@dataclass(frozen=True, slots=True)
class MaterialVerdict:
    """What was found of one material.

    Args:
        outcome: PASSED, FAILED or INDETERMINATE.
        reasons: codes, in the order of the checks.
        report_digest: SHA-256 of the verifier's report on a certificate, else None.
    """

    material: Material
    outcome: str
    reasons: tuple[str, ...]
    report_digest: bytes | None

    def to_members(self) -> dict[str, object]:
        """As JSON."""
        members = self.material.to_members() | {
            "outcome": self.outcome,
            "reasons": list(self.reasons),
        }
        if self.report_digest is not None:
            members["report_digest"] = self.report_digest.hex()
        return members

    @classmethod
    def read(cls, members: JsonObject) -> Self:
        """Raises MalformedInputError."""
        has_report = "report_digest" in members
        return cls(
            Material.read(members),
            _read_outcome(members),
            members.text_array("reasons", 32, 64),
            members.bytes_of_hex("report_digest", 32) if has_report else None,
        )


@dataclass(frozen=True, slots=True)
class JudgedMaterials(CaseDocument):
    """Materials with their verdicts: what a case is accepted on, and every decision is about.

    Args:
        outcome: of the whole: PASSED, FAILED or INDETERMINATE.
        reasons: what is wrong with the whole, such as a material that is missing.
    """

    FORMAT: ClassVar[str] = "zhenglian-judged-materials/1"

    salt: bytes = field(repr=False)
    round: int
    item_code: ItemCode
    matter_version: int
    judged_at_unix: int
    outcome: str
    reasons: tuple[str, ...]
    verdicts: tuple[MaterialVerdict, ...]

    def __post_init__(self) -> None:
        _require_distinct(verdict.material.name for verdict in self.verdicts)

    def _members(self) -> dict[str, object]:
        return {
            "salt": self.salt.hex(),
            "round": self.round,
            "item_code": str(self.item_code),
            "matter_version": self.matter_version,
            "judged_at_unix": self.judged_at_unix,
            "outcome": self.outcome,
            "reasons": list(self.reasons),
            "materials": [verdict.to_members() for verdict in self.verdicts],
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        listed = members.objects("materials", MAX_MATERIALS)
        return cls(
            read_salt(members),
            members.integer("round", 0xFFFF),
            ItemCode.parse(members.text("item_code")),
            members.integer("matter_version", 0xFFFFFFFF),
            members.integer("judged_at_unix"),
            _read_outcome(members),
            members.text_array("reasons", 2 * MAX_MATERIALS, 256),
            tuple([MaterialVerdict.read(each) for each in listed]),
        )


@dataclass(frozen=True, slots=True)
class CertificateReference:
    """A certificate that a case relies on or ends in; the chain has `commitment`.

    Args:
        batch_key: 32 bytes.
        position: in the batch.
        salt: 32 random bytes.
    """

    batch_key: bytes
    position: int
    salt: bytes = field(repr=False)

    @property
    def commitment(self) -> bytes:
        """SHA-256(salt || batch key || position as 4 bytes, big-endian), 32 bytes."""
        return compute_commitment(self.salt, self.batch_key + self.position.to_bytes(4, "big"))


def _read_outcome(members: JsonObject) -> str:
    outcome = members.text("outcome", 32)
    if outcome not in OUTCOMES:
        members.refuse("outcome", ", ".join(sorted(OUTCOMES)))
    return outcome


def _require_distinct(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise MalformedInputError(
                f"materials: two bear the name {name!r}",
                code="materials_repeated",
                field="materials",
            )
        seen.add(name)
