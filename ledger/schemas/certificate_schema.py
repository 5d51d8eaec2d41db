"""Reading the schema of a certificate type into a frozen value.

A property's `title` is the column of a clerk's file; its `x-zhenglian` object says of what kind the
value is and, for the fields that every certificate has, which field of the draft it fills:

* `kind`: certificate-id, text, date, date-or-long-term, identity-number or uscc;
* `draft`: one of `DraftField`, each exactly once. Properties without it are the type's own.

Of JSON Schema's keywords for a string only those in `_KEYWORDS` are understood. A schema with any
other is refused, so that no constraint is silently ignored when rows are read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from ledger.errors import MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType
from ledger.schemas.status_codes import StatusCode, read_status_codes

_FIELD = "schema"
_ANNOTATION = "x-zhenglian"
_DATE = {"format": "date"}
_LONG_TERM = {"anyOf": [_DATE, {"const": "长期"}]}
_DESCRIBING = {"title", "description", "$comment", "type", _ANNOTATION}
_KEYWORDS = _DESCRIBING | {"enum", "pattern", "minLength", "maxLength", "format", "anyOf"}
_MAX_YEARS = 1000
_PROPERTY_NAME = re.compile(r"[a-z][A-Za-z0-9]*", re.ASCII)


class FieldKind(StrEnum):
    """How a value is written and checked."""

    CERTIFICATE_ID = "certificate-id"
    TEXT = "text"
    DATE = "date"
    DATE_OR_LONG_TERM = "date-or-long-term"
    IDENTITY_NUMBER = "identity-number"
    USCC = "uscc"
    PUBLIC_KEY = "public-key"


class DraftField(StrEnum):
    """The fields of a draft, by their names there. Only HOLDER_KEY may stay unfilled."""

    CERTIFICATE_ID = "certificate_id"
    CERTIFICATE_NUMBER = "certificate_number"
    HOLDER_NAME = "holder_name"
    HOLDER_CODE = "holder_code"
    ISSUED_ON = "issued_on"
    VALID_FROM = "valid_from"
    VALID_UNTIL = "valid_until"
    HOLDER_KEY = "holder_key"


_ALLOWED_KINDS: Mapping[DraftField, frozenset[FieldKind]] = {
    DraftField.CERTIFICATE_ID: frozenset({FieldKind.CERTIFICATE_ID}),
    DraftField.CERTIFICATE_NUMBER: frozenset({FieldKind.TEXT}),
    DraftField.HOLDER_NAME: frozenset({FieldKind.TEXT}),
    DraftField.HOLDER_CODE: frozenset({FieldKind.IDENTITY_NUMBER, FieldKind.USCC}),
    DraftField.ISSUED_ON: frozenset({FieldKind.DATE}),
    DraftField.VALID_FROM: frozenset({FieldKind.DATE}),
    DraftField.VALID_UNTIL: frozenset({FieldKind.DATE_OR_LONG_TERM}),
    DraftField.HOLDER_KEY: frozenset({FieldKind.PUBLIC_KEY}),
}


_OPTIONAL = frozenset({DraftField.HOLDER_KEY})
_SHOWN = frozenset({DraftField.CERTIFICATE_NUMBER, DraftField.HOLDER_NAME, DraftField.HOLDER_CODE})
_ONLY_OF_DRAFTS = frozenset(
    {FieldKind.CERTIFICATE_ID, FieldKind.DATE_OR_LONG_TERM, FieldKind.PUBLIC_KEY}
)


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One property of a type, which is one column of a file.

    `allowed_values` empty means any; lengths count characters.
    """

    property_name: str
    column: str
    description: str
    kind: FieldKind
    draft_field: DraftField | None
    is_required: bool
    allowed_values: tuple[str, ...]
    pattern: str | None
    min_length: int
    max_length: int | None


