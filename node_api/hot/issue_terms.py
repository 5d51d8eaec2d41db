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
        None if related is None else parse_related(_text(document, "related_certificate_id")),
        None if case_id is None else parse_case_id(_text(document, "case_id")),
    )


def named_issuer(document: dict[str, object]) -> Uscc | None:
    """The department that a body names. Raises MalformedInputError."""
    if document.get("issuer") is None:
        return None
    try:
        return parse_issuer(_text(document, "issuer"))
    except MalformedInputError as error:
        raise MalformedInputError(error.message, field="issuer") from error


def parse_case_id(text: str) -> bytes:
    """The case whose result is issued. Raises MalformedInputError."""
    if not _CASE_ID.fullmatch(text):
        raise MalformedInputError("case_id: expected 64 lower-case hex digits", field="case_id")
    return bytes.fromhex(text)


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


def parse_related(text: str) -> CertificateId:
    """The certificate that is replaced or continued. Raises MalformedInputError."""
    try:
        return CertificateId.parse(text)
    except MalformedInputError as error:
        raise MalformedInputError(error.message, field="related_certificate_id") from error
