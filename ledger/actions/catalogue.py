"""Putting types and matters into the catalogue, voting types national, comparing definitions.

A type is its authority's: a member whose code begins it, or the member of the department whose code
does. A matter is its department's, which seals each version. The files that versions name by hash
are kept in the home before the version is recorded.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.actions.authority import submit_authority_act
from ledger.actions.catalogue_files import (
    is_issued_by,
    issue_by,
    keep_definition,
    keep_schema,
    load_definition,
    parse_either,
    read_bytes,
)
from ledger.actions.catalogue_listing import (
    CataloguedMatter,
    TypeVersion,
    find_matter_version,
    read_catalogue,
)
from ledger.actions.governance import propose_act
from ledger.actions.issuers import find_seal_key
from ledger.actions.proposals import CATALOGUE, Proposal
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.matter import MatterDefinition
from ledger.formats.matter_diff import Difference, compare_matters
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import CertificateType, ItemCode
from ledger.records import NationalType, TypeStatement
from ledger.schemas import CertificateSchema
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DefinitionResult:
    """A version that was recorded.

    Attributes:
        code: of the type or the matter.
        hash: SHA-256 of the schema, or of the canonical definition.
        file: where the home keeps it; others need it to read the version.
    """

    code: str
    name: str
    version: int
    hash: bytes
    file: Path
    log_index: int
    recorded_at_unix: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A file that was added to the home.

    Attributes:
        is_recorded: whether the catalogue has a version with this hash. Without one the file says
            nothing yet.
    """

    code: str
    name: str
    version: int
    hash: bytes
    file: Path
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One side of a comparison."""

    item_code: ItemCode
    version: int
    name: str
    definition_hash: bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where two definitions of a matter differ; no difference if they ask and promise the same."""

    left: ComparedSide
    right: ComparedSide
    differences: tuple[Difference, ...]


def define_type(workspace: Workspace, schema: CertificateSchema) -> DefinitionResult:
    """Records a version of a type by its schema, signed by this home's member.

    From then on this home issues by it. Run again after an interruption it does what is missing.

    Raises:
        ConflictError: type_defined, where the catalogue has this very schema as its newest
            version; VersionUnexpectedError, where the schema's version is not the next one.
        NotAuthorizedError: TypeOfAnotherAuthorityError.
    """
    workspace.submitter.resolve_unfinished()
    workspace.sync_index()
    recorded = _find_recorded(workspace, schema)
    if recorded is not None and is_issued_by(workspace, schema):
        raise ConflictError(
            f"the catalogue has this schema of {schema.type} already, as version "
            f"{recorded.version}",
            code="type_defined",
            field="file",
        )
    file = keep_schema(workspace, schema)
    log_index, time_unix = (
        _record_type(workspace, schema)
        if recorded is None
        else (recorded.log_index, recorded.recorded_at_unix)
    )
    issue_by(workspace, schema)
    workspace.sync_index()
    return DefinitionResult(
        str(schema.type),
        schema.name,
        schema.version,
        schema.schema_hash,
        file,
        log_index,
        time_unix,
    )


def _find_recorded(workspace: Workspace, schema: CertificateSchema) -> TypeVersion | None:
    """The newest version of the type, if it is this schema."""
    for each in read_catalogue(workspace.index).types:
        if each.certificate_type == schema.type:
            newest = each.versions[-1]
            return newest if newest.schema_hash == schema.schema_hash else None
    return None


def _record_type(workspace: Workspace, schema: CertificateSchema) -> tuple[int, int]:
    receipt = submit_authority_act(
        workspace,
        CATALOGUE,
        "defineType",
        lambda sequence: TypeStatement(
            workspace.member,
            schema.type,
            schema.version,
            schema.schema_hash,
            schema.name,
            sequence,
        ),
    )
    entry = receipt.entries[0]
    return entry.index, entry.entry.time_unix


