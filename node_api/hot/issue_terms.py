"""What a request to issue one certificate looks like over HTTP, and how its answers do."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import lru_cache
from urllib.parse import quote

import orjson

from ledger.actions.issuance.request import (
    FieldError,
    IssuanceRequest,
    IssuedCertificate,
    RequestStatus,
)
from ledger.errors import LedgerError, MalformedInputError
from ledger.identifiers import CertificateId, CertificateType, Uscc
from node_api.doors import Scope, header_of
from node_api.openapi import Document

PATH = "/v1/certificates"
REQUESTS_PATH = "/v1/issuance-requests/"
MAX_BODY = 1 << 18
MOST_WAIT_S = 60.0
_MEMBERS = frozenset({"issuer", "certificate_type", "fields", "related_certificate_id", "case_id"})
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.ASCII)
_CASE_ID = re.compile("[0-9a-f]{64}")

parse_type = lru_cache(maxsize=256)(CertificateType.parse)
parse_issuer = lru_cache(maxsize=256)(Uscc.parse)


def read_reference(scope: Scope) -> str:
    """The Idempotency-Key, with or without the quotes of a structured field.

    Raises:
        MalformedInputError: idempotency_key_missing.
    """
    text = (header_of(scope, b"idempotency-key") or "").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text:
        raise MalformedInputError(
            "expected a header Idempotency-Key with the issuer's own reference",
            code="idempotency_key_missing",
            field="Idempotency-Key",
        )
    return text


def read_wait_s(scope: Scope, default_s: float) -> float:
    """How long to wait for the anchoring. Source: RFC 7240 §4.1, §4.3."""
    for name, value in scope["headers"]:
        if name != b"prefer":
            continue
        text = value.decode("latin-1").lower()
        if match := _WAIT.search(text):
            return min(float(match[1]), MOST_WAIT_S)
        if "respond-async" in text:
            return 0.0
    return default_s


def read_document(body: bytes) -> dict[str, object]:
    """The members of a body.

    Raises:
        MalformedInputError: body_not_json; a member is unknown, missing or of another kind.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedInputError(
            f"body: expected JSON, {error.msg} at line {error.lineno}", code="body_not_json"
        ) from None
    if not isinstance(document, dict):
        raise MalformedInputError("body: expected a JSON object", field="body")
    if unknown := document.keys() - _MEMBERS:
        name = min(unknown)[:64]
        raise MalformedInputError(
            f"{name}: expected members {', '.join(sorted(_MEMBERS))}", field=name
        )
    if not isinstance(document.get("fields"), dict):
        raise MalformedInputError(
            "fields: expected an object of the type's fields and their values", field="fields"
        )
    return document


def to_request(document: dict[str, object], issuer: Uscc, reference: str) -> IssuanceRequest:
    """A request from the members of a body. Raises MalformedInputError."""
    values = document["fields"]
    assert isinstance(values, dict)  # noqa: S101 - for the type checker
    related, case_id = document.get("related_certificate_id"), document.get("case_id")
    if case_id is not None and not (isinstance(case_id, str) and _CASE_ID.fullmatch(case_id)):
        raise MalformedInputError("case_id: expected 64 lower-case hex digits", field="case_id")
    certificate_type = _text(document, "certificate_type")
    try:
        kind = parse_type(certificate_type)
    except MalformedInputError as error:
        raise MalformedInputError(error.message, field="certificate_type") from error
    return IssuanceRequest(
        issuer,
        kind,
        reference,
        values,
        None if related is None else _parse_related(_text(document, "related_certificate_id")),
        None if case_id is None else bytes.fromhex(case_id),
    )


def named_issuer(document: dict[str, object]) -> Uscc | None:
    """The department that a body names. Raises MalformedInputError."""
    if document.get("issuer") is None:
        return None
    try:
        return parse_issuer(_text(document, "issuer"))
    except MalformedInputError as error:
        raise MalformedInputError(error.message, field="issuer") from error


