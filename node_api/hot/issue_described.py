"""Who may have certificates issued, and the part of the OpenAPI document on that."""

from __future__ import annotations

from typing import Final

from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.hot.issue_terms import PATH, REQUESTS_PATH
from node_api.openapi import Document
from node_api.operations.samples import HOUSING, ROW, TYPE

ISSUE_ACCESS = Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.DEPARTMENT, changes=True)
READ_ACCESS = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.DEPARTMENT
)
EXAMPLE: Final[Document] = {
    "issuer": HOUSING,
    "certificate_type": TYPE,
    "fields": {
        **ROW,
        "证照标识": f"1.2.156.3005.2.{TYPE}.{HOUSING}.20250009001.001.7",
        "证书编号": "渝建安C3（2025）0009001",
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
            "x-zhenglian-roles": sorted(ISSUE_ACCESS.roles),
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
                                "issuer": {
                                    "type": "string",
                                    "minLength": 18,
                                    "maxLength": 18,
                                    "description": "By default the only one of this node.",
                                },
                                "certificate_type": {
                                    "type": "string",
                                    "minLength": 21,
                                    "maxLength": 21,
                                },
                                "fields": {
                                    "type": "object",
                                    "description": "The row, by the columns of the type's "
                                    "spreadsheet (`GET /v1/types/{certificate_type}` lists them) "
                                    "or by the names of its fields; dates as 2025-08-28.",
                                    "additionalProperties": {"type": ["string", "null"]},
                                },
                                "related_certificate_id": {"type": ["string", "null"]},
                                "case_id": {"anyOf": [_HEX_32, {"type": "null"}]},
                            },
                        },
                        "example": EXAMPLE,
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
            "x-zhenglian-roles": sorted(READ_ACCESS.roles),
            "summary": "How far a request to issue one certificate has come.",
            "tags": ["issuance"],
            "parameters": [
                {
                    "name": "issuer",
                    "in": "path",
                    "required": True,
                    "description": "The department that issues.",
                    "schema": {"type": "string", "minLength": 18, "maxLength": 18},
                    "example": "11500000000000001G",
                },
                {
                    "name": "reference",
                    "in": "path",
                    "required": True,
                    "description": "The Idempotency-Key of the request.",
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
