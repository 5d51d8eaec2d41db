"""What `zhenglian catalogue` prints of a type, of a matter, and of two definitions compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.catalogue import Comparison, DefinitionResult
    from ledger.actions.catalogue_documents import ShownMatter, ShownType
    from ledger.records import MatterStep

_SHORT_HASH = 16
_MEMBERS = {
    "name": "名称",
    "conditions": "申请条件",
    "channels": "申报方式",
    "acceptanceModes": "受理模式",
    "steps": "审核程序",
    "statutoryDays": "法定时限",
    "promisedDays": "承诺时限",
    "delivery": "发证方式",
    "fee": "收费标准",
    "requiredTypes": "免提交",
    "materials": "材料",
    "resultTypes": "结果证照",
}
_RULES = {"all": "全部同意", "threshold": "达到票数", "ordered": "依次同意"}


def tell_definition(session: Session, result: DefinitionResult) -> None:
    """A version that was recorded."""
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result)
        return
    output.line(f"{pick('已列入目录', 'In the catalogue')}: {result.code} {result.name}", "bold")
    output.pairs(
        [
            (pick("版本", "version"), str(result.version)),
            (pick("散列", "hash"), result.hash.hex()),
            (pick("文件", "file"), str(result.file)),
            (pick("日志序号", "log index"), str(result.log_index)),
            (pick("记录时间", "recorded"), format_time(result.recorded_at_unix)),
        ]
    )


def print_type(session: Session, shown: ShownType) -> None:
    """A type."""
    output, pick, found = session.output, session.language.pick, shown.catalogued
    if output.is_json:
        output.document(found, at_hand=shown.at_hand)
        return
    output.line(f"{found.certificate_type}  {found.versions[-1].name}", "bold")
    national = pick("是", "yes") if found.is_national else pick("否", "no")
    output.pairs(
        [
            (pick("全国互认", "national"), national),
            (pick("依据", "legal basis"), found.legal_basis),
        ]
    )
    output.table(
        (
            pick("版本", "version"),
            pick("定义者", "defined by"),
            pick("记录时间", "recorded"),
            pick("规范散列", "schema hash"),
            pick("在手", "at hand"),
        ),
        (
            (
                str(version.version),
                str(version.member),
                format_time(version.recorded_at_unix),
                version.schema_hash.hex()[:_SHORT_HASH],
                pick("是", "yes") if is_at_hand else pick("否", "no"),
            )
            for version, is_at_hand in zip(found.versions, shown.at_hand, strict=True)
        ),
    )


def print_matter(session: Session, shown: ShownMatter) -> None:
    """A matter."""
    output, pick, found = session.output, session.language.pick, shown.catalogued
    newest = found.versions[-1]
    if output.is_json:
        content = None if shown.definition is None else orjson.loads(shown.definition)
        output.document(found, at_hand=shown.at_hand, definition=content)
        return
    output.line(f"{found.item_code}  {newest.name}", "bold")
    output.pairs(
        [
            (pick("部门", "department"), str(found.department)),
            (pick("版本", "version"), str(newest.version)),
            (pick("记录时间", "recorded"), format_time(newest.recorded_at_unix)),
            (pick("法定时限（工作日）", "statutory days"), str(newest.statutory_days)),
            (pick("承诺时限（工作日）", "promised days"), str(newest.promised_days)),
            (pick("免提交", "replaced by"), " ".join(map(str, newest.required_types))),
            (pick("结果证照", "results"), " ".join(map(str, newest.result_types))),
            (pick("散列", "hash"), newest.definition_hash.hex()),
        ]
    )
    _print_steps(session, newest.steps)
    if shown.definition is not None:
        _print_definition(session, shown.definition)
    else:
        output.line(
            pick(
                "本机没有该版本的定义文件；可用 `zhenglian catalogue import` 导入。",
                "This home lacks the definition; add its file with `zhenglian catalogue import`.",
            ),
            "yellow",
        )


def _print_steps(session: Session, steps: tuple[MatterStep, ...]) -> None:
    pick = session.language.pick
    session.output.table(
        (
            pick("审核程序", "step"),
            pick("规则", "rule"),
            pick("决定者", "deciders"),
            pick("工作日", "days"),
        ),
        (
            (
                step.name,
                pick(_RULES[step.rule.name.lower()], step.rule.name.lower()),
                " ".join(map(str, step.deciders))
                + (pick(f" 另指定 {step.named}", f" and {step.named} named") if step.named else ""),
                str(step.limit_days),
            )
            for step in steps
        ),
    )


def _print_definition(session: Session, document: bytes) -> None:
    from ledger.formats.matter import parse_matter

    definition = parse_matter(document)
    pick = session.language.pick
    fee = f"{definition.fee.amount_fen / 100:.2f}"
    session.output.pairs(
        [
            (pick("申请条件", "conditions"), "；".join(definition.conditions)),
            (pick("申报方式", "channels"), " ".join(definition.channels)),
            (pick("受理模式", "acceptance"), " ".join(definition.acceptance_modes)),
            (pick("发证方式", "delivery"), " ".join(definition.delivery)),
            (pick("收费（元）", "fee (yuan)"), f"{fee} {definition.fee.basis}"),
            (pick("其他材料", "materials"), "；".join(m.name for m in definition.materials)),
            (pick("说明", "comment"), definition.comment),
        ]
    )


def print_comparison(session: Session, compared: Comparison) -> None:
    """Two definitions of a matter: one line for each difference."""
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(compared)
        return
    heads = [f"{side.item_code}@{side.version}" for side in (compared.left, compared.right)]
    if not compared.differences:
        told = pick("两份定义没有差异。", "The two definitions do not differ.")
        output.line(told, "bold")
        return
    output.line(
        pick(f"{len(compared.differences)} 处差异", f"{len(compared.differences)} differences"),
        "bold",
    )
    output.table(
        (pick("条目", "member"), *heads),
        (
            (_name(session, each.path), _show(session, each.left), _show(session, each.right))
            for each in compared.differences
        ),
    )


def _name(session: Session, path: str) -> str:
    """A path with the Chinese name of its first member."""
    head = path.partition(".")[0].partition("[")[0]
    return session.language.pick(_MEMBERS.get(head, head) + path.removeprefix(head), path)


def _show(session: Session, value: object) -> str:
    if value is None:
        return session.language.pick("无", "–")
    return value if isinstance(value, str) else orjson.dumps(value).decode()