@dataclass(frozen=True, slots=True)
class CertificateSchema:
    """A type's schema, as read from one exact file.

    `schema_hash` is the SHA-256 (32 bytes) of `document`, the bytes of that file. `status_codes`
    empty means that the type has no table of reasons. `retention_years` is how long after its end
    of validity a certificate's content must be kept, None if the type sets no period.
    `shown_fields` are those that a certificate can show, by the names that it gives them.
    """

    type: CertificateType
    version: int
    name: str
    fields: tuple[SchemaField, ...]
    status_codes: tuple[StatusCode, ...]
    retention_years: int | None
    schema_hash: bytes
    document: bytes = field(repr=False)
    shown_fields: Mapping[str, SchemaField] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gathers what every comparison with a certificate needs."""
        shown = {
            each.draft_field.value if each.draft_field else each.property_name: each
            for each in self.fields
            if each.draft_field is None or each.draft_field in _SHOWN
        }
        object.__setattr__(self, "shown_fields", shown)

    def columns(self) -> tuple[str, ...]:
        """The Chinese column names, in schema order."""
        return tuple(each.column for each in self.fields)

    def own_fields(self) -> tuple[SchemaField, ...]:
        """The fields that fill `holder_fields` of a draft, in schema order."""
        return tuple(each for each in self.fields if each.draft_field is None)

    def field_of(self, draft_field: DraftField) -> SchemaField:
        """The one field that fills `draft_field`, which must not be an optional one."""
        return next(each for each in self.fields if each.draft_field is draft_field)

    def find_field(self, draft_field: DraftField) -> SchemaField | None:
        """The field that fills `draft_field`, if the type has one."""
        return next((each for each in self.fields if each.draft_field is draft_field), None)

    @property
    def holder_code_type(self) -> str:
        """GB/T 36903 code of what identifies the holder: "111" identity card, "001" USCC."""
        kind = self.field_of(DraftField.HOLDER_CODE).kind
        return "111" if kind is FieldKind.IDENTITY_NUMBER else "001"


def load_schema(
    certificate_type: CertificateType, *, directory: Path | None = None
) -> CertificateSchema:
    """The schema of a type: from `directory` if it has one, else from those shipped.

    Raises:
        NotFoundError: neither has `<type>.json`.
        MalformedInputError: the file is no schema we understand, or is that of another type.
    """
    name = f"{certificate_type}.json"
    for place in (directory, resources.files(__package__)):
        if place is not None and (file := place / name).is_file():
            schema = parse_schema(file.read_bytes())
            if schema.type != certificate_type:
                raise MalformedInputError(
                    f"{_FIELD}: expected type {certificate_type} in {name}, got {schema.type}",
                    field=_FIELD,
                )
            return schema
    raise NotFoundError(f"expected a schema {name}, found none", field=_FIELD)


def parse_schema(document: bytes) -> CertificateSchema:
    """Read the bytes of a schema file.

    Raises:
        MalformedInputError: not JSON, not a JSON Schema, or not one of the form above.
    """
    try:
        tree = json.loads(document)
        Draft202012Validator.check_schema(tree)
        annotation = tree[_ANNOTATION]
        schema = CertificateSchema(
            type=CertificateType.parse(annotation["certificateType"]),
            version=int(annotation["version"]),
            name=tree["title"],
            fields=tuple(
                _read_field(name, content, is_required=name in tree["required"])
                for name, content in tree["properties"].items()
            ),
            status_codes=read_status_codes(annotation.get("statusCodes", [])),
            retention_years=_read_years(annotation.get("retentionYears")),
            schema_hash=hashlib.sha256(document).digest(),
            document=document,
        )
    except (KeyError, TypeError, ValueError, SchemaError) as error:
        raise MalformedInputError(
            f"{_FIELD}: expected a certificate type's JSON Schema, got {error!r:.300}", field=_FIELD
        ) from error
    _require_whole(schema, is_closed=tree.get("additionalProperties") is False)
    return schema


def _read_field(name: str, content: Mapping[str, object], *, is_required: bool) -> SchemaField:
    annotation = content[_ANNOTATION]
    if not isinstance(annotation, dict):
        raise TypeError(f"{_ANNOTATION} of {name} is no object")
    kind = FieldKind(annotation["kind"])
    _require_keywords(name, content, kind)
    draft_field = annotation.get("draft")
    enum, pattern, longest = (
        content.get("enum", []),
        content.get("pattern"),
        content.get("maxLength"),
    )
    return SchemaField(
        property_name=name,
        column=str(content["title"]),
        description=str(content["description"]),
        kind=kind,
        draft_field=None if draft_field is None else DraftField(draft_field),
        is_required=is_required,
        allowed_values=tuple(map(str, enum)) if isinstance(enum, list) else (),
        pattern=None if pattern is None else str(pattern),
        min_length=int(str(content.get("minLength", 0))),
        max_length=None if longest is None else int(str(longest)),
    )


def _read_years(years: object) -> int | None:
    if years is None:
        return None
    if type(years) is not int or not 0 <= years <= _MAX_YEARS:
        raise ValueError(f"retentionYears {years!r} is no whole number from 0 to {_MAX_YEARS}")
    return years


def _require_keywords(name: str, content: Mapping[str, object], kind: FieldKind) -> None:
    """A text may be constrained; a date says so in JSON Schema's words; a code is its kind."""
    constraints = {key: value for key, value in content.items() if key not in _DESCRIBING}
    expected = {FieldKind.DATE: _DATE, FieldKind.DATE_OR_LONG_TERM: _LONG_TERM}.get(kind, {})
    is_understood = (
        constraints.keys() <= _KEYWORDS - {"format", "anyOf"}
        if kind is FieldKind.TEXT
        else constraints == expected
    )
    if not _PROPERTY_NAME.fullmatch(name) or content.get("type") != "string" or not is_understood:
        raise ValueError(f"property {name} of kind {kind} with {sorted(content)}")


def _require_whole(schema: CertificateSchema, *, is_closed: bool) -> None:
    filled = [each.draft_field for each in schema.fields if each.draft_field is not None]
    problems = [
        f"{wanted} filled {filled.count(wanted)} times"
        for wanted in DraftField
        if filled.count(wanted) != 1 and not (wanted in _OPTIONAL and wanted not in filled)
    ]
    for each in schema.fields:
        if each.draft_field is None:
            if each.kind in _ONLY_OF_DRAFTS:
                problems.append(f"{each.property_name} of kind {each.kind} fills no draft field")
        elif each.kind not in _ALLOWED_KINDS[each.draft_field] or (
            each.is_required is (each.draft_field in _OPTIONAL)
        ):
            problems.append(f"{each.property_name} ({each.kind}) cannot fill {each.draft_field}")
    if len(set(schema.columns())) != len(schema.fields):
        problems.append("two properties have one title")
    if not is_closed:
        problems.append("additionalProperties is not false")
    if problems:
        raise MalformedInputError(
            f"{_FIELD}: expected every field of a draft filled once, got {'; '.join(problems)}",
            field=_FIELD,
        )
