"""互认协议: terms that one side drafts and every side signs."""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.pact_file import PACT_MEDIA_TYPE
from ledger.actions.pacts import (
    check_pact_document,
    draft_pact_document,
    show_pact,
    sign_pact_document,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.recognition import READING
from node_api.operations.samples import CHONGQING, DIGEST, PACT_DOCUMENT, SICHUAN, TYPE

TAG = "recognition"
DRAFTING = Access.of(Role.OPERATOR)
SIGNING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)

OPERATIONS = (
    Operation(
        "POST",
        "/v1/recognition/pact-drafts",
        draft_pact_document,
        DRAFTING,
        TAG,
        media_type=PACT_MEDIA_TYPE,
        example={"party_a": CHONGQING, "party_b": SICHUAN, "types": [TYPE]},
    ),
    Operation(
        "POST",
        "/v1/recognition/pacts",
        sign_pact_document,
        SIGNING,
        TAG,
        status=HTTPStatus.CREATED,
        check=check_pact_document,
        example={"document": PACT_DOCUMENT},
    ),
    Operation(
        "GET",
        "/v1/recognition/pacts/{pact_id}",
        show_pact,
        READING,
        TAG,
        example={"pact_id": DIGEST},
    ),
)
