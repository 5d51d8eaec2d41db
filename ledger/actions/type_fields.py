"""What a type of certificate has: its columns for who issues, its fields for who presents."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ledger.actions.issuance.clerk_files import write_template
from ledger.identifiers import CertificateType
from ledger.schemas import CertificateSchema, DraftField, StatusCode, list_types
from ledger.workspace import Workspace


class TemplateForm(StrEnum):
    """How an empty file is written."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class TypeField:
    """One column of a type's file.

    Attributes:
        name: under which a certificate shows it; empty if a certificate shows it not by itself.
        column: its Chinese title.
        kind: how its values are written and checked.
        allowed_values: empty for any.
    """

    name: str
    column: str
    description: str
    kind: str
    is_required: bool
    allowed_values: tuple[str, ...]
    pattern: str | None
    min_length: int
    max_length: int | None


@dataclass(frozen=True, slots=True)
class TypeReason:
    """A reason that the type gives for changes of status."""

    code: str
    name_zh: str
    name_en: str
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """A type as this home issues it.

    Attributes:
        retention_years: for which a content is kept after its validity; None for no period.
    """

    certificate_type: CertificateType
    version: int
    name: str
    schema_hash: bytes
    retention_years: int | None
    fields: tuple[TypeField, ...]
    reasons: tuple[TypeReason, ...]


def list_known_types(workspace: Workspace) -> tuple[TypeDescription, ...]:
    """The types whose schema this home has, by code."""
    return tuple(describe_type(workspace, each) for each in list_types(workspace.home / "schemas"))


def describe_type(workspace: Workspace, certificate_type: CertificateType) -> TypeDescription:
    """The columns, fields and reasons of a type.

    Raises:
        NotFoundError: type_unknown.
    """
    schema = workspace.schema(certificate_type)
    return TypeDescription(
        schema.type,
        schema.version,
        schema.name,
        schema.schema_hash,
        schema.retention_years,
        _describe_fields(schema),
        tuple(map(_describe_reason, schema.status_codes)),
    )


def make_template(
    workspace: Workspace, certificate_type: CertificateType, form: TemplateForm = TemplateForm.CSV
) -> bytes:
    """An empty file of a type, for a department to fill in.

    Raises:
        NotFoundError: type_unknown.
    """
    schema = workspace.schema(certificate_type)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"template.{form}"
        write_template(path, schema, is_workbook=form is TemplateForm.XLSX)
        return path.read_bytes()


def _describe_fields(schema: CertificateSchema) -> tuple[TypeField, ...]:
    shown = {id(each): name for name, each in schema.shown_fields.items()}
    return tuple(
        TypeField(
            shown.get(id(each), ""),
            each.column,
            each.description,
            each.kind.value,
            each.is_required and each.draft_field is not DraftField.HOLDER_KEY,
            each.allowed_values,
            each.pattern,
            each.min_length,
            each.max_length,
        )
        for each in schema.fields
    )


def _describe_reason(code: StatusCode) -> TypeReason:
    return TypeReason(code.code, code.name_zh, code.name_en, tuple(sorted(code.acts)))
