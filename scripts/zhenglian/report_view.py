"""A verdict on a screen: the outcome, what was shown, the eleven checks, what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.formats.certificate import Certificate
from ledger.formats.key_binding import AUDIENCE_PREFIX
from ledger.identifiers import CertificateType
from ledger.verification.finding import Outcome
from ledger.verification.report import Check, CheckName, Presentation, Report
from ledger.verification.wording import CHECK_WORDING, OUTCOME_WORDING, REASON_WORDING
from zhenglian.language import Language
from zhenglian.reasons import describe_reason
from zhenglian.session import Session
from zhenglian.times import format_day, format_time
from zhenglian.words import describe_recognition

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.INDETERMINATE: "?",
    Outcome.NOT_REQUIRED: "–",
}
_STYLES = {
    Outcome.PASSED: "bold green",
    Outcome.FAILED: "bold red",
    Outcome.INDETERMINATE: "bold yellow",
    Outcome.NOT_REQUIRED: "dim",
}


def print_report(session: Session, report: Report, titles: Mapping[str, str]) -> None:
    """Prints a verdict in the session's language.

    Args:
        titles: Chinese titles of the shown fields, by name.
    """
    output, pick = session.output, session.language.pick
    _print_outcome(session, report)
    if report.certificate is not None:
        _print_certificate(session, report, report.certificate, titles)
    output.line()
    output.table(
        ("", pick("检查", "check"), pick("理由", "reason")),
        (
            (f"{MARKS[check.outcome]} {check.name.number:>2}", _name(session, check), told)
            for check, told in zip(report.checks, _reasons(session, report), strict=True)
        ),
    )
    steps = list(dict.fromkeys(_next_steps(session, report)))
    if steps:
        output.line()
        output.line(pick("下一步", "What to do"), "bold")
        for step in steps:
            output.line(f"  {step}")


def _print_outcome(session: Session, report: Report) -> None:
    output, pick = session.output, session.language.pick
    words = OUTCOME_WORDING[report.outcome]
    told = pick(f"{words.zh} {report.outcome}", words.en.upper())
    output.line(f"{MARKS[report.outcome]} {told}", _STYLES[report.outcome])
    output.pairs(
        [
            (pick("证照真实", "authentic"), _outcome(session, report.authenticity)),
            (pick("可以采信", "to be relied on"), _outcome(session, report.reliance)),
            (pick("核验时点", "as of"), format_time(report.as_of_unix)),
            (pick("依据账本", "by the log"), _log(session, report)),
            (pick("规则", "policy"), report.policy_version),
        ]
    )


def _print_certificate(
    session: Session, report: Report, certificate: Certificate, titles: Mapping[str, str]
) -> None:
    output, pick = session.output, session.language.pick
    ends = certificate.valid_until_unix
    until = pick("长期", "no end") if ends is None else format_day(ends - 1)
    anchored = report.anchored_at_unix
    output.line()
    output.line(certificate.certificate_name, "bold")
    output.pairs(
        [
            (pick("证照标识", "identifier"), str(certificate.certificate_id)),
            (pick("颁发机构", "issuer"), f"{certificate.issuer_name} ({certificate.issuer})"),
            (pick("有效期", "valid"), f"{format_day(certificate.valid_from_unix)} – {until}"),
            (
                pick("上链时间", "anchored"),
                pick("未知", "not known") if anchored is None else format_time(anchored),
            ),
            (pick("关联证照", "related"), str(certificate.related_certificate_id or "")),
            (pick("所依案件", "result of case"), (certificate.case_id or b"").hex()),
            (pick("出示方式", "presentation"), _presentation(session, report, certificate)),
        ]
    )
    output.line()
    hidden = certificate.hidden_fields
    output.line(
        pick(f"出示的字段（另有 {hidden} 项未出示）", f"Fields shown ({hidden} others are not)"),
        "bold",
    )
    output.pairs((titles.get(name, name), str(value)) for name, value in certificate.fields.items())


def _presentation(session: Session, report: Report, certificate: Certificate) -> str:
    pick = session.language.pick
    binding = certificate.key_binding
    if report.presentation is Presentation.BEARER or binding is None:
        return pick("持有人出示，未绑定本人", "bearer: not bound to its holder")
    audience = binding.audience.removeprefix(AUDIENCE_PREFIX)
    purpose = f", {binding.purpose}" if binding.purpose else ""
    until = format_time(binding.valid_until_unix)
    return pick(
        f"本人出示，对象 {audience}{purpose}，至 {until}",
        f"bound to its holder, for {audience}{purpose}, until {until}",
    )


def _name(session: Session, check: Check) -> str:
    words = CHECK_WORDING[check.name]
    name = session.language.pick(words.zh, words.en)
    return (
        name if check.is_required else name + session.language.pick("（不要求）", " (not required)")
    )


def _reasons(session: Session, report: Report) -> Iterator[str]:
    """What is to be said of each check; what was just said is not said again."""
    kind = report.certificate.type if report.certificate is not None else None
    before = ""
    for check in report.checks:
        told = _explain(session, check, kind)
        yield session.language.pick("同上", "as above") if told and told == before else told
        before = told


def _explain(session: Session, check: Check, kind: CertificateType | None) -> str:
    if check.reason is None:
        return _cite(session, check) if check.name is CheckName.RECOGNITION else ""
    words = REASON_WORDING[check.reason]
    told = session.language.pick(words.zh, words.en)
    further = "; ".join(_further(session, check, kind))
    return f"{told} [{check.reason}]" + (f" {further}" if further else "")


def _cite(session: Session, check: Check) -> str:
    """What recognises the certificate."""
    detail = check.detail
    told = describe_recognition(str(detail.get("way", "")), session.language)
    if isinstance(policy := detail.get("policy"), Mapping):
        version = "?" if policy["version"] is None else policy["version"]
        kind = policy["certificate_type"] or session.language.pick("全部类型", "every type")
        told += f" {policy['relying']} ← {policy['source']} {kind} v{version}"
        told += session.language.pick("，日志 ", ", log ") + str(policy["log_index"])
    return " ".join([told, *([str(detail["legal_basis"])] if "legal_basis" in detail else [])])


def _further(session: Session, check: Check, kind: CertificateType | None) -> Iterator[str]:
    """What a person wants to know besides: of a status its date, reason and basis."""
    pick, detail = session.language.pick, check.detail
    is_english = session.language is Language.EN
    if check.name is CheckName.WELL_FORMED and "message" in detail and is_english:
        yield str(detail["message"])  # told in English only, and in the JSON
    if check.name is CheckName.STATUS and isinstance(
        recorded := detail.get("recorded_at_unix"), int
    ):
        yield pick(f"记录于 {format_time(recorded)}", f"recorded {format_time(recorded)}")
        reason = describe_reason(
            kind, int(str(detail["reason_code"])), session.language, session.schemas
        )
        yield pick(f"原因 {reason}", f"reason {reason}")
        yield str(detail["legal_basis"])


def _next_steps(session: Session, report: Report) -> Iterator[str]:
    decisive = [check for check in report.checks if check.is_required and check.reason is not None]
    wanted = Outcome.FAILED if report.outcome is Outcome.FAILED else Outcome.INDETERMINATE
    for check in decisive:
        if check.outcome is wanted and check.reason is not None:
            words = REASON_WORDING[check.reason]
            yield session.language.pick(words.next_zh, words.next_en)


def _log(session: Session, report: Report) -> str:
    if report.trusted_log is None:
        return session.language.pick("无可信账本", "none that is trusted")
    size, until = report.trusted_log.size, format_time(report.trusted_log.time_unix)
    return session.language.pick(f"共 {size} 条，截至 {until}", f"{size} entries, up to {until}")


def _outcome(session: Session, outcome: Outcome) -> str:
    words = OUTCOME_WORDING[outcome]
    return f"{MARKS[outcome]} {session.language.pick(words.zh, words.en.lower())}"
