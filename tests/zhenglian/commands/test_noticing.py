from __future__ import annotations

from ledger.actions.notices import Topic
from tests.support.command_line import Issued
from zhenglian.commands.noticing import TopicName

SUSPEND = ("suspend", "--reason", "02", "--legal-basis", "《某条例》", "--yes")


def test_notices_go_on_behind_the_index_that_was_told(issued: Issued) -> None:
    clerk = issued.chongqing
    whole = clerk.json("notices", "--limit", "1000")
    assert whole["is_complete"] is True
    assert {each["topic"] for each in whole["items"]} == {"governance", "issuers", "recognition"}
    assert clerk.json("notices", "--after", whole["next"])["items"] == []
    clerk.run(*SUSPEND, issued.identifiers[0])
    (news,) = clerk.json("notices", "--after", whole["next"])["items"]
    assert (news["topic"], news["act"], news["detail"]["certificates"]) == (
        "status",
        "status_changed",
        1,
    )
    told = clerk.run("notices", "--topic", "status", "--lang", "zh").stdout
    assert "证照状态 · 状态变更" in told


def test_page_that_is_full_says_how_to_go_on(issued_once: Issued) -> None:
    first = issued_once.chongqing.json("notices", "--limit", "2")
    assert (len(first["items"]), first["is_complete"]) == (2, False)
    told = issued_once.chongqing.run("notices", "--limit", "2").stdout
    assert f"zhenglian notices --after {first['next']}" in told


def test_home_without_news_says_so(issued_once: Issued) -> None:
    assert "There is no news" in issued_once.sichuan.run("notices", "--topic", "recall").stdout


def test_every_topic_can_be_asked_for() -> None:
    assert [each.value for each in TopicName] == [each.value for each in Topic]
