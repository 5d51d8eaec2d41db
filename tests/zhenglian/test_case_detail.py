from __future__ import annotations

from typing import Any

import pytest

from ledger.actions.audit import AuditStep
from zhenglian.case_detail import tell_detail
from zhenglian.language import Language


def make_step(**detail: Any) -> AuditStep:
    return AuditStep(0, 0, "x", "510000", "", "", None, "", "", detail, b"", ())


@pytest.mark.parametrize(
    ("detail", "chinese", "english"),
    [
        ({"place": "handler"}, "办理地", "handler"),
        ({"round": 2}, "第 2 轮材料", "round 2"),
        ({"procedure": "expert_review"}, "专家评审", "expert review"),
        (
            {"taker": "11510000000000001L", "mode": "postal"},
            "寄递，移交给 11510000000000001L",
            "by post, to 11510000000000001L",
        ),
        (
            {"due_at_unix": 1767578400},
            "办结期限 2026-01-05 10:00:00",
            "decision due 2026-01-05 10:00:00",
        ),
        (
            {"paused_since_unix": 1767578400},
            "自 2026-01-05 10:00:00 停止计时",
            "clock stands since 2026-01-05 10:00:00",
        ),
        ({"reliances": ["aa", "bb"]}, "依据 2 张证照", "certificates relied on: 2"),
        ({"state": "accepted"}, "案件：已受理", "case: accepted"),
        ({"remedies": "六十日内可申请行政复议"},) + ("六十日内可申请行政复议",) * 2,
    ],
)
def test_a_detail_is_told_in_both_languages(
    detail: dict[str, Any], chinese: str, english: str
) -> None:
    step = make_step(case="00", **detail)
    assert list(tell_detail(step, Language.ZH)) == [chinese]
    assert list(tell_detail(step, Language.EN)) == [english]


def test_the_first_round_goes_without_saying() -> None:
    assert list(tell_detail(make_step(case="00", round=1), Language.ZH)) == []


def test_the_version_of_the_matter_is_told_by_its_name() -> None:
    step = make_step(item_code="x", matter_version=2, name="许可证核发")
    assert list(tell_detail(step, Language.ZH)) == ["许可证核发，第 2 版"]


def test_a_step_that_is_of_no_case_has_none() -> None:
    assert list(tell_detail(make_step(state="accepted"), Language.ZH)) == []
