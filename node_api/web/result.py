"""The HTML of a verdict, and of what went wrong before there could be one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Final

from ledger.actions.verifying import Verdict
from ledger.formats.civil_time import CHINA
from ledger.verification.finding import Outcome
from ledger.verification.report import Presentation, Report
from ledger.verification.worded import decisive_reasons
from ledger.verification.wording import (
    CHECK_WORDING,
    OUTCOME_WORDING,
    REASON_WORDING,
    Wording,
)
from node_api.web import words
from node_api.web.language import Language

_MARKS: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.INDETERMINATE: "?",
    Outcome.NOT_REQUIRED: "–",
}
_WORD_BEGINS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LATEST: Final = 253_402_271_999  # the last second of year 9999 in China
_UNITS: Final = ((86_400, "天", "days"), (3_600, "小时", "hours"), (60, "分钟", "minutes"))


def render_problem(language: Language, name: str) -> str:
    """Why nothing was verified, and what to do.

    Args:
        name: one of `words.PROBLEMS`.
    """
    what, then = words.PROBLEMS[name]
    return (
        '<div class="verdict problem" role="alert">'
        '<p class="outcome"><span class="mark" aria-hidden="true">!</span>'
        f"{say(language, what)}</p>"
        f"<p>{say(language, then)}</p></div>"
    )


def render_result(language: Language, verdict: Verdict, document: Mapping[str, object]) -> str:
    """A verdict in words.

    Args:
        document: the report as the API answers it.
    """
    report = verdict.report
    parts = [
        _render_verdict(language, verdict),
        _render_certificate(language, report, verdict.titles),
        _render_basis(language, report, document),
        _render_checks(language, report),
        _render_actions(language),
    ]
    return "".join(parts)


def _render_verdict(language: Language, verdict: Verdict) -> str:
    report = verdict.report
    name = say(language, OUTCOME_WORDING[report.outcome])
    told = say(language, words.VERDICTS[report.outcome])
    reasons = [REASON_WORDING[reason] for reason in decisive_reasons(report)]
    why = [escape(language.pick(each.zh, each.en)) for each in reasons]
    steps = [escape(language.pick(each.next_zh, each.next_en)) for each in reasons]
    if verdict.unavailable is not None:
        why.append(say(language, words.UNAVAILABLE))
    more = _render_list(language, words.REASONS, why) + _render_list(language, words.NEXT, steps)
    return (
        f'<div class="verdict {report.outcome.lower()}">'
        f'<p class="outcome"><span class="mark" aria-hidden="true">{_MARKS[report.outcome]}</span>'
        f"{name}</p><p>{told}</p>{_render_sides(language, report)}{more}</div>"
    )


def _render_sides(language: Language, report: Report) -> str:
    """Whether it is what it claims to be, and whether to rely on it, told apart."""
    sides = ((words.AUTHENTICITY, report.authenticity), (words.RELIANCE, report.reliance))
    colon = language.pick("：", ": ")
    told = "".join(
        f'<li class="{outcome.lower()}"><span class="mark" aria-hidden="true">{_MARKS[outcome]}'
        f"</span> {say(language, name)}{colon}{say(language, OUTCOME_WORDING[outcome])}</li>"
        for name, outcome in sides
    )
    return f'<ul class="sides">{told}</ul>'


def _render_list(language: Language, title: Wording, items: Iterable[str]) -> str:
    rows = "".join(f"<li>{item}</li>" for item in dict.fromkeys(items))
    return f"<h2>{say(language, title)}</h2><ul>{rows}</ul>" if rows else ""


def _render_certificate(language: Language, report: Report, titles: Mapping[str, str]) -> str:
    certificate = report.certificate
    if certificate is None:
        return ""
    ends = certificate.valid_until_unix
    until = say(language, words.NO_END) if ends is None else _format_day(language, ends - 1)
    is_bound = report.presentation is Presentation.BOUND
    anchored = report.anchored_at_unix
    rows = [
        (words.NAME, escape(certificate.certificate_name)),
        (words.ISSUER, f"{escape(certificate.issuer_name)} ({escape(str(certificate.issuer))})"),
        (words.IDENTIFIER, f"<code>{escape(str(certificate.certificate_id))}</code>"),
        (words.VALIDITY, f"{_format_day(language, certificate.valid_from_unix)} – {until}"),
        (words.ANCHORED, "–" if anchored is None else _format_time(language, anchored)),
        (words.BOUND, say(language, words.BOUND_YES if is_bound else words.BOUND_NO)),
    ]
    listed = [(say(language, name), value) for name, value in rows]
    listed += [
        (_render_title(language, name, titles), _render_value(value))
        for name, value in certificate.fields.items()
    ]
    hidden = certificate.hidden_fields
    note = f'<p class="hint">{say(language, words.HIDDEN, count=hidden)}</p>' if hidden else ""
    return f"<h2>{say(language, words.SHOWN)}</h2>{_render_pairs(listed)}{note}"


def _render_basis(language: Language, report: Report, document: Mapping[str, object]) -> str:
    log = report.trusted_log
    known = say(language, words.KNOWLEDGE_NONE)
    if log is not None:
        knowledge = document["knowledge"]
        age_s = knowledge["age_s"] if isinstance(knowledge, dict) else 0
        known = _format_time(language, log.time_unix)
        if age := _format_age(language, int(age_s)):
            known += say(language, words.AGE, age=age)
        known += say(language, words.ENTRIES, size=log.size)
    rows = [
        (say(language, words.AS_OF_TIME), _format_time(language, report.as_of_unix)),
        (say(language, words.VERIFIED_AT), _format_time(language, report.verified_at_unix)),
        (say(language, words.KNOWLEDGE), known),
        (say(language, words.POLICY), f"<code>{escape(report.policy_version)}</code>"),
    ]
    return f"<h2>{say(language, words.BASIS)}</h2>{_render_pairs(rows)}"


def _render_checks(language: Language, report: Report) -> str:
    rows = []
    for check in report.checks:
        reason = REASON_WORDING[check.reason] if check.reason is not None else None
        told = "" if reason is None else escape(language.pick(reason.zh, reason.en))
        outcome = check.outcome if check.is_required else Outcome.NOT_REQUIRED
        rows.append(
            f'<tr class="{outcome.lower()}"><td>{check.name.number}. '
            f"{say(language, CHECK_WORDING[check.name])}</td>"
            f'<td><span class="mark" aria-hidden="true">{_MARKS[outcome]}</span> '
            f"{say(language, OUTCOME_WORDING[outcome])}</td><td>{told}</td></tr>"
        )
    heads = (words.CHECK, words.FINDING, words.EXPLANATION)
    head = "".join(f'<th scope="col">{say(language, each)}</th>' for each in heads)
    return (
        f"<details><summary>{say(language, words.CHECKS)}</summary>"
        f'<table class="checks"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _render_actions(language: Language) -> str:
    return (
        '<p class="actions">'
        f'<button type="button" class="plain" data-print>{say(language, words.PRINT)}</button>'
        f'<a class="button" href="/verify?lang={language}">{say(language, words.ANOTHER)}</a></p>'
    )


def _render_pairs(rows: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f"<dl>{told}</dl>"


def _render_title(language: Language, name: str, titles: Mapping[str, str]) -> str:
    """A field's title; schemas have Chinese ones alone, so that English adds the name's words."""
    title = titles.get(name, name)
    if language is Language.ZH:
        return escape(title)
    told = _WORD_BEGINS.sub(" ", name).replace("_", " ").strip().lower()
    told = f"{told[:1].upper()}{told[1:]}"
    return (
        escape(told) if title == name else f'{escape(told)} <span lang="zh">{escape(title)}</span>'
    )


def _render_value(value: object) -> str:
    if isinstance(value, str):
        return escape(value)
    return escape(json.dumps(value, ensure_ascii=False))


def _format_time(language: Language, unix: int) -> str:
    if not 0 <= unix <= _LATEST:
        return str(unix)
    moment = datetime.fromtimestamp(unix, CHINA)
    return language.pick(
        f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M:%S}（北京时间）",
        f"{moment:%Y-%m-%d %H:%M:%S} (UTC+8)",
    )


def _format_day(language: Language, unix: int) -> str:
    if not 0 <= unix <= _LATEST:
        return str(unix)
    day = datetime.fromtimestamp(unix, CHINA)
    return language.pick(f"{day.year}年{day.month}月{day.day}日", f"{day:%Y-%m-%d}")


def _format_age(language: Language, age_s: int) -> str:
    """How long ago, in one unit; empty for less than two minutes, which is as good as now."""
    for seconds, zh, en in _UNITS:
        if age_s >= 2 * seconds:
            return language.pick(f"约{age_s // seconds}{zh}", f"about {age_s // seconds} {en}")
    return ""


def say(language: Language, wording: Wording, **values: object) -> str:
    """A text of the page, escaped."""
    text = language.pick(wording.zh, wording.en)
    return escape(text.format(**values) if values else text)
