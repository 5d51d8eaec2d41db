"""The catalogue by documents: schemas and definitions as bytes, whoever has them in a file.

What the commands and the node's interface both call; nothing here reads a path that somebody named.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.catalogue import (
    Comparison,
    DefinitionResult,
    compare,
    define_matter,
    define_type,
    find_kept,
    read_recorded,
)
from ledger.actions.catalogue_listing import (
    CataloguedMatter,
    CataloguedType,
    find_catalogued_type,
    find_matter,
)
from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.matter import MatterDefinition, parse_matter
from ledger.identifiers import CertificateType, ItemCode
from ledger.schemas import parse_schema
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ShownType:
    """A type. Attributes: at_hand: of each version, whether this home has its schema."""

    catalogued: CataloguedType
    at_hand: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class ShownMatter:
    """A matter.

    Attributes:
        at_hand: of each version, whether this home has its definition.
        definition: of the newest version, its document; None if this home has it not.
    """

    catalogued: CataloguedMatter
    at_hand: tuple[bool, ...]
    definition: bytes | None


@dataclass(frozen=True, slots=True)
class NamedDefinition:
    """A definition to compare: a document, or a version that the catalogue has.

    Attributes:
        version: None for the newest.
    """

    document: bytes | None = None
    item_code: ItemCode | None = None
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> NamedDefinition:
        """ITEM or ITEM@VERSION. Raises NotFoundError for a version that is no number."""
        code, _, version = text.partition("@")
        if version and not version.isdecimal():
            raise NotFoundError(f"no version {version!r}; give a number", field="version")
        return cls(item_code=ItemCode.parse(code), version=int(version) if version else None)


def define_type_document(workspace: Workspace, document: bytes) -> DefinitionResult:
    """Records a version of a type by its schema, signed by this home's member.

    Raises:
        MalformedInputError: it is no schema. ConflictError, NotAuthorizedError: as `define_type`.
    """
    return define_type(workspace, parse_schema(document))


def define_matter_document(workspace: Workspace, document: bytes) -> DefinitionResult:
    """Records a version of a matter by its definition, sealed by its department's newest key.

    Raises:
        MalformedInputError: it is no definition. ConflictError, NotFoundError: as `define_matter`.
    """
    return define_matter(workspace, parse_matter(document))


def show_type(workspace: Workspace, certificate_type: CertificateType) -> ShownType:
    """One type with its versions. Raises NotFoundError: type_not_catalogued."""
    workspace.sync_index()
    found = find_catalogued_type(workspace.index, certificate_type)
    kept = workspace.schema_versions(certificate_type)
    return ShownType(found, tuple(each.schema_hash in kept for each in found.versions))


def show_matter(workspace: Workspace, item_code: ItemCode) -> ShownMatter:
    """One matter with its versions. Raises NotFoundError: matter_not_catalogued."""
    workspace.sync_index()
    found = find_matter(workspace.index, item_code)
    kept = find_kept(workspace, found)
    newest = kept.get(found.versions[-1].definition_hash)
    return ShownMatter(
        found,
        tuple(each.definition_hash in kept for each in found.versions),
        newest.document if newest else None,
    )


def compare_named(
    workspace: Workspace, left: NamedDefinition, right: NamedDefinition
) -> Comparison:
    """Where two definitions of a matter differ.

    Raises:
        MalformedInputError: a side names nothing, or its document is no definition.
        NotFoundError: matter_not_catalogued, definition_missing.
    """
    if not (left.document and right.document):
        workspace.sync_index()
    return compare(_read(workspace, left, "left"), _read(workspace, right, "right"))


def _read(workspace: Workspace, named: NamedDefinition, field: str) -> MatterDefinition:
    if named.document is not None:
        return parse_matter(named.document)
    if named.item_code is None:
        raise MalformedInputError(f"{field}: expected a document or an item_code", field=field)
    return read_recorded(workspace, named.item_code, named.version)
