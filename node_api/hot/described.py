"""The plain handlers in the OpenAPI document, by path."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from ledger.formats.evidence import MAX_LOG_SIZE as MAX_INDEX
from ledger.formats.status_list_token import STATUS_LIST_MEDIA_TYPE
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName, Presentation
from node_api.hot.log import CONSISTENCY_PATH, ENTRIES_PATH, MAX_ENTRIES, ROOT_PATH
from node_api.hot.routes import LIVE_PATH
from node_api.hot.verify import PATH as VERIFY_PATH
from node_api.openapi import AGE_HEADERS, Document, describe_problem

_HASH: Final[Document] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HASHES: Final[Document] = {"type": "array", "items": _HASH}
_UNIX: Final[Document] = {"type": "integer", "description": "Unix seconds."}
_COUNT: Final[Document] = {"type": "integer", "minimum": 0}
_WORDS: Final[Document] = {
    "type": "object",
    "required": ["zh", "en"],
    "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
}
_OUTCOME: Final[Document] = {"enum": [each.value for each in Outcome]}


def _object(members: Document, *optional: str) -> Document:
    required = [name for name in members if name not in optional]
    return {"type": "object", "required": required, "properties": members}


def _or_null(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_CHECK: Final = _object(
    {
        "number": {"type": "integer", "minimum": 1, "maximum": len(CheckName)},
        "name": {"enum": [each.value for each in CheckName]},
        "required": {"type": "boolean"},
        "outcome": _OUTCOME,
        "reason": {"enum": [*(each.value for each in Reason), None]},
        "detail": {"type": "object"},
        "evidence": {
            "type": "array",
            "items": _COUNT,
            "description": "Indexes of the log entries that it rests on.",
        },
        "words": {"type": "object"},
    }
)
_KNOWLEDGE: Final = _object(
    {"ledger_id": _HASH, "size": _COUNT, "synced_to_unix": _UNIX, "age_s": _COUNT}
)
_REPORT: Final = _object(
    {
        "format": {"type": "string"},
        "outcome": _OUTCOME,
        "authenticity": _OUTCOME,
        "reliance": _OUTCOME,
        "policy_version": {"type": "string"},
        "verified_at_unix": _UNIX,
        "as_of_unix": _UNIX,
        "log": _or_null(_object({"ledger_id": _HASH, "size": _COUNT, "time_unix": _UNIX})),
        "certificate": _or_null({"type": "object"}),
        "anchored_at_unix": _or_null(_UNIX),
        "presentation": {"enum": [each.value for each in Presentation]},
        "checks": {"type": "array", "items": _CHECK},
        "words": _object(
            {
                "outcome": _WORDS,
                "authenticity": _WORDS,
                "reliance": _WORDS,
                "reasons": {"type": "array", "items": {"type": "object"}},
                "next": {"type": "array", "items": _WORDS},
            }
        ),
        "titles": {"type": "object", "description": "Chinese titles of the shown fields."},
        "knowledge": _or_null(_KNOWLEDGE),
        "unavailable": _or_null(_object({"code": {"type": "string"}})),
    }
)
_LOG_ROOT: Final = _object(
    {
        "ledger_id": _HASH,
        "size": _COUNT,
        "root": _HASH,
        "synced_to_unix": _UNIX,
        "age_s": _COUNT,
    }
)
_INCLUSION: Final = _object(
    {"index": _COUNT, "size": _COUNT, "leaf_hash": _HASH, "path": _HASHES, "root": _HASH}
)
_CONSISTENCY: Final = _object(
    {
        "first": _COUNT,
        "second": _COUNT,
        "first_root": _HASH,
        "second_root": _HASH,
        "path": _HASHES,
    }
)
_ENTRY: Final = _object(
    {
        "index": _COUNT,
        "kind": _HASH,
        "event": {"type": ["string", "null"], "description": "The event's name, if it is known."},
        "region": {"type": "string"},
        "actor": {"type": "string"},
        "subject": _HASH,
        "payload_hash": _HASH,
        "time_unix": _UNIX,
        "leaf_hash": _HASH,
        "payload": {"type": ["string", "null"], "description": "abi.encode of the event, as hex."},
    }
)
_ENTRIES: Final = _object(
    {"size": _COUNT, "entries": {"type": "array", "items": _ENTRY}, "next": _COUNT}
)


def _number(name: str, place: str, described: str, *, lowest: int = 0, **more: Any) -> Document:
    schema: Document = {"type": "integer", "minimum": lowest, "maximum": MAX_INDEX}
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": described,
        "schema": schema | more,
    }


def _text(name: str, described: str, **schema: Any) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": described,
        "schema": {"type": "string"} | schema,
    }


def _get(
    name: str,
    summary: str,
    schema: Document,
    *parameters: Document,
    tag: str = "log",
    media_type: str = "application/json",
    **more: Document,
) -> Document:
    success: Document = {"description": "OK", "content": {media_type: {"schema": schema}}}
    if tag == "log":
        success["headers"] = AGE_HEADERS
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": [tag],
            "security": [],
            "parameters": [*parameters],
            "responses": {"200": success, **more, **_refusals()},
        }
    }


def _refusals(*more: int) -> Document:
    statuses = sorted({400, 404, 421, 422, 429, 500, 503, *more})
    return {str(status): describe_problem(HTTPStatus(status)) for status in statuses}


_SIZE: Final = _number(
    "size", "query", "Of the log to prove it in; by default all of it.", lowest=1
)
_LOG_INDEX: Final = _number("log_index", "path", "Of the entry in the log, from 0.") | {
    "example": 0
}
_VERIFY: Final[Document] = {
    "post": {
        "operationId": "verify",
        "summary": "Judges a presented document.",
        "description": (
            "By this node's own copy of the log, as of the time that `knowledge` names. Every "
            "verdict is answered with 200, also that on a document that cannot be read. FAILED "
            "takes positive evidence: what cannot be told is INDETERMINATE."
        ),
        "tags": ["verification"],
        "security": [],
        "parameters": [
            _text(
                "relying_region",
                "Who wants to rely on it, six digits; by default this node's region; or: none.",
                pattern="^([0-9]{6}|none)?$",
            ),
            _text("as_of", "Time the verdict is about, RFC 3339 or unix seconds; default: now."),
            _text("nonce", "What a bound presentation must repeat.", maxLength=512),
            _text("audience", "Region to which a bound presentation must be addressed."),
        ],
        "requestBody": {
            "required": True,
            "description": "A `.zhenglian.json` document, or a bare SD-JWT. At most 1 MiB.",
            "content": {
                "application/json": {"schema": {}},
                "application/octet-stream": {"schema": {}},
            },
        },
        "responses": {
            "200": {
                "description": "The report, with words beside its codes.",
                "headers": AGE_HEADERS,
                "content": {"application/json": {"schema": _REPORT}},
            },
            **_refusals(413),
        },
    }
}

DESCRIBED: Final[dict[str, Document]] = {
    VERIFY_PATH: _VERIFY,
    ROOT_PATH: _get("log_root", "The log as this node has compared it with the chain.", _LOG_ROOT),
    CONSISTENCY_PATH: _get(
        "consistency_proof",
        "That the log of one size begins with that of another (RFC 9162 §2.1.4).",
        _CONSISTENCY,
        _number("first", "query", "The smaller size.", lowest=1) | {"required": True, "example": 1},
        _number("second", "query", "The larger size; by default all of the log.", lowest=1),
    ),
    ENTRIES_PATH: _get(
        "log_entries",
        "Entries of the log, oldest first.",
        _ENTRIES,
        _number("from", "query", "Index of the first.", default=0),
        _number("limit", "query", "At most so many.", lowest=1, maximum=MAX_ENTRIES, default=100),
    ),
    f"{ENTRIES_PATH}/{{log_index}}": _get("log_entry", "One entry of the log.", _ENTRY, _LOG_INDEX),
    f"{ENTRIES_PATH}/{{log_index}}/inclusion-proof": _get(
        "inclusion_proof",
        "That an entry is in the log (RFC 9162 §2.1.3).",
        _INCLUSION,
        _LOG_INDEX,
        _SIZE,
    ),
    LIVE_PATH: _get(
        "live",
        "Whether the process answers.",
        _object({"status": {"type": "string"}}),
        tag="node",
    ),
}

STATUS_LISTS_DESCRIBED: Final[dict[str, Document]] = {
    "/v1/status-lists/{batch_key}": _get(
        "fetch_status_list",
        "Status list of a batch, as a signed IETF Token Status List JWT.",
        {"type": "string"},
        {
            "name": "batch_key",
            "in": "path",
            "required": True,
            "description": "At the end of `status.status_list.uri` of the batch's certificates.",
            "schema": _HASH,
        },
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` of the list that the client has.",
            "schema": {"type": "string"},
        },
        tag="verification",
        media_type=STATUS_LIST_MEDIA_TYPE,
        **{
            "304": {"description": "The list is still the one with that tag."},
            "406": describe_problem(HTTPStatus.NOT_ACCEPTABLE),
        },
    )
}