def location_of(issuer: Uscc, reference: str) -> bytes:
    """Where the state of a request is told."""
    return f"{REQUESTS_PATH}{issuer}/{quote(reference, safe='')}".encode()


def certificate_location(certificate_id: CertificateId) -> bytes:
    """Where a certificate is."""
    return f"{PATH}/{quote(str(certificate_id), safe='')}".encode()


def describe_issued(issued: IssuedCertificate) -> bytes:
    """The answer to a request that is acknowledged."""
    document: dict[str, object] = {
        "certificate_id": str(issued.certificate_id),
        "issuer": issued.issuer.code,
        "certificate_type": issued.certificate_type.code,
        "reference": issued.reference,
        "batch_key": issued.batch_key.hex(),
        "position": issued.position,
        "leaf_hash": issued.leaf_hash.hex(),
        "anchored_at_unix": issued.anchored_at_unix,
        "log_index": issued.log_index,
        "was_issued_before": issued.was_issued_before,
        "warnings": [_describe_fault(warning) for warning in issued.warnings],
    }
    return orjson.dumps(document)


def describe_status(status: RequestStatus) -> bytes:
    """How far a request is, members that are not known yet being null."""
    return orjson.dumps({each.name: _plain(getattr(status, each.name)) for each in fields(status)})


def describe_pending(
    request: IssuanceRequest, certificate_id: CertificateId, refusal: LedgerError | None
) -> bytes:
    """The answer to a request that is stored and will be anchored."""
    return orjson.dumps(
        {
            "state": "pending",
            "certificate_id": str(certificate_id),
            "issuer": request.issuer.code,
            "certificate_type": request.certificate_type.code,
            "reference": request.reference,
            "waiting_for": None if refusal is None else refusal.code,
        }
    )


def _describe_fault(fault: FieldError) -> dict[str, str]:
    return {name: str(getattr(fault, name)) for name in FieldError.__slots__}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, int) else str(value)


