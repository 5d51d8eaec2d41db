"""办件: cases from 收件 to 送达, each act made by the department whose it is.

A clerk receives, supplies, hands over and delivers; an officer judges, decides and concludes, and
is who the sealed statement commits to. What the chain alone tells, everybody here may read; what
the papers tell is personal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ledger.actions.cases.accepting import (
    accept_case,
    deem_accepted,
    refuse_case,
    request_supplement,
    supplement_case,
)
from ledger.actions.cases.clocks import extend_case, pause_case, resume_case
from ledger.actions.cases.concluding import (
    conclude_case,
    deliver_case,
    issue_result,
    withdraw_case,
)
from ledger.actions.cases.deciding import assign_step, decide_step, end_step_time
from ledger.actions.cases.erasing import erase_case
from ledger.actions.cases.judging import tell_judgement
from ledger.actions.cases.kept_papers import list_papers, read_paper
from ledger.actions.cases.listing import CaseFilter, page_cases
from ledger.actions.cases.opening import receive_application
from ledger.actions.cases.packages import (
    import_package,
    keep_receipt,
    share_case,
    was_handed_over,
)
from ledger.actions.cases.papers import resolve_case
from ledger.actions.cases.showing import show_case_contents, show_case_record
from ledger.actions.cases.travelling import hand_over, take_over
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, DIGEST, HOUSING, ITEM, SICHUAN_HOUSING

TAG = "cases"
ONE = "/v1/cases/{case_id}"
READING = Access.of(Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR)
CONTENTS = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.CASE, personal=True
)
JUDGING = Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.CASE, personal=True)
NOTING = Access.of(Role.CLERK, Role.OFFICER, changes=True)  # whatever anybody may have recorded

_CASE = {"case_id": DIGEST}
_TEXT = {"text": "情况属实，同意"}
_BASIS = {"legal_basis": "《行政许可法》第三十二条"}
_REMEDIES = {"remedies": "六十日内可申请行政复议，六个月内可提起行政诉讼"}
_PARTY = {"name": "四川示例建设有限公司", "code_type": "001", "code": "91160101MA0000001W"}
_MATERIAL = {"name": "劳动合同", "kind": "document", "certificate_type": None, "content": "255044"}
_SUBMISSION = {
    "item_code": ITEM,
    "applicant": _PARTY,
    "materials": [_MATERIAL],
    "channel": "window",
    "identity_method": "营业执照和经办人居民身份证",
}


def _by_clerk(rule: ObjectRule) -> Access:
    return Access.of(Role.CLERK, Role.OFFICER, rule=rule, changes=True)


def _by_officer(rule: ObjectRule = ObjectRule.CASE_HANDLER) -> Access:
    return Access.of(Role.OFFICER, rule=rule, changes=True)


def _act(
    path: str, action: Callable[..., Any], access: Access, example: Mapping[str, object]
) -> Operation:
    """An act on one case; the officer is whoever asks."""
    return Operation(
        "POST",
        f"{ONE}/{path}",
        action,
        access,
        TAG,
        officer="officer",
        example={**_CASE, **example},
    )


_READING = (
    Operation("GET", "/v1/cases", page_cases, READING, TAG, example={"only_ours": True}),
    Operation(
        "GET",
        "/v1/overdue-cases",
        page_cases,
        READING,
        TAG,
        name="page_overdue_cases",
        summary="The cases of this home in which something is overdue, the most urgent first.",
        fixed={"wanted": CaseFilter(only_ours=True, only_overdue=True)},
    ),
    Operation(
        "GET", "/v1/case-ids/{text}", resolve_case, READING, TAG, example={"text": DIGEST[:12]}
    ),
    Operation("GET", ONE, show_case_record, READING, TAG, example=_CASE),
    Operation(
        "GET",
        "/v1/own-cases/{case_id}",
        show_case_record,
        Access.of(Role.HOLDER, rule=ObjectRule.CASE),
        TAG,
        name="follow_own_case",
        summary="Where an applicant's own case stands (进度条).",
        example=_CASE,
    ),
    Operation(
        "GET",
        f"{ONE}/contents",
        show_case_contents,
        CONTENTS,
        TAG,
        summary="One case with what this home has of it: officers, materials and their verdicts.",
        example=_CASE,
    ),
    Operation("GET", f"{ONE}/judgement", tell_judgement, JUDGING, TAG, example=_CASE),
    Operation("GET", f"{ONE}/papers", list_papers, CONTENTS, TAG, example=_CASE),
    Operation(
        "GET",
        f"{ONE}/papers/{{digest}}",
        read_paper,
        CONTENTS,
        TAG,
        media_type="application/octet-stream",
        example={**_CASE, "digest": DIGEST},
    ),
    Operation(
        "GET",
        f"{ONE}/hand-overs/{{digest}}",
        was_handed_over,
        READING,
        TAG,
        example={**_CASE, "digest": DIGEST},
    ),
)

_FILING = (
    Operation(
        "POST",
        "/v1/cases",
        receive_application,
        Access.of(
            Role.CLERK, Role.OFFICER, rule=ObjectRule.DEPARTMENT, at="department", changes=True
        ),
        TAG,
        status=HTTPStatus.CREATED,
        officer="officer",
        example={"submission": _SUBMISSION, "department": HOUSING},
    ),
    _act(
        "supplement-request",
        request_supplement,
        _by_officer(),
        {"text": "请于五日内补交劳动合同", "items": ["劳动合同"]},
    ),
    _act(
        "supplement",
        supplement_case,
        _by_clerk(ObjectRule.CASE_WINDOW),
        {"materials": [_MATERIAL]},
    ),
    _act(
        "withdrawal",
        withdraw_case,
        _by_clerk(ObjectRule.CASE_WINDOW),
        {"text": "申请人书面撤回"},
    ),
)

_DECIDING = (
    _act("acceptance", accept_case, _by_officer(), {"is_despite": False}),
    _act("refusal", refuse_case, _by_officer(), {**_TEXT, **_BASIS, **_REMEDIES}),
    Operation("POST", f"{ONE}/deemed-acceptance", deem_accepted, NOTING, TAG, example=_CASE),
    _act("assignment", assign_step, _by_officer(), {"named": [HOUSING]}),
    _act(
        "decisions",
        decide_step,
        _by_officer(ObjectRule.CASE_DECIDER),
        {"decision": "approve", **_TEXT, "department": SICHUAN_HOUSING},
    ),
    Operation("POST", f"{ONE}/step-time-end", end_step_time, NOTING, TAG, example=_CASE),
    _act(
        "pause",
        pause_case,
        _by_officer(),
        {"procedure": "expert_review", "text": "组织专家评审，不计入办理时限"},
    ),
    _act("resumption", resume_case, _by_officer(), {"text": "专家评审通过"}),
    _act(
        "extension",
        extend_case,
        _by_officer(),
        {"working_days": 10, "text": "经负责人批准延长", **_BASIS},
    ),
    _act("conclusion", conclude_case, _by_officer(), {"text": "准予颁发安全生产许可证"}),
    _act("result", issue_result, _by_officer(), {"certificate_id": CERTIFICATE}),
    _act("erasure", erase_case, _by_officer(ObjectRule.CASE), {"reason": "申请人申请删除"}),
)

_TRAVELLING = (
    _act("hand-over", hand_over, _by_clerk(ObjectRule.CASE_CUSTODIAN), {"mode": "network"}),
    _act(
        "take-over",
        take_over,
        _by_clerk(ObjectRule.CASE_TAKER),
        {"note": "纸质材料一袋，完好"},
    ),
    _act(
        "delivery",
        deliver_case,
        _by_clerk(ObjectRule.CASE_CUSTODIAN),
        {"text": "申请人于窗口签收"},
    ),
    Operation(
        "POST",
        f"{ONE}/shares",
        share_case,
        Access.of(Role.OFFICER, rule=ObjectRule.CASE, changes=True, personal=True),
        TAG,
        media_type="application/octet-stream",
        example={**_CASE, "department": HOUSING},
    ),
    Operation(
        "POST",
        f"{ONE}/shared-papers",
        import_package,
        _by_clerk(ObjectRule.CASE),
        TAG,
        example={**_CASE, "package": "00"},
    ),
    Operation(
        "POST",
        f"{ONE}/receipts",
        keep_receipt,
        _by_clerk(ObjectRule.CASE),
        TAG,
        example={**_CASE, "receipt": b"{}".hex()},
    ),
)

OPERATIONS = (*_READING, *_FILING, *_DECIDING, *_TRAVELLING)
