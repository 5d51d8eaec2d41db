"""The routes between nodes as the OpenAPI document has them."""

from __future__ import annotations

from typing import Any, Final

from node_api.deliveries.transport import OFFSET_HEADER, PART_TYPE, PATH, SIGNATURE_HEADER
from node_api.openapi import Document

_TAG: Final = "between nodes"
_ID: Final = {
    "name": "delivery_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
_SIGNATURE: Final = {
    "name": SIGNATURE_HEADER,
    "in": "header",
    "required": True,
    "description": "base64url of r ‖ s over the request, by the key that sealed the announcement",
    "schema": {"type": "string"},
}
_OFFSET: Final = {
    "name": OFFSET_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}
_JSON: Final = {"application/json": {"schema": {"type": "object"}}}
_ARRIVAL: Final = {"description": "How far the delivery is.", "content": _JSON}
_PROBLEM: Final = {
    "description": "A problem (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}


def _describe(
    name: str, summary: str, parameters: list[Any], body: str | None = None, **responses: Any
) -> Document:
    described: Document = {
        "operationId": name,
        "summary": summary,
        "tags": [_TAG],
        "security": [],
        "parameters": parameters,
        "responses": {"200": responses.get("ok", _ARRIVAL), "default": _PROBLEM},
    }
    if body is not None:
        schema = {"type": "object"} if body == "application/json" else {"type": "string"}
        described["requestBody"] = {"required": True, "content": {body: {"schema": schema}}}
    return described


DESCRIBED: Final[dict[str, Document]] = {
    PATH: {
        "post": _describe(
            "announce_delivery",
            "Announce a delivery, or ask how far one is that was announced.",
            [],
            "application/json",
        )
    },
    f"{PATH}/{{delivery_id}}": {
        "head": _describe(
            "read_delivery_offset",
            "How much of a delivery is here.",
            [_ID, _SIGNATURE],
            ok={"description": f"{OFFSET_HEADER} tells it."},
        ),
        "patch": _describe(
            "append_delivery",
            "Send the next part of a delivery.",
            [_ID, _SIGNATURE, _OFFSET],
            PART_TYPE,
        ),
    },
    f"{PATH}/{{delivery_id}}/receipt": {
        "get": _describe(
            "read_receipt_of_delivery",
            "The receipt for a delivery.",
            [_ID, _SIGNATURE],
            ok={"description": "The receipt.", "content": _JSON},
        )
    },
}