def _text(document: dict[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise MalformedInputError(f"{name}: expected text", field=name)
    return value


def _parse_related(text: str) -> CertificateId:
    try:
        return CertificateId.parse(text)
    except MalformedInputError as error:
        raise MalformedInputError(error.message, field="related_certificate_id") from error


_EXAMPLE = {
    "issuer": "11500000000000001G",
    "certificate_type": "11100000000013338W011",
    "fields": {
        "certificate_id": "1.2.156.3005.2.11100000000013338W011.11500000000000001G."
        "20240000001.001.X",
        "certificate_number": "渝建安C3（2024）0000001",
        "holder_name": "王小明",
    },
}
_HEX_32 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_WHOLE = {"type": "integer", "minimum": 0}
_ISSUED: Document = {
    "type": "object",
    "required": ["certificate_id", "reference", "batch_key", "position", "log_index"],
    "properties": {
        "certificate_id": {"type": "string"},
        "issuer": {"type": "string", "minLength": 18, "maxLength": 18},
        "certificate_type": {"type": "string", "minLength": 21, "maxLength": 21},
        "reference": {"type": "string"},
        "batch_key": _HEX_32,
        "position": _WHOLE,
        "leaf_hash": _HEX_32,
        "anchored_at_unix": _WHOLE,
        "log_index": _WHOLE,
        "was_issued_before": {"type": "boolean"},
        "warnings": {"type": "array", "items": {"type": "object"}},
    },
}
_STATUS: Document = {
    "type": "object",
    "required": ["state", "certificate_id", "issuer", "reference"],
    "properties": {
        "state": {"type": "string", "enum": ["pending", "issued", "refused"]},
        "certificate_id": {"type": "string"},
        "issuer": {"type": "string"},
        "certificate_type": {"type": "string"},
        "reference": {"type": "string"},
        "accepted_at_unix": _WHOLE,
        "waiting_for": {"type": ["string", "null"]},
        "batch_key": {"anyOf": [_HEX_32, {"type": "null"}]},
        "position": {"type": ["integer", "null"]},
        "leaf_hash": {"anyOf": [_HEX_32, {"type": "null"}]},
        "anchored_at_unix": {"type": ["integer", "null"]},
        "log_index": {"type": ["integer", "null"]},
    },
}


def _content(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}


def _problem(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


_LOCATION = {"Location": {"schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}}}
_REFUSED: Document = {
    "400": _problem("Bad Request: body_not_json"),
    "401": _problem("Unauthorized"),
    "403": _problem("Forbidden: role, department or mandate"),
    "404": _problem("Not Found: no such department or type"),
    "405": _problem("Method Not Allowed"),
    "409": _problem(
        "Conflict: reference_used, conflicting_certificate, erased_certificate, schema_outdated, "
        "batches_lost"
    ),
    "413": _problem("Content Too Large: body_too_large"),
    "421": _problem("Misdirected Request"),
    "422": _problem("Unprocessable Content: fields_malformed tells every fault in `errors`"),
    "429": {**_problem("Too Many Requests: overloaded"), "headers": _RETRY},
    "500": _problem("Internal Server Error"),
    "503": {
        **_problem("Service Unavailable: chain_stalled, outcome_unknown, node_stopping"),
        "headers": _RETRY,
    },
    "507": _problem("Insufficient Storage: disk_full; nothing was issued"),
}
DESCRIBED: dict[str, Document] = {
    PATH: {
        "post": {
            "operationId": "issue_certificate",
            "summary": "Issues one certificate, and waits until it is anchored.",
            "description": "The Idempotency-Key is the issuer's own reference: the same request "
            "again has the same certificate. 201 says that it is sealed, stored, anchored and "
            "final; 202 that it is stored and will be anchored, whatever happens to this node.",
            "tags": ["issuance"],
            "parameters": [
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": True,
                    "description": "The issuer's reference, visible ASCII. No personal data.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
                    "example": "2026-000123",
                },
                {
                    "name": "Prefer",
                    "in": "header",
                    "required": False,
                    "description": "RFC 7240: wait=N seconds for the anchoring, or respond-async.",
                    "schema": {"type": "string"},
                    "example": "wait=10",
                },
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["certificate_type", "fields"],
                            "additionalProperties": False,
                            "properties": {
                                "issuer": {"type": "string", "minLength": 18, "maxLength": 18},
                                "certificate_type": {
                                    "type": "string",
                                    "minLength": 21,
                                    "maxLength": 21,
                                },
                                "fields": {
                                    "type": "object",
                                    "description": "By property, by shown name or by column.",
                                    "additionalProperties": {"type": ["string", "null"]},
                                },
                                "related_certificate_id": {"type": ["string", "null"]},
                                "case_id": {"anyOf": [_HEX_32, {"type": "null"}]},
                            },
                        },
                        "example": _EXAMPLE,
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "It was issued before, or with another request.",
                    "headers": _LOCATION,
                    "content": _content(_ISSUED),
                },
                "201": {
                    "description": "Issued: sealed, stored, anchored and final.",
                    "headers": _LOCATION,
                    "content": _content(_ISSUED),
                },
                "202": {
                    "description": "Stored, and not yet anchored; Location tells how far it is.",
                    "headers": _LOCATION,
                    "content": _content(_STATUS),
                },
                **_REFUSED,
            },
        }
    },
    REQUESTS_PATH + "{issuer}/{reference}": {
        "get": {
            "operationId": "show_issuance_request",
            "summary": "How far a request to issue one certificate has come.",
            "tags": ["issuance"],
            "parameters": [
                {
                    "name": "issuer",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "minLength": 18, "maxLength": 18},
                    "example": "11500000000000001G",
                },
                {
                    "name": "reference",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
                    "example": "2026-000123",
                },
            ],
            "responses": {
                "200": {"description": "OK", "content": _content(_STATUS)},
                **{
                    status: told
                    for status, told in _REFUSED.items()
                    if status not in ("409", "413", "507")
                },
            },
        }
    },
}
"""The path items of the OpenAPI document."""
