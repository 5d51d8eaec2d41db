"""保管: erasing contents and keeping them from it, lost batches, and how backups stand."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from ledger.actions.backup_record import read_backup_status
from ledger.actions.erasure import erase_certificate, place_hold, preview_erasure
from ledger.actions.erasure_register import export_register
from ledger.actions.holds import end_hold, list_holds
from ledger.actions.lost_batch_orders import (
    give_up_lost_batch,
    list_lost_batches,
    plan_lost_batch,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.certificates import ONE
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, DIGEST

TAG: Final = "keeping"
LOST: Final = "/v1/lost-batches"
ERASING = Access.of(Role.OFFICER, rule=ObjectRule.CERTIFICATE, changes=True)
HOLDING = Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.CERTIFICATE, changes=True)
WATCHING = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.CERTIFICATE
)
GIVING_UP = Access.of(Role.OFFICER, rule=ObjectRule.MEMBER, changes=True)
OVERSEEING = Access.of(
    Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, rule=ObjectRule.MEMBER
)
OPERATING = Access.of(Role.OPERATOR, Role.AUDITOR, rule=ObjectRule.MEMBER)

_ONE = {"certificate_id": CERTIFICATE}
_GIVEN_UP = {"batch_key": DIGEST, "reason": "99", "legal_basis": "数据丢失，依法补发"}

OPERATIONS = (
    Operation(
        "GET",
        f"{ONE}/erasure",
        preview_erasure,
        Access.of(Role.OFFICER, rule=ObjectRule.CERTIFICATE),
        TAG,
        example=_ONE,
    ),
    Operation(
        "POST",
        f"{ONE}/erasure",
        erase_certificate,
        ERASING,
        TAG,
        officer="officer",
        example={**_ONE, "reason": "持证人申请删除"},
    ),
    Operation("GET", f"{ONE}/holds", list_holds, WATCHING, TAG, example=_ONE),
    Operation(
        "POST",
        f"{ONE}/holds",
        place_hold,
        HOLDING,
        TAG,
        status=HTTPStatus.CREATED,
        officer="officer",
        example={**_ONE, "reason": "行政诉讼"},
    ),
    Operation(
        "POST",
        f"{ONE}/holds/release",
        end_hold,
        HOLDING,
        TAG,
        officer="officer",
        example={**_ONE, "reason": "诉讼终结", "number": 1},
    ),
    Operation("GET", LOST, list_lost_batches, OVERSEEING, TAG),
    Operation(
        "POST",
        f"{LOST}/{{batch_key}}/plan",
        plan_lost_batch,
        Access.of(Role.OFFICER, rule=ObjectRule.MEMBER),
        TAG,
        officer="officer",
        example=_GIVEN_UP,
    ),
    Operation(
        "POST",
        f"{LOST}/{{batch_key}}/revocation",
        give_up_lost_batch,
        GIVING_UP,
        TAG,
        officer="officer",
        example=_GIVEN_UP,
    ),
    Operation("GET", "/v1/erasures", export_register, OPERATING, TAG),
    Operation("GET", "/v1/backups", read_backup_status, OPERATING, TAG),
)
