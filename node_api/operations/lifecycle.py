"""变更: suspending, restoring, revoking and replacing, one by one and many at once.

Who decides is who asks. What is done twice is done once: the same order again does what is left.
"""

from __future__ import annotations

from typing import Final

from ledger.actions.bulk_replacement import replace_by_rows
from ledger.actions.decisions import LifecycleAct
from ledger.actions.replacement_orders import (
    plan_replacement_by_file,
    replace_by_file,
    replace_by_row,
)
from ledger.actions.status_orders import (
    change_status_of_one,
    change_statuses,
    check_status_order,
    check_status_order_of_one,
    plan_status_change,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.certificates import ONE
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, HOUSING, ROW, TYPE

TAG: Final = "lifecycle"
_DECIDERS = (Role.CLERK, Role.OFFICER)
CHANGING_ONE = Access.of(*_DECIDERS, rule=ObjectRule.CERTIFICATE, changes=True)
CHANGING_MANY = Access.of(*_DECIDERS, rule=ObjectRule.CERTIFICATES, changes=True)
PLANNING_ONE = Access.of(*_DECIDERS, rule=ObjectRule.CERTIFICATE)
PLANNING_MANY = Access.of(*_DECIDERS, rule=ObjectRule.CERTIFICATES)

_SUCCESSOR = f"1.2.156.3005.2.{TYPE}.{HOUSING}.20250000495.002.V"
_ORDER = {
    "reason": "02",
    "legal_basis": "《安全生产许可证条例》第十四条",
    "effective_date": "2026-01-15",
}
_MANY = {"act": "suspend", "certificate_ids": [CERTIFICATE], **_ORDER}
_ROW = {**ROW, "证照标识": _SUCCESSOR, "职务": "安全总监"}
_FILE = f"{','.join(_ROW)}\n{','.join(_ROW.values())}\n".encode().hex()
_REASONS = {LifecycleAct.SUSPEND: "02", LifecycleAct.RESTORE: "01", LifecycleAct.REVOKE: "03"}


def _act(act: LifecycleAct, summary: str) -> Operation:
    """One act on one certificate."""
    return Operation(
        "POST",
        f"{ONE}/{act}",
        change_status_of_one,
        CHANGING_ONE,
        TAG,
        name=f"{act}_certificate",
        summary=summary,
        officer="officer",
        check=check_status_order_of_one,
        fixed={"act": act},
        example={"certificate_id": CERTIFICATE, **_ORDER, "reason": _REASONS[act]},
    )


OPERATIONS = (
    _act(LifecycleAct.SUSPEND, "Suspends a certificate until it is restored."),
    _act(LifecycleAct.RESTORE, "Restores a suspended certificate."),
    _act(LifecycleAct.REVOKE, "Revokes a certificate for ever."),
    Operation(
        "POST",
        "/v1/status-changes",
        change_statuses,
        CHANGING_MANY,
        TAG,
        officer="officer",
        check=check_status_order,
        example=_MANY,
    ),
    Operation(
        "POST",
        "/v1/status-changes/plan",
        plan_status_change,
        PLANNING_MANY,
        TAG,
        officer="officer",
        example=_MANY,
    ),
    Operation(
        "POST",
        f"{ONE}/replacement",
        replace_by_row,
        CHANGING_ONE,
        TAG,
        officer="officer",
        example={"certificate_id": CERTIFICATE, "row": _ROW, **_ORDER, "reason": "04"},
    ),
    Operation(
        "POST",
        "/v1/replacements",
        replace_by_rows,
        CHANGING_MANY,
        TAG,
        officer="officer",
        example={"certificate_ids": [CERTIFICATE], "rows": [_ROW], **_ORDER, "reason": "04"},
    ),
    Operation(
        "POST",
        f"{ONE}/replacement/file",
        replace_by_file,
        CHANGING_ONE,
        TAG,
        officer="officer",
        example={"certificate_id": CERTIFICATE, "content": _FILE, **_ORDER, "reason": "04"},
    ),
    Operation(
        "POST",
        f"{ONE}/replacement/plan",
        plan_replacement_by_file,
        PLANNING_ONE,
        TAG,
        officer="officer",
        example={"certificate_id": CERTIFICATE, "content": _FILE, **_ORDER, "reason": "04"},
    ),
)
