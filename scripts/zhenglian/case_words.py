"""What concerns cases in words: acts, states, steps, times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zhenglian.language import Language

ACTS: Final[Mapping[str, tuple[str, str]]] = {
    "case_opened": ("收件", "received"),
    "case_handed_over": ("移交", "handed over"),
    "case_taken_over": ("接收", "taken over"),
    "supplement_requested": ("要求补正", "supplement asked for"),
    "case_supplemented": ("补正", "supplemented"),
    "acceptance_refused": ("不予受理", "acceptance refused"),
    "case_accepted": ("受理", "accepted"),
    "acceptance_deemed": ("逾期视为受理", "deemed accepted"),
    "case_paused": ("特别程序，停止计时", "clock stopped"),
    "case_resumed": ("恢复计时", "clock runs again"),
    "case_extended": ("延期", "extended"),
    "step_assigned": ("分配", "step assigned"),
    "step_approved": ("同意", "approved"),
    "step_rejected": ("不同意", "rejected"),
    "step_time_ended": ("否决期满", "time to veto passed"),
    "case_granted": ("办结：准予", "concluded: granted"),
    "case_rejected": ("办结：不予", "concluded: not granted"),
    "result_issued": ("出证", "result issued"),
    "case_delivered": ("送达", "delivered"),
    "case_withdrawn": ("撤回", "withdrawn"),
    "case_advanced": ("办件进展", "case moved on"),  # an act that this version does not know
    "step_decided": ("审批", "decided"),
    "case_attested": ("案件证明", "case attested"),
}

_STATES = {
    "received": ("已收件", "received"),
    "supplementing": ("待补正", "awaiting a supplement"),
    "not_accepted": ("不予受理", "not accepted"),
    "accepted": ("已受理", "accepted"),
    "reviewing": ("审批中", "under review"),
    "decided": ("已作决定，待办结", "decided, not concluded"),
    "approved": ("准予，已办结", "granted"),
    "rejected": ("不予，已办结", "not granted"),
    "issued": ("已出证", "result issued"),
    "delivered": ("已送达", "delivered"),
    "withdrawn": ("已撤回", "withdrawn"),
}
_PLACES = {
    "receiver": ("收件地", "receiver"),
    "handler": ("办理地", "handler"),
    "decider": ("参与审批", "decider"),
}
_DEADLINES = {
    "acceptance": ("受理期限", "acceptance due"),
    "decision": ("办结期限", "decision due"),
    "step": ("本环节期限", "step due"),
}
_PROCEDURES = {
    "hearing": ("听证", "hearing"),
    "inspection": ("检验", "inspection"),
    "testing": ("检测", "testing"),
    "appraisal": ("鉴定", "appraisal"),
    "expert_review": ("专家评审", "expert review"),
}
_RULES = {
    "all": ("全部同意", "all of"),
    "threshold": ("达到票数", "threshold of"),
    "ordered": ("依次同意", "in order"),
}
_OTHERS = {
    "network": ("网络传送", "over the network"),
    "postal": ("寄递", "by post"),
    "in_person": ("当面", "in person"),
    "approve": ("同意", "approved"),
    "reject": ("不同意", "rejected"),
    "open": ("未决", "open"),
    "approved": ("通过", "approved"),
    "rejected": ("未通过", "rejected"),
    "another_day": ("与按工作日推算的日期不符", "not the day that the working days give"),
    "calendar_unknown": ("缺少该年放假安排", "no holiday calendar for that year"),
    "PASSED": ("通过", "passed"),
    "FAILED": ("不通过", "failed"),
    "INDETERMINATE": ("无法判定", "indeterminate"),
}
_TABLES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "state": _STATES,
    "place": _PLACES,
    "deadline": _DEADLINES,
    "procedure": _PROCEDURES,
    "rule": _RULES,
    "other": _OTHERS,
}


_MATERIAL_REASONS = {
    "not_asked_for": ("事项未要求此件", "not asked for"),
    "presence_only": ("仅核对有此件", "only its presence was checked"),
    "report_missing": ("未经核验", "not verified"),
    "recognition_not_checked": ("未核对互认", "recognition not checked"),
    "certificate_of_another_type": ("证照类型不符", "certificate of another type"),
    "holder_is_not_applicant": ("持证主体不是申请人", "its holder is not the applicant"),
    "holder_not_shown": ("未出示持证主体", "its holder is not shown"),
    "too_old": ("超过规定的时限", "too old"),
    "seal_level_too_low": ("印章等级不足", "seal level too low"),
    "seal_level_unknown": ("印章等级未知", "seal level unknown"),
}
_MISSING = "missing:"


def describe_material_reason(reason: str, language: Language) -> str:
    """Why materials are as they were found: a reason of the matter's rules or of the verifier.

    >>> describe_material_reason("missing:劳动合同", Language.ZH)
    '缺少：劳动合同'
    """
    from ledger.verification.wording import REASON_WORDING

    if reason.startswith(_MISSING):
        name = reason.removeprefix(_MISSING)
        return language.pick(f"缺少：{name}", f"missing: {name}")
    if reason in _MATERIAL_REASONS:
        return language.pick(*_MATERIAL_REASONS[reason])
    for code, words in REASON_WORDING.items():
        if code.value == reason:
            return language.pick(words.zh, words.en)
    return reason


def describe(table: str, name: str, language: Language) -> str:
    """A name that the ledger gives something, in words; without words as it is.

    >>> describe("state", "not_accepted", Language.ZH), describe("state", "odd", Language.EN)
    ('不予受理', 'odd')
    """
    spaced = name.replace("_", " ")
    return language.pick(*_TABLES[table].get(name, (spaced, spaced)))
