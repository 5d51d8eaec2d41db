"""What one step of a case says besides who and when, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zhenglian.case_words import describe
from zhenglian.language import Language
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.audit import AuditStep


def tell_detail(step: AuditStep, language: Language) -> Iterator[str]:
    """The parts of a line about a step; none if it is neither of a case nor of its matter."""
    detail, pick = step.detail, language.pick
    if "case" not in detail:
        if version := detail.get("matter_version"):
            yield detail["name"] + pick(f"，第 {version} 版", f", version {version}")
        return
    if place := detail.get("place"):
        yield describe("place", place, language)
    if number := detail.get("step"):
        yield pick(f"第 {number} 环节", f"step {number}")
    if (round_ := detail.get("round", 1)) > 1:
        yield pick(f"第 {round_} 轮材料", f"round {round_}")
    if procedure := detail.get("procedure"):
        yield describe("procedure", procedure, language)
    if taker := detail.get("taker"):
        mode = describe("other", detail["mode"], language)
        yield pick(f"{mode}，移交给 {taker}", f"{mode}, to {taker}")
    yield from _tell_times(step, language)
    if reliances := detail.get("reliances"):
        count = len(reliances)
        yield pick(f"依据 {count} 张证照", f"certificates relied on: {count}")
    if state := detail.get("state"):
        yield pick("案件：", "case: ") + describe("state", state, language)
    if version := detail.get("matter_version"):
        yield pick(f"事项标准第 {version} 版", f"matter version {version}")
    yield from filter(None, [detail.get("remedies", "")])


def _tell_times(step: AuditStep, language: Language) -> Iterator[str]:
    detail, pick = step.detail, language.pick
    for name, kind in (
        ("accept_by_unix", "acceptance"),
        ("due_at_unix", "decision"),
        ("step_due_at_unix", "step"),
    ):
        if at_unix := detail.get(name):
            told = format_time(at_unix).removesuffix(" +08:00")
            yield f"{describe('deadline', kind, language)} {told}"
    if since := detail.get("paused_since_unix"):
        told = format_time(since).removesuffix(" +08:00")
        yield pick(f"自 {told} 停止计时", f"clock stands since {told}")
