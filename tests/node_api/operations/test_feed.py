from __future__ import annotations

from typing import Any

import pytest

from ledger.actions.notices import page_notices
from ledger.roles import Role
from tests.node_api.operations.conftest import OF_TRANSPORT, TRANSPORT, with_key
from tests.support.command_line import make_id
from tests.support.consortium import ISSUER
from tests.support.node import RunningNode

WHY = {"reason": "02", "legal_basis": "《某条例》第十四条"}


def acts(page: dict[str, Any]) -> list[str]:
    return [each["act"] for each in page["items"]]


def test_feed_goes_on_behind_its_cursor(issued_node: RunningNode) -> None:
    page = issued_node.get("/v1/notices", limit=1000)
    assert page["is_complete"] is True
    assert "consortium_founded" in acts(page)
    issued_node.post(f"/v1/certificates/{make_id(1)}/suspend", **WHY)
    news = issued_node.get("/v1/notices", after=page["next"])
    (notice,) = news["items"]
    assert (notice["topic"], notice["departments"]) == ("status", [str(ISSUER)])
    assert issued_node.client.call(page_notices, limit=3) == page_notices(
        issued_node.workspace, limit=3
    )


def test_department_is_told_of_its_own_changes_of_status_alone(issued_node: RunningNode) -> None:
    for identifier in (make_id(1), OF_TRANSPORT):
        issued_node.post(f"/v1/certificates/{identifier}/suspend", **WHY)
    for department in (ISSUER, TRANSPORT):
        clerk = with_key(issued_node, Role.CLERK, department)
        page = clerk.get("/v1/notices", topics="status")
        assert [each["departments"] for each in page["items"]] == [[str(department)]]
    auditor = with_key(issued_node, Role.AUDITOR)
    assert len(auditor.get("/v1/notices", topics="status,recall")["items"]) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": -2}, "after"),
        ({"after": "end"}, "after"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"topics": "weather"}, "topics"),
        ({"viewer": "all"}, "viewer"),
    ],
)
def test_query_that_cannot_be_meant_is_refused_by_name(
    reading_node: RunningNode, query: dict[str, object], field: str
) -> None:
    assert reading_node.get("/v1/notices", status=422, **query)["field"].startswith(field)


def test_cursor_far_beyond_the_log_is_the_end(reading_node: RunningNode) -> None:
    for after in (10**6, 2**53):
        page = reading_node.get("/v1/notices", after=after)
        assert (page["items"], page["next"], page["is_complete"]) == ([], after, True)
