"""The OpenAPI 3.1 document, derived from the table of operations.

Plain ASGI routes describe themselves and are put in beside: whoever reads the document need not
know which is which. Source: OpenAPI Specification 3.1.1; JSON Schema 2020-12.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING
from http import HTTPStatus
from typing import Any

import orjson
from docstring_parser import parse as parse_docstring
from pydantic import TypeAdapter

import ledger.errors
from ledger import records
from ledger.errors import LedgerError
from node_api.codec import JsonSchema, adapter
from node_api.freshness import DESCRIBED
from node_api.operations.answers import load_answers, with_answers
from node_api.operations.operation import Operation, Parameter
from node_api.operations.parameter_examples import with_parameter_examples
from node_api.operations.parameter_words import PARAMETERS_IN_WORDS
from node_api.problems import find_status

REFERENCE = "#/components/schemas/{model}"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` is stable, `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected and what came."},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "field": {"type": "string", "description": "The member or parameter at fault."},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "request_id": {"type": "string", "description": "Under which the node's log has it."},
        "errors": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Each fault, where there are several.",
        },
    },
    "example": {
        "type": "https://zhenglian.invalid/problems/status_not_allowed",
        "title": "Conflict",
        "status": 409,
        "detail": "expected a certificate in force, it is revoked",
        "code": "status_not_allowed",
        "request_id": "0981b9e6aa7fc76d",
    },
}
CODES_OF_ALL: Mapping[int, str] = {
    400: "body_not_json",
    401: "credentials_missing, credentials_invalid, api_key_invalid, or what is wrong with a token",
    403: "role_not_allowed, scope_not_allowed, or why the object is not one's own",
    404: "path_unknown, or what is not there",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "content_type",
    421: "host_unknown",
    422: "malformed_input, purpose_required, or what the field at fault is not",
    429: "too_many_requests, overloaded; see Retry-After",
    500: "unexpected, or what is damaged; the node's log has it under the request's id",
    503: "core_unavailable, chain_unavailable, outcome_unknown, vault_unavailable; see Retry-After",
    507: "disk_full",
}
"""What any operation may be refused with, in words for its answers."""
_RAISES = re.compile(r"\s*(?:Raises (?:as|\w+Error)|As `).*", re.DOTALL)
_PROTECTED = (401, 403)
_ALWAYS = (400, 404, 413, 421, 422, 429, 500, 503, 507)
PROBLEM_STATUSES = (*_ALWAYS, *_PROTECTED, 405, 406, 409, 410, 412, 415)
Document = dict[str, Any]


class Schemas:
    """The schemas of all operations' values, named once over all of them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        inputs: list[tuple[object, str, TypeAdapter[Any]]] = []
        for each in operations:
            if each.body is not None:
                inputs.append((("body", each.operation_id), "validation", adapter(each.body)))
            if each.media_type == "application/json":
                inputs.append(
                    (("result", each.operation_id), "serialization", adapter(each.result))
                )
            inputs += [
                (("query", each.operation_id, query.name), "validation", adapter(query.kind))
                for query in (*each.query, *(p for p in each.parameters if p.place == "path"))
            ]
        found, definitions = TypeAdapter.json_schemas(
            inputs,  # type: ignore[arg-type]  # keys are any hashable, modes the two literals
            ref_template=REFERENCE,
            schema_generator=JsonSchema,
        )
        self._found = {key[0]: schema for key, schema in found.items()}
        self.components: Document = {
            **definitions.get("$defs", {}),
            "Problem": PROBLEM_SCHEMA,
        }

    def of(self, *key: str) -> Document:
        """The schema of one value."""
        return dict(self._found[key])


def describe(operation: Operation, schemas: Schemas) -> Document:
    """An operation as OpenAPI has it."""
    told = parse_docstring(inspect.getdoc(operation.action) or "")
    about = {each.arg_name: each.description or "" for each in told.params}
    described: Document = {
        "operationId": operation.operation_id,
        "summary": _summarise(operation, told.short_description or ""),
        "tags": [operation.tag],
        "parameters": [*_describe_parameters(operation, schemas, about)],
        "responses": _describe_responses(operation, schemas, told.raises),
        "x-zhenglian-roles": sorted(operation.access.roles),
        "x-zhenglian-object": operation.access.rule.value,
    }
    if told.long_description:
        described["description"] = told.long_description
    if operation.access.is_open:
        described["security"] = []
    if operation.body is not None:
        content: Document = {"schema": schemas.of("body", operation.operation_id)}
        members = {p.name for p in operation.parameters if p.place == "body"}
        if example := {n: v for n, v in operation.example.items() if n in members}:
            content["example"] = example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _summarise(operation: Operation, told: str) -> str:
    """One line for a client's developer, whom the kinds of our errors do not concern."""
    return operation.summary or _RAISES.sub("", told).rstrip()


def _describe_parameters(
    operation: Operation, schemas: Schemas, about: Mapping[str, str]
) -> Iterable[Document]:
    in_path = [each for each in operation.parameters if each.place == "path"]
    for each in (*in_path, *operation.query):
        schema = schemas.of("query", operation.operation_id, each.name)
        described: Document = {
            "name": each.name,
            "in": each.place,
            "required": each.place == "path" or each.is_required,
            "schema": _with_default(each, schema),
        }
        if text := about.get(each.name) or PARAMETERS_IN_WORDS.get(each.name):
            described["description"] = " ".join(text.split())
        if each.name in operation.example:
            described["example"] = operation.example[each.name]
        yield described
    if operation.access.is_personal:
        yield PURPOSE_PARAMETER


