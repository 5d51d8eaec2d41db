"""The part of the OpenAPI document on jobs."""

from __future__ import annotations

from http import HTTPStatus

from node_api.jobs.access import CHANGE_ACCESS, READ_ACCESS, REPORT_ACCESS
from node_api.openapi import PURPOSE_PARAMETER, Document, describe_problem

_WHOLE = {"type": "integer", "minimum": 0}
_JOB: Document = {
    "type": "object",
    "required": ["job_id", "kind", "issuer", "state", "counts"],
    "properties": {
        "job_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "kind": {"type": "string", "enum": ["issue", "suspend", "restore", "revoke"]},
        "issuer": {"type": "string", "minLength": 18, "maxLength": 18},
        "file_name": {"type": "string"},
        "size": _WHOLE,
        "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "state": {
            "type": "string",
            "enum": ["queued", "running", "completed", "failed", "cancelled"],
        },
        "created_at_unix": _WHOLE,
        "ended_at_unix": {"type": ["integer", "null"]},
        "counts": {"type": "object", "additionalProperties": _WHOLE},
        "detail": {"type": "string"},
        "errors": {"type": ["string", "null"], "description": "Where the rows' errors are."},
    },
}
_ID: Document = {
    "name": "job_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "example": "0123456789abcdef0123456789abcdef",
}


def _problems(*statuses: int) -> Document:
    always = (401, 403, 405, 421, 422, 429, 500, 503)
    return {str(each): describe_problem(HTTPStatus(each)) for each in sorted({*always, *statuses})}


def _answer(description: str, schema: Document) -> Document:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _query(name: str, schema: Document, description: str, *, required: bool = False) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
    }


_TEXT: Document = {"type": "string"}
_FILE: Document = {"schema": {"type": "string", "format": "binary"}}
_CHANGING, _READING, _REPORTING = (
    sorted(access.roles) for access in (CHANGE_ACCESS, READ_ACCESS, REPORT_ACCESS)
)
_UPLOAD: Document = {
    "operationId": "create_job",
    "x-zhenglian-roles": _CHANGING,
    "summary": "Uploads a file to be issued, or a list of certificates whose status changes.",
    "tags": ["jobs"],
    "parameters": [
        _query("kind", _JOB["properties"]["kind"], "By default issue."),
        _query("issuer", _TEXT, "The department's USCC.", required=True),
        _query("certificate_type", _TEXT, "Of a file to issue: required."),
        _query("skip_invalid", {"type": "boolean"}, "Issue the good rows although some are bad."),
        _query(
            "case_id",
            {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "Of a file of one row: the case whose result its certificate is.",
        ),
        _query(
            "related_certificate_id",
            _TEXT,
            "Of a file of one row: the certificate that it continues or comes in place of.",
        ),
        _query("file_name", _TEXT, "For people."),
        _query("reason", _TEXT, "Of a change of status: a code of the type, or its name."),
        _query("legal_basis", _TEXT, "Of a change of status; public, names no person."),
        _query("effective_date", {"type": "string", "format": "date"}, "By default today."),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": _FILE,
            "text/plain": _FILE,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _FILE,
        },
    },
    "responses": {
        "202": _answer("Kept, and queued; Location tells how far it is.", _JOB),
        **_problems(404, 413, 415, 507),
    },
}
DESCRIBED: dict[str, Document] = {
    "/v1/jobs": {
        "post": _UPLOAD,
        "get": {
            "operationId": "list_jobs",
            "x-zhenglian-roles": _READING,
            "summary": "The newest jobs of the departments of who asks.",
            "tags": ["jobs"],
            "responses": {
                "200": _answer(
                    "OK",
                    {"type": "object", "properties": {"jobs": {"type": "array", "items": _JOB}}},
                ),
                **_problems(),
            },
        },
    },
    "/v1/jobs/{job_id}": {
        "get": {
            "operationId": "show_job",
            "x-zhenglian-roles": _READING,
            "summary": "How far a job is.",
            "tags": ["jobs"],
            "parameters": [_ID],
            "responses": {"200": _answer("OK", _JOB), **_problems(404)},
        },
        "delete": {
            "operationId": "cancel_job",
            "x-zhenglian-roles": _CHANGING,
            "summary": "Ends a job, if nothing of it is anchored yet.",
            "tags": ["jobs"],
            "parameters": [_ID],
            "responses": {"200": _answer("OK", _JOB), **_problems(404, 409)},
        },
    },
    "/v1/jobs/{job_id}/errors": {
        "get": {
            "operationId": "read_job_errors",
            "x-zhenglian-roles": _REPORTING,
            "summary": "What was wrong with the rows of a job's file, as CSV.",
            "tags": ["jobs"],
            "parameters": [_ID, PURPOSE_PARAMETER],
            "responses": {
                "200": {"description": "OK", "content": {"text/csv": {"schema": _TEXT}}},
                **_problems(404),
            },
        }
    },
}
"""Path items by path."""
