"""Policies, groups, pacts and explanations on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zhenglian.session import Session
from zhenglian.times import format_day, format_time
from zhenglian.words import describe_recognition

if TYPE_CHECKING:
    from ledger.actions.policies import Group, Pact, Policy
    from ledger.actions.recognition import ExplainedStep, Explanation
    from ledger.identifiers import CertificateType
    from ledger.records import PactTerms

_SHORT_ID = 12
_NO_END_UNIX = (1 << 40) - 1


def print_policy(session: Session, policy: Policy, told: str) -> None:
    """One policy, with what was done to it."""
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(policy)
        return
    output.line(told, "bold green")
    output.pairs(
        [
            (pick("使用地", "relying"), str(policy.relying)),
            (pick("颁发地", "source"), str(policy.source)),
            (pick("证照类型", "type"), _type(session, policy.certificate_type)),
            (pick("版本", "version"), str(policy.version)),
            (pick("签章等级", "seal level"), str(policy.minimum_seal_level)),
            (pick("期限", "in force"), _span(policy.valid_from_unix, policy.valid_until_unix)),
            (pick("条件摘要", "conditions"), _digest(policy.conditions_hash)),
            (pick("日志序号", "log index"), str(policy.log_index)),
            (pick("记录时间", "recorded"), format_time(policy.recorded_at_unix)),
        ]
    )


def print_policies(session: Session, policies: Sequence[Policy]) -> None:
    """The newest version of each policy."""
    output, pick = session.output, session.language.pick
    if not policies:
        output.line(pick("尚无互认规则。", "There is no policy yet."))
        return
    output.table(
        (
            pick("使用地", "relying"),
            pick("颁发地", "source"),
            pick("证照类型", "type"),
            pick("版本", "version"),
            pick("状态", "state"),
            pick("签章等级", "seal level"),
            pick("期限", "in force"),
            pick("协议", "pact"),
        ),
        (
            (
                str(each.relying),
                str(each.source),
                _type(session, each.certificate_type),
                str(each.version),
                describe_recognition(each.state, session.language),
                str(each.minimum_seal_level),
                _span(each.valid_from_unix, each.valid_until_unix),
                each.pact_id.hex()[:_SHORT_ID] if each.pact_id else "",
            )
            for each in policies
        ),
    )


def print_groups(session: Session, groups: Sequence[Group]) -> None:
    """Groups with their parties; of one alone with --json, that one."""
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(groups[0])
        return
    if not groups:
        return
    output.line()
    output.table(
        (pick("互认组织", "group"), pick("名称", "name"), pick("成员", "parties")),
        (
            (
                str(group.group),
                group.name,
                " ".join(_party(session, group, number) for number in range(len(group.parties))),
            )
            for group in groups
        ),
    )


def print_pacts(session: Session, pacts: Sequence[Pact]) -> None:
    """Pacts: who has signed, who is missing."""
    if not pacts:
        return
    output, pick = session.output, session.language.pick
    output.line()
    output.table(
        (
            pick("协议", "pact"),
            pick("各方", "sides"),
            pick("状态", "state"),
            pick("已签", "signed"),
            pick("未签", "missing"),
        ),
        (
            (
                pact.pact_id.hex()[:_SHORT_ID],
                " ↔ ".join(dict.fromkeys((str(pact.terms.party_a), str(pact.terms.party_b)))),
                describe_recognition(pact.state, session.language),
                " ".join(map(str, pact.signed)),
                " ".join(map(str, pact.missing)),
            )
            for pact in pacts
        ),
    )


def print_terms(session: Session, pact_id: bytes, terms: PactTerms) -> None:
    """What the sides of a pact agree on."""
    output, pick = session.output, session.language.pick
    types = [_type(session, each) for each in terms.certificate_types or (None,)]
    is_of_group = terms.party_a == terms.party_b
    output.pairs(
        [
            (pick("协议编号", "pact id"), pact_id.hex()),
            (pick("各方", "sides"), "" if is_of_group else f"{terms.party_a} ↔ {terms.party_b}"),
            (pick("互认组织", "group"), str(terms.party_a) if is_of_group else ""),
            (pick("证照类型", "types"), ", ".join(types)),
            (pick("签章等级", "seal level"), str(terms.minimum_seal_level)),
            (pick("期限", "in force"), _span(terms.valid_from, terms.valid_until)),
            (pick("条件摘要", "conditions"), _digest(terms.conditions_hash)),
            (pick("签署截止", "sign before"), format_time(terms.sign_until)),
        ]
    )


def print_explanation(session: Session, found: Explanation) -> None:
    """Whether something is recognised, by what, and what else was found."""
    output, pick = session.output, session.language.pick
    if found.is_recognised:
        output.line(pick("✓ 认可", "✓ RECOGNISED"), "bold green")
    else:
        output.line(pick("✗ 不认可", "✗ NOT RECOGNISED"), "bold red")
    output.pairs(
        [
            (pick("使用地", "relying"), " < ".join(map(str, found.relying_parties))),
            (pick("颁发地", "source"), " < ".join(map(str, found.source_parties))),
            (pick("证照类型", "type"), str(found.certificate_type)),
            (pick("签章等级", "seal level"), str(found.seal_level)),
            (pick("时点", "as of"), format_time(found.at_unix)),
        ]
    )
    if not found.steps:
        output.line(
            pick("没有涉及双方的互认规则。", "No policy speaks of these two and this type.")
        )
        return
    output.line()
    output.table(
        (
            "",
            pick("依据", "way"),
            pick("结果", "result"),
            pick("规则", "policy"),
            pick("日志序号", "log index"),
        ),
        ((_mark(found, step), *_describe_step(session, step)) for step in found.steps),
    )


def _mark(found: Explanation, step: ExplainedStep) -> str:
    return "→" if step == found.cited else ""


def _describe_step(session: Session, step: ExplainedStep) -> tuple[str, str, str, str]:
    told = step.legal_basis or ""
    if (policy := step.policy) is not None:
        told = (
            f"{policy.relying} ← {policy.source} {_type(session, policy.certificate_type)} "
            f"v{policy.version} {_span(policy.valid_from_unix, policy.valid_until_unix)}"
        )
    return (
        describe_recognition(step.way, session.language),
        describe_recognition(step.result, session.language),
        told,
        " ".join(map(str, step.log_indexes)),
    )


def _party(session: Session, group: Group, number: int) -> str:
    party = group.parties[number]
    has_left = party.member is not None and str(party.member) in group.left_at_unix
    return f"{party}{session.language.pick('（已退出）', ' (left)')}" if has_left else str(party)


def _type(session: Session, certificate_type: CertificateType | None) -> str:
    every = session.language.pick("全部类型", "every type")
    return every if certificate_type is None else str(certificate_type)


def _span(from_unix: int, until_unix: int) -> str:
    if until_unix == 0:
        return "–"
    last = "" if until_unix >= _NO_END_UNIX else format_day(until_unix - 1)
    return f"{format_day(from_unix)} – {last}".rstrip()


def _digest(digest: bytes) -> str:
    return digest.hex() if any(digest) else ""
