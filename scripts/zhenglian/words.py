"""Statuses and recorded acts in words. An act without words here is shown by its name."""

from __future__ import annotations

from zhenglian.case_words import ACTS as _CASE_ACTS
from zhenglian.language import Language

_STATUSES = {
    "valid": ("有效", "valid"),
    "suspended": ("暂停使用", "suspended"),
    "revoked": ("已作废", "revoked"),
    "superseded": ("已被替换", "superseded"),
}

_TOPICS = {
    "recall": ("追溯", "recall"),
    "supplement": ("补正", "supplement"),
    "case": ("办件", "case"),
    "delivery": ("送递", "delivery"),
    "status": ("证照状态", "status"),
    "governance": ("治理", "governance"),
    "issuers": ("颁发机构", "departments"),
    "catalogue": ("目录", "catalogue"),
    "recognition": ("互认", "recognition"),
    "unreadable": ("本版本不能读取", "unreadable by this version"),
}

_ACTS = {
    "batch_anchored": ("签发上链", "issued and anchored"),
    "suspended": ("暂停", "suspended"),
    "restored": ("恢复", "restored"),
    "revoked": ("作废", "revoked"),
    "superseded": ("被替换", "superseded"),
    "status_changed": ("状态变更", "status changed"),
    "status_attested": ("状态证明", "status attested"),
    "consortium_founded": ("账本创立", "ledger founded"),
    "proposal_submitted": ("提出议案", "proposed"),
    "vote_cast": ("投票", "voted"),
    "member_admitted": ("成员加入", "member admitted"),
    "member_removed": ("成员退出", "member removed"),
    "member_keys_changed": ("成员密钥变更", "member's keys changed"),
    "member_attested": ("成员证明", "member attested"),
    "module_installed": ("模块启用", "module installed"),
    "group_defined": ("互认组织成立", "group named"),
    "group_left": ("退出互认组织", "group left"),
    "group_attested": ("互认组织证明", "group attested"),
    "policy_set": ("互认规则设定", "recognition policy set"),
    "pact_signed": ("互认协议签署", "recognition pact signed"),
    "policy_attested": ("互认规则证明", "recognition policy attested"),
    "delivery_acknowledged": ("签收回执", "delivery acknowledged"),
    "freeze_begun": ("冻结", "frozen"),
    "freeze_ended": ("解除冻结", "freeze ended"),
    "operator_changed": ("运维账户变更", "operator account changed"),
    "department_registered": ("机构登记", "department registered"),
    "department_attested": ("机构证明", "department attested"),
    "seal_key_registered": ("印章密钥登记", "seal key registered"),
    "seal_key_ended": ("印章密钥停用", "seal key ended"),
    "seal_key_compromised": ("印章密钥失密", "seal key compromised"),
    "seal_key_attested": ("印章密钥证明", "seal key attested"),
    "mandate_changed": ("授权变更", "mandate changed"),
    "mandate_attested": ("授权证明", "mandate attested"),
    "type_defined": ("证照类型入目录", "type defined"),
    "type_attested": ("证照类型证明", "type attested"),
    "national_type_changed": ("全国互认变更", "national type changed"),
    "matter_defined": ("事项入目录", "matter defined"),
    "matter_attested": ("事项证明", "matter attested"),
}

_PROPOSALS = {
    "admit member": "接纳成员",
    "remove member": "移除成员",
    "install module": "启用模块",
    "freeze": "冻结",
    "unfreeze": "解除冻结",
    "make type national": "设为全国互认",
    "end national type": "终止全国互认",
}
_PROPOSAL_STATES = {
    "open": "表决中",
    "executed": "已执行",
    "expired": "已过期",
    "lapsed": "已失效",
}

_RECOGNITION = {
    "in force": ("生效中", "in force"),
    "not yet in force": ("尚未生效", "not yet in force"),
    "ended": ("已终止", "ended"),
    "open": ("签署中", "open"),
    "concluded": ("已缔结", "concluded"),
    "expired": ("逾期未签", "expired"),
    "own_province": ("本省颁发", "own province"),
    "national_type": ("全国互认类型", "national type"),
    "policy": ("互认规则", "policy"),
    "recognised": ("认可", "recognised"),
    "not_national": ("不是全国互认类型", "not a national type"),
    "not_yet_in_force": ("规则尚未生效", "not yet in force"),
    "seal_level_too_low": ("签章等级不足", "seal level too low"),
}

# What is done to a certificate: in Chinese one word, in English before and after it is done.
# 作废 stands for 撤销, 注销 and 吊销 alike; which of them it is, the reason tells.
_VERBS = {
    "suspend": ("暂停", "suspend", "suspended"),
    "restore": ("恢复", "restore", "restored"),
    "revoke": ("作废", "revoke", "revoked"),
    "replace": ("替换", "replace", "replaced"),
}


def describe_plan(verb: str, count: int, language: Language) -> str:
    """What is about to be done to a number of certificates.

    >>> describe_plan("revoke", 1, Language.EN), describe_plan("revoke", 2, Language.ZH)
    ('revoke 1 certificate', '作废 2 张证照')
    """
    zh, en, _ = _VERBS[verb]
    return language.pick(f"{zh} {count} 张证照", f"{en} {count_certificates(count)}")


def describe_heading(verb: str, count: int, language: Language, *, dry_run: bool) -> str:
    """The same as a heading.

    >>> describe_heading("revoke", 2, Language.EN, dry_run=False)
    'Revoke 2 certificates'
    """
    plan = describe_plan(verb, count, language)
    if dry_run:
        return language.pick("试运行：", "Dry run: ") + plan
    return plan[0].upper() + plan[1:]


def describe_done(verb: str, count: int, language: Language) -> str:
    """What was done.

    >>> describe_done("revoke", 2, Language.EN), describe_done("revoke", 2, Language.ZH)
    ('2 certificates revoked', '已作废 2 张证照')
    """
    zh, _, done = _VERBS[verb]
    return language.pick(f"已{zh} {count} 张证照", f"{count_certificates(count)} {done}")


def count_certificates(count: int) -> str:
    """A number of certificates in English."""
    return f"{count:,} certificate{'' if count == 1 else 's'}"


def describe_status(status: str, language: Language) -> str:
    """A status by its name in lower case."""
    return language.pick(*_STATUSES.get(status, (status, status)))


def describe_topic(topic: str, language: Language) -> str:
    """What a notice is about."""
    return language.pick(*_TOPICS.get(topic, (topic, topic)))


def describe_act(act: str, language: Language) -> str:
    """An act by the name that an audit trail gives it."""
    spaced = act.replace("_", " ")
    return language.pick(*(_ACTS.get(act) or _CASE_ACTS.get(act) or (spaced, spaced)))


def describe_recognition(code: str, language: Language) -> str:
    """A way of recognition, what became of it, or the state of a policy or pact, by its name."""
    return language.pick(*_RECOGNITION.get(code, (code, code)))


def describe_proposal(action: str, language: Language) -> str:
    """What a proposal would do, by the name that governance gives it."""
    return language.pick(_PROPOSALS.get(action, action), action)


def describe_proposal_state(state: str, language: Language) -> str:
    """How far a proposal is, by the name that governance gives it."""
    return language.pick(_PROPOSAL_STATES.get(state, state), state)