def define_matter(workspace: Workspace, definition: MatterDefinition) -> DefinitionResult:
    """Records a version of a matter, sealed by its department's newest key.

    Raises:
        ConflictError: VersionUnexpectedError: it is not the next version.
        NotFoundError: seal_key_missing: this home has no key of the department.
    """
    workspace.submitter.resolve_unfinished()
    key = find_seal_key(workspace, definition.item_code.department)
    file = keep_definition(workspace, definition)
    statement = definition.to_statement(key.key_id)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    receipt = workspace.submitter.submit(
        CATALOGUE,
        "defineMatter",
        statement.to_abi(),
        sign_digest(key.private_key, digest).to_abi(),
        purpose="defineMatter",
        reference=digest.hex(),
    )
    workspace.sync_index()
    entry = receipt.entries[0]
    return DefinitionResult(
        str(definition.item_code),
        definition.name,
        definition.version,
        definition.definition_hash,
        file,
        entry.index,
        entry.entry.time_unix,
    )


def propose_national(
    workspace: Workspace,
    certificate_type: CertificateType,
    legal_basis: str,
    *,
    is_national: bool = True,
) -> Proposal:
    """Proposes that every member recognises a type on a legal basis, or no longer does.

    Raises:
        NotFoundError: TypeUnknownError. NotAuthorizedError: TypeOfAnotherAuthorityError.
    """
    change = NationalType(certificate_type, is_national, legal_basis)
    return propose_act(workspace, CATALOGUE, change.encode())


def import_file(workspace: Workspace, path: Path) -> ImportResult:
    """`import_document` of a file. Raises NotFoundError: no such file."""
    return import_document(workspace, read_bytes(path))


def import_document(workspace: Workspace, document: bytes) -> ImportResult:
    """Adds somebody's schema or definition to this home, to read versions by.

    The newest version of a type becomes the one that the home issues by.

    Raises:
        MalformedInputError: it is neither.
    """
    read = parse_either(document)
    workspace.sync_index()
    catalogue = read_catalogue(workspace.index)
    if isinstance(read, CertificateSchema):
        kept = keep_schema(workspace, read)
        if _find_recorded(workspace, read) is not None:
            issue_by(workspace, read)
        versions = [
            version.schema_hash
            for each in catalogue.types
            if each.certificate_type == read.type
            for version in each.versions
        ]
        return ImportResult(
            str(read.type),
            read.name,
            read.version,
            read.schema_hash,
            kept,
            read.schema_hash in versions,
        )
    kept = keep_definition(workspace, read)
    versions = [
        version.definition_hash
        for matter in catalogue.matters
        if matter.item_code == read.item_code
        for version in matter.versions
    ]
    return ImportResult(
        str(read.item_code),
        read.name,
        read.version,
        read.definition_hash,
        kept,
        read.definition_hash in versions,
    )


def read_recorded(
    workspace: Workspace, item_code: ItemCode, version: int | None = None
) -> MatterDefinition:
    """The definition of a recorded version, by default the newest.

    Raises:
        NotFoundError: matter_not_catalogued, definition_missing. StorageError: definition_damaged.
    """
    recorded = find_matter_version(workspace.index, item_code, version)
    return load_definition(workspace, item_code, recorded.definition_hash)


def find_kept(workspace: Workspace, matter: CataloguedMatter) -> dict[bytes, MatterDefinition]:
    """The definitions of a matter's versions that are in this home, by their hashes."""
    kept = {}
    for version in matter.versions:
        with suppress(NotFoundError):
            digest = version.definition_hash
            kept[digest] = load_definition(workspace, matter.item_code, digest)
    return kept


def compare(left: MatterDefinition, right: MatterDefinition) -> Comparison:
    """Where two definitions differ, with what is compared."""
    return Comparison(_to_side(left), _to_side(right), compare_matters(left, right))


def _to_side(definition: MatterDefinition) -> ComparedSide:
    return ComparedSide(
        definition.item_code, definition.version, definition.name, definition.definition_hash
    )
