"""Values of the actions ⇄ JSON, the same JSON as the commands print with --json.

Bytes are lower-case hexadecimal, identifiers their text, members of number enums their names in
lower case, days ISO 8601. Actions take and return frozen dataclasses; pydantic reads and writes
them as they are, once it is told how the ledger's own types look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from ledger import identifiers, records
from ledger.actions.named_certificates import NamedCertificates
from ledger.errors import LedgerError, MalformedInputError
from ledger.formats.status_list import Status

CONFIG = ConfigDict(
    extra="forbid",
    strict=True,  # JSON has numbers, texts and truth values: none passes for another
    ser_json_bytes="hex",
    val_json_bytes="hex",
    arbitrary_types_allowed=True,
    hide_input_in_errors=True,
)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Reads and writes values of one type."""
    if is_dataclass(kind):  # pydantic takes the settings of these from the class alone
        setattr(kind, "__pydantic_config__", CONFIG)  # noqa: B010 - unknown to type checkers
        return TypeAdapter(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):  # has its own
        return TypeAdapter(kind)
    return TypeAdapter(kind, config=CONFIG)


def decode(kind: Any, document: bytes) -> Any:
    """A value from JSON.

    Raises:
        MalformedInputError: names the member at fault, what was expected and what came.
    """
    try:
        return adapter(kind).validate_json(document)
    except ValidationError as error:
        raise to_malformed(error) from error


def decode_plain(kind: Any, value: object) -> Any:
    """A value from text of a path or a query. Raises as `decode`."""
    try:
        return adapter(kind).validate_strings(value)
    except ValidationError as error:
        raise to_malformed(error) from error


def encode(kind: Any, value: object) -> bytes:
    """JSON of a value."""
    return adapter(kind).dump_json(value)


def to_malformed(error: ValidationError, members: Sequence[str] = ()) -> MalformedInputError:
    """The first fault as our error, and all of them as `errors` for the problem.

    Args:
        members: of the document, to be named where one is given that is none of them.

    What a type of ours refused keeps its code; what pydantic refused has the code of its kind of
    fault there, and `malformed_input` here.
    """
    found = error.errors(include_url=False, include_input=False)
    faults = [
        {"field": _name(fault), "code": fault["type"], "detail": _tell(fault, members)}
        for fault in found
    ]
    first, is_ours = faults[0], "message" in found[0].get("ctx", {})
    name = first["field"] or "body"
    is_named = first["detail"].startswith(f"{name}:")
    told = MalformedInputError(
        first["detail"] if is_named else f"{name}: {first['detail']}",
        code=first["code"] if is_ours else None,
        field=first["field"] or None,
    )
    told.errors = tuple(faults)  # type: ignore[attr-defined]  # read where problems are made
    return told


_IN_OUR_WORDS = {
    "bytes_type": "expected bytes as hexadecimal text",
    "bytes_invalid_encoding": "expected hexadecimal digits, two for a byte",
}
"""For what pydantic tells in words of its own values instead of the document's."""


def _tell(fault: ErrorDetails, members: Sequence[str]) -> str:
    if fault["type"] == "extra_forbidden" and members and len(fault["loc"]) == 1:
        return f"expected members {', '.join(members)}"
    return _IN_OUR_WORDS.get(fault["type"], fault["msg"])


def _name(fault: ErrorDetails) -> str:
    """Where a fault stands, by names and numbers; the kind of thing it is where it stands alone."""
    place = ".".join(str(part) for part in fault["loc"] if not _is_branch(part))
    return place or str(fault.get("ctx", {}).get("field") or "")


def _is_branch(part: int | str) -> bool:
    """Whether it names a member of a union rather than a member of the document."""
    return isinstance(part, str) and not part.isidentifier()