def _in_words(item: Document) -> Document:
    """A path item whose parameters all say what they are."""
    return {
        method: told
        | {
            "parameters": [
                {"description": PARAMETERS_IN_WORDS.get(each["name"], "")} | each
                for each in told.get("parameters", ())
            ]
        }
        for method, told in item.items()
    }


PURPOSE_PARAMETER: Document = {
    "name": "Purpose",
    "in": "header",
    "required": True,
    "description": "What the personal data is looked at for; goes into the access log.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "example": "case 20261130-17",
}


def _with_default(parameter: Parameter, schema: Document) -> Document:
    default = parameter.default
    if default is MISSING or not isinstance(default, (str, int, bool)):
        return schema
    return {**schema, "default": default}


def _describe_responses(operation: Operation, schemas: Schemas, raises: Sequence[Any]) -> Document:
    success: Document = {"description": operation.status.phrase}
    if not operation.access.is_change:
        success["headers"] = AGE_HEADERS
    if operation.media_type == "application/json":
        schema = schemas.of("result", operation.operation_id)
        success["content"] = {"application/json": {"schema": schema}}
    else:
        kind = "object" if operation.media_type.endswith("json") else "string"
        success["content"] = {operation.media_type: {"schema": {"type": kind}}}
    responses = {str(operation.status.value): success}
    codes = _collect_codes(raises)
    statuses = {*_ALWAYS, *codes, *(() if operation.access.is_open else _PROTECTED)}
    if operation.access.is_change:
        statuses |= {409}
        responses["202"] = AWAITING
    for status in sorted(statuses):
        named = "; ".join(codes.get(status, ()))
        responses[str(status)] = describe_problem(HTTPStatus(status), named)
    return responses


AWAITING: Document = {"$ref": "#/components/responses/Awaiting"}


def _describe_awaiting() -> Document:
    content: Document = {"schema": {"$ref": "#/components/schemas/Approval"}}
    if waiting := load_answers().get("list_approvals"):
        content["example"] = waiting["200"][0]
    return {
        "description": "Awaits a second officer; Location names the request.",
        "headers": {"Location": {"schema": {"type": "string"}}},
        "content": {"application/json": content},
    }


AGE_HEADERS: Document = {name: {"$ref": f"#/components/headers/{name}"} for name in DESCRIBED}
"""Of an answer by the index."""


def describe_problem(status: HTTPStatus, codes: str = "") -> Document:
    """A response that is a problem. Args: codes: which codes it may have, in words."""
    if not codes:
        return {"$ref": f"#/components/responses/Problem{status.value}"}
    return _spell_problem(f"{status.phrase}: {codes}")


def _tell_status(status: HTTPStatus) -> str:
    codes = CODES_OF_ALL.get(status)
    return f"{status.phrase}: {codes}." if codes else status.phrase


def _spell_problem(described: str) -> Document:
    return {
        "description": described,
        "content": {"application/problem+json": {"schema": PROBLEM}},
    }


def _collect_codes(raises: Sequence[Any]) -> dict[int, list[str]]:
    """What an action says it raises, by the status that it is answered with."""
    found: dict[int, list[str]] = {}
    for each in raises:
        kind = getattr(ledger.errors, each.type_name or "", None) or getattr(
            records, each.type_name or "", None
        )
        if isinstance(kind, type) and issubclass(kind, LedgerError):
            status = find_status(_sample(kind))
            found.setdefault(status.value, []).append(" ".join((each.description or "").split()))
    return found


def _sample(kind: type[LedgerError]) -> LedgerError:
    """An error of a kind, for its status alone."""
    error = kind.__new__(kind)
    error.code = kind.default_code
    return error


def build(
    operations: Sequence[Operation], beside: Mapping[str, Document], *, version: str
) -> Document:
    """The whole document.

    Args:
        beside: path items of the routes that are plain ASGI, by path.
        version: of the product.
    """
    schemas = Schemas(operations)
    paths: dict[str, Document] = {path: _in_words(item) for path, item in beside.items()}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = describe(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zhenglian node 证链节点",
            "version": version,
            "description": (
                "Issue, present, verify and trace certificates that provinces recognise. Errors "
                "are RFC 9457 problems with stable codes. Bytes are hexadecimal, times unix "
                "seconds in members whose names end in _unix. Where a request concerns a person it "
                "says what for in the header Purpose. An act that needs a second officer is "
                "answered 202, and Location names the request. What reads is answered while the "
                "chain is away, too: the headers Zhenglian-Index-… say how old such an answer is."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            path: with_answers(with_parameter_examples(item))
            for path, item in sorted(paths.items())
        },
        "components": {
            "headers": {
                name: {"description": told, "schema": {"type": kind}}
                for name, (kind, told) in DESCRIBED.items()
            },
            "schemas": dict(sorted(schemas.components.items())),
            "responses": {
                "Awaiting": _describe_awaiting(),
                **{
                    f"Problem{status}": _spell_problem(_tell_status(HTTPStatus(status)))
                    for status in PROBLEM_STATUSES
                },
            },
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of an identity provider, or an API key (zl_…).",
                },
            },
        },
        "security": [{"bearer": []}],
    }


def to_bytes(document: Document) -> bytes:
    """The document as it is served and kept in the repository."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
