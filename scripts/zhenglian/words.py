"""Statuses and recorded acts in words. An act without words here is shown by its name."""

from __future__ import annotations

from zhenglian.language import Language

_STATUSES = {
    "valid": ("有效", "valid"),
    "suspended": ("暂停使用", "suspended"),
    "revoked": ("已撤销", "revoked"),
    "superseded": ("已被替换", "superseded"),
}

_ACTS = {
    "batch_anchored": ("签发上链", "issued and anchored"),
    "suspended": ("暂停", "suspended"),
    "restored": ("恢复", "restored"),
    "revoked": ("撤销", "revoked"),
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
}


def describe_status(status: str, language: Language) -> str:
    """A status by its name in lower case."""
    return language.pick(*_STATUSES.get(status, (status, status)))


def describe_act(act: str, language: Language) -> str:
    """An act by the name that an audit trail gives it."""
    spaced = act.replace("_", " ")
    return language.pick(*_ACTS.get(act, (spaced, spaced)))