class JsonSchema(GenerateJsonSchema):
    """JSON Schema 2020-12 as OpenAPI 3.1 has it, bytes being hexadecimal."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:  # noqa: ARG002
        """Of bytes."""
        return {"type": "string", "pattern": "^([0-9a-f]{2})*$"}


def _register(
    kind: type,
    to_value: Callable[[str], object],
    to_text: Callable[[Any], str],
    shape: dict[str, Any],
) -> None:
    """Tells pydantic how one of the ledger's types looks in JSON."""

    def read(text: str) -> object:
        try:
            return to_value(text)
        except LedgerError as error:  # so that pydantic says where it stands
            context = {"message": error.message, "field": error.field}
            raise PydanticCustomError(error.code, "{message}", context) from error

    from_text = core_schema.no_info_after_validator_function(read, core_schema.str_schema())
    known = core_schema.union_schema([core_schema.is_instance_schema(kind), from_text])
    schema = core_schema.json_or_python_schema(
        json_schema=from_text,
        python_schema=known,
        serialization=core_schema.plain_serializer_function_ser_schema(
            to_text, return_schema=core_schema.str_schema(), when_used="json"
        ),
    )

    _attach(kind, schema, {"type": "string", **shape})


def _attach(kind: type, schema: CoreSchema, shape: dict[str, Any]) -> None:
    """Gives a type its schemas, by the names that pydantic looks for."""

    def get_core_schema(*_: object) -> CoreSchema:
        return schema

    def get_json_schema(*_: object) -> JsonSchemaValue:
        return dict(shape)

    kind.__get_pydantic_core_schema__ = get_core_schema  # type: ignore[attr-defined]
    kind.__get_pydantic_json_schema__ = get_json_schema  # type: ignore[attr-defined]


def _register_enum(kind: type[IntEnum]) -> None:
    names = [member.name.lower() for member in kind]

    def to_value(text: str) -> IntEnum:
        if text.lower() in names:
            return kind[text.upper()]
        raise MalformedInputError(f"expected one of {', '.join(names)}, got {text[:40]!r}")

    _register(kind, to_value, lambda member: str(member.name.lower()), {"enum": names})


def _register_named() -> None:
    """A million identifiers are read into one object that keeps them small."""

    def to_named(texts: list[str]) -> NamedCertificates:
        named = NamedCertificates()
        for number, text in enumerate(texts):
            try:
                named.add(identifiers.CertificateId.parse(text))
            except MalformedInputError as error:
                name = f"certificate_ids.{number}"
                raise MalformedInputError(
                    f"{name}: {error.message}", code=error.code, field=name
                ) from error
        return named

    texts = core_schema.list_schema(core_schema.str_schema())
    from_texts = core_schema.no_info_after_validator_function(to_named, texts)
    known = core_schema.is_instance_schema(NamedCertificates)
    schema = core_schema.json_or_python_schema(
        json_schema=from_texts,
        python_schema=core_schema.union_schema([known, from_texts]),
        serialization=core_schema.plain_serializer_function_ser_schema(
            lambda named: named.first(None), return_schema=texts, when_used="json"
        ),
    )
    shape = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    _attach(NamedCertificates, schema, shape)


def _register_all() -> None:
    shapes: dict[type, dict[str, Any]] = {
        identifiers.CertificateId: {"description": "Certificate identifier, GB/T 36904."},
        identifiers.CertificateType: {"minLength": 21, "maxLength": 21},
        identifiers.ItemCode: {"minLength": 31, "maxLength": 31},
        identifiers.MemberId: {"description": "Province, 6 digits, or national department, USCC."},
        identifiers.PartyId: {"description": "Region, national department, or group (@NAME)."},
        identifiers.RegionCode: {"pattern": "^[0-9]{6}$"},
        identifiers.Uscc: {"minLength": 18, "maxLength": 18},
    }
    for kind, shape in shapes.items():
        _register(kind, kind.parse, str, shape)  # type: ignore[attr-defined]
    enums = [Status, *vars(records).values()]
    for found in enums:
        if isinstance(found, type) and issubclass(found, IntEnum) and found is not IntEnum:
            _register_enum(found)

    _register_named()


_register_all()
