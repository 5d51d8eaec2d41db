"""What a case package holds: the papers of a case, each in its one byte string."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self, TypeVar

import rfc8785

from ledger.errors import MalformedInputError
from ledger.formats.case_documents import (
    Application,
    CaseDocument,
    IdentityCheck,
    Notice,
    Opinion,
)
from ledger.formats.case_materials import JudgedMaterials, MaterialFile, MaterialsList
from ledger.formats.case_package import MAX_PACKAGE_SIZE
from ledger.formats.case_receipt import HandOverReceipt
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object

D = TypeVar("D", bound=CaseDocument)

DOSSIER_FORMAT: Final = "zhenglian-dossier/1"
MAX_DOCUMENTS: Final = 4096
KINDS: Final[tuple[type[CaseDocument], ...]] = (
    Application,
    IdentityCheck,
    MaterialsList,
    MaterialFile,
    JudgedMaterials,
    Opinion,
    Notice,
    HandOverReceipt,
)
_BY_FORMAT: Final = {kind.FORMAT: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Dossier:
    """The papers of a case, in the order in which they came to be."""

    documents: tuple[CaseDocument, ...]

    def to_json(self) -> bytes:
        """The dossier, canonical."""
        texts = [document.to_json().decode() for document in self.documents]
        return rfc8785.dumps({"format": DOSSIER_FORMAT, "documents": texts})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a dossier.

        Raises:
            MalformedInputError: dossier_malformed, and what `CaseDocument.parse` raises.
        """
        members = JsonObject(parse_json_object(data, "dossier"))
        members.require_only(frozenset({"format", "documents"}))
        if members.value.get("format") != DOSSIER_FORMAT:
            raise MalformedInputError(
                f'expected format "{DOSSIER_FORMAT}"', code="dossier_malformed", field="format"
            )
        texts = members.text_array("documents", MAX_DOCUMENTS, MAX_PACKAGE_SIZE)
        return cls(tuple([parse_document(text.encode()) for text in texts]))

    def of(self, kind: type[D]) -> Iterator[D]:
        """The papers of one kind."""
        return (document for document in self.documents if isinstance(document, kind))


def parse_document(data: bytes) -> CaseDocument:
    """Read a paper of any kind.

    Raises:
        MalformedInputError: dossier_malformed where the kind is unknown; else as
            `CaseDocument.parse`.
    """
    found = parse_json_object(data, "case document").get("format")
    if (kind := _BY_FORMAT.get(str(found))) is None:
        raise MalformedInputError(
            f"expected one of {', '.join(_BY_FORMAT)}, got {str(found)[:64]!r}",
            code="dossier_malformed",
            field="format",
        )
    return kind.parse(data)
