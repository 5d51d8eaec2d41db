"""The files beside the ledger of which the catalogue keeps the hashes: schemas and definitions.

    HOME/schemas/TYPE.json             the schema that the home issues by, if not the shipped one
    HOME/schemas/TYPE.HASH.json        every other version that it knows
    HOME/definitions/ITEM.HASH.json    definitions of matters, in their canonical form

HASH is the beginning of the SHA-256. Files come from whoever defined the type or matter; what a
home reads from them is compared with the hash that the log has.
"""

from __future__ import annotations

import os
from pathlib import Path

from ledger.errors import MalformedInputError, NotFoundError, StorageError
from ledger.formats.matter import MatterDefinition, parse_matter
from ledger.identifiers import ItemCode
from ledger.schemas import CertificateSchema, name_version, parse_schema
from ledger.workspace import Workspace

_NAME_DIGITS = 16


def keep_schema(workspace: Workspace, schema: CertificateSchema) -> Path:
    """Keeps a version of a schema, durably, beside those already known."""
    path = workspace.home / "schemas" / name_version(schema)
    _write(path, schema.document)
    return path


def is_issued_by(workspace: Workspace, schema: CertificateSchema) -> bool:
    """Whether a schema is the one that this home issues by."""
    try:
        return workspace.schema(schema.type).schema_hash == schema.schema_hash
    except NotFoundError:
        return False


def issue_by(workspace: Workspace, schema: CertificateSchema) -> None:
    """Makes a schema the one that this home issues by."""
    if not is_issued_by(workspace, schema):
        _write(workspace.home / "schemas" / f"{schema.type}.json", schema.document)


def keep_definition(workspace: Workspace, definition: MatterDefinition) -> Path:
    """Keeps a version of a matter's definition, durably."""
    path = _definition_path(workspace, definition.item_code, definition.definition_hash)
    _write(path, definition.document)
    return path


def load_definition(
    workspace: Workspace, item_code: ItemCode, definition_hash: bytes
) -> MatterDefinition:
    """The definition with that hash.

    Raises:
        NotFoundError: definition_missing: it is not in this home.
        StorageError: definition_damaged: the file is another than its name says.
    """
    path = _definition_path(workspace, item_code, definition_hash)
    if not path.is_file():
        raise NotFoundError(
            f"this home has no definition of {item_code} with the hash {definition_hash.hex()}; "
            "get the file from its department and add it with `zhenglian catalogue import`",
            code="definition_missing",
            field="item_code",
        )
    try:
        definition = parse_matter(path.read_bytes())
    except MalformedInputError as error:
        raise _damaged(path) from error
    if (definition.item_code, definition.definition_hash) != (item_code, definition_hash):
        raise _damaged(path)
    return definition


def parse_either(content: bytes) -> CertificateSchema | MatterDefinition:
    """A schema or a definition, whichever a document is. Raises MalformedInputError: neither."""
    try:
        return parse_schema(content)
    except MalformedInputError as no_schema:
        try:
            return parse_matter(content)
        except MalformedInputError as no_matter:
            is_matter = b"zhenglian-matter" in content
            raise (no_matter if is_matter else no_schema) from no_matter


def read_bytes(path: Path) -> bytes:
    """The bytes of a person's file. Raises NotFoundError file_missing."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"no file {path} that can be read: {error.strerror}", code="file_missing", field="file"
        ) from error


def _definition_path(workspace: Workspace, item_code: ItemCode, definition_hash: bytes) -> Path:
    name = f"{item_code}.{definition_hash.hex()[:_NAME_DIGITS]}.json"
    return workspace.home / "definitions" / name


def _damaged(path: Path) -> StorageError:
    return StorageError(
        f"{path} is not the definition that its name says; get it anew from its department and add "
        "it with `zhenglian catalogue import`",
        code="definition_damaged",
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
