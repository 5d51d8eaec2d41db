"""收发: what this node sends to other nodes and what it got from them, for the people it concerns.

The nodes themselves speak to each other by `node_api.deliveries.routes`.
"""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.deliveries.cases import receive_case, send_hand_over, send_share
from ledger.actions.deliveries.inbox import (
    discard_delivery,
    list_inbox,
    list_outgoing,
    read_receipt,
    resolve_delivery,
    retry_delivery,
    send_content,
    send_file,
    show_delivery,
    take_delivery,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import DIGEST, HOUSING, SICHUAN_HOUSING

TAG = "deliveries"
ONE = "/v1/outgoing/{delivery_id}"
ARRIVED = "/v1/inbox/{delivery_id}"
_ACTING = (Role.CLERK, Role.OFFICER)
LISTING = Access.of(
    *_ACTING, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.DEPARTMENT, personal=True
)
SHOWING = Access.of(
    *_ACTING, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.DELIVERY, personal=True
)
RECEIPT = Access.of(
    *_ACTING, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, rule=ObjectRule.DELIVERY
)
_DELIVERY = {"delivery_id": DIGEST}
_CASE = {"case_id": DIGEST}

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/v1/inbox", list_inbox, LISTING, TAG, example={"department": HOUSING}),
    Operation("GET", ARRIVED, show_delivery, SHOWING, TAG, example=_DELIVERY),
    Operation(
        "POST",
        f"{ARRIVED}/content",
        take_delivery,
        Access.of(*_ACTING, rule=ObjectRule.DELIVERY, changes=True, personal=True),
        TAG,
        example=_DELIVERY,
        media_type="application/octet-stream",
    ),
    Operation(
        "POST",
        f"{ARRIVED}/case",
        receive_case,
        Access.of(*_ACTING, rule=ObjectRule.DELIVERY, changes=True),
        TAG,
        officer="officer",
        example=_DELIVERY | {"note": "齐全"},
    ),
    Operation(
        "DELETE",
        ARRIVED,
        discard_delivery,
        Access.of(Role.OFFICER, rule=ObjectRule.DELIVERY, changes=True),
        TAG,
        example=_DELIVERY,
    ),
    Operation(
        "GET",
        "/v1/delivery-ids/{text}",
        resolve_delivery,
        Access.of(*_ACTING, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR),
        TAG,
        example={"text": DIGEST[:8]},
    ),
    Operation("GET", "/v1/outgoing", list_outgoing, LISTING, TAG, example={"department": HOUSING}),
    Operation(
        "POST",
        "/v1/outgoing",
        send_content,
        Access.of(*_ACTING, rule=ObjectRule.DEPARTMENT, at="sender", changes=True),
        TAG,
        status=HTTPStatus.ACCEPTED,
        example={
            "kind": "presentation",
            "receiver": SICHUAN_HOUSING,
            "content": "7b7d",
            "sender": HOUSING,
            "name": "evidence.json",
        },
    ),
    Operation(
        "POST",
        "/v1/outgoing-files",
        send_file,
        Access.local(changes=True),
        TAG,
        summary="Sends a file of this machine, however large: it is read in pieces.",
        status=HTTPStatus.ACCEPTED,
        example={"kind": "result", "receiver": SICHUAN_HOUSING, "path": "/srv/result.pdf"},
    ),
    Operation(
        "GET",
        f"{ONE}/receipt",
        read_receipt,
        RECEIPT,
        TAG,
        name="read_delivery_receipt",
        example=_DELIVERY,
        media_type="application/octet-stream",
    ),
    Operation(
        "POST",
        f"{ONE}/retry",
        retry_delivery,
        Access.of(*_ACTING, Role.OPERATOR, rule=ObjectRule.DELIVERY, changes=True),
        TAG,
        example=_DELIVERY,
    ),
    Operation(
        "POST",
        "/v1/cases/{case_id}/sent-hand-overs",
        send_hand_over,
        Access.of(*_ACTING, rule=ObjectRule.CASE_CUSTODIAN, changes=True),
        TAG,
        status=HTTPStatus.ACCEPTED,
        officer="officer",
        example=_CASE,
    ),
    Operation(
        "POST",
        "/v1/cases/{case_id}/sent-shares",
        send_share,
        Access.of(Role.OFFICER, rule=ObjectRule.CASE, changes=True, personal=True),
        TAG,
        status=HTTPStatus.ACCEPTED,
        example=_CASE | {"department": SICHUAN_HOUSING},
    ),
)
