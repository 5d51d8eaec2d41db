"""Issuing one certificate over HTTP: what is answered to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from ledger.actions.governance import propose_freeze, vote
from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.tickets import GroupLimits
from ledger.errors import NotAuthorizedError
from ledger.identifiers import Uscc
from ledger.workspace import Workspace
from node_api.auth.access import Access, require_admission
from node_api.auth.principals import LOCAL, Principal, PrincipalKind, Role
from node_api.auth.targets import TargetResolver
from node_api.hot.issue import DESCRIBED, IssueHandler, permit_by
from node_api.hot.issue_described import EXAMPLE
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    make_row,
)

QUICK = GroupLimits(batch_age_s=0.05, standing_s=0.1, retry_s=0.1, gather_s=0.002)
PATH = "/v1/certificates"
Ask = Callable[..., Awaitable[httpx.Response]]
Story = Callable[[Ask, Workspace], Awaitable[None]]


def clerk_of(*departments: Uscc, roles: frozenset[Role] = frozenset({Role.CLERK})) -> Principal:
    return Principal(PrincipalKind.OIDC, "oidc:1", roles, departments=frozenset(departments))


def tell(
    ledger: Ledger,
    story: Story,
    *,
    principal: Principal = LOCAL,
    limits: GroupLimits = QUICK,
    wait_s: float = 10.0,
) -> None:
    """Runs a story with a handler that answers a principal."""

    async def admit(scope: Any, access: Access, operation: str) -> Principal:
        require_admission(principal, access, operation)
        return principal

    async def run(handler: IssueHandler, workspace: Workspace) -> None:
        transport = httpx.ASGITransport(handler)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:

            async def ask(
                number: int, reference: str | None = None, *, prefer: str = "", **members: Any
            ) -> httpx.Response:
                changes = members.pop("changes", {})
                document = {
                    "issuer": str(HOUSING),
                    "certificate_type": str(TYPE),
                    "fields": make_row(number, **changes),
                } | members
                headers = {"idempotency-key": reference or f"r-{number}"}
                if prefer:
                    headers["prefer"] = prefer
                return await client.post(PATH, content=orjson.dumps(document), headers=headers)

            ask.client = client  # type: ignore[attr-defined]  # for what is asked otherwise
            await story(ask, workspace)

    with ledger.open() as workspace, GroupIssuer(workspace, limits) as issuer:
        permit = permit_by(TargetResolver(workspace))
        asyncio.run(run(IssueHandler(workspace, issuer, admit, permit, wait_s=wait_s), workspace))


def test_a_certificate_is_created_once_and_found_again(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        first = await ask(1)
        assert first.status_code == 201, first.text
        told = first.json()
        assert told["certificate_id"] == str(identify(1))
        assert first.headers["location"] == f"{PATH}/{identify(1)}"
        assert first.headers["cache-control"] == "no-store"
        again = await ask(1, '"r-1"')  # as a structured field
        assert again.status_code == 200
        assert again.json() == told | {"was_issued_before": True}
        shown = await ask.client.get(f"/v1/issuance-requests/{HOUSING}/r-1")  # type: ignore[attr-defined]
        assert shown.status_code == 200
        for name in ("batch_key", "position", "leaf_hash", "anchored_at_unix", "log_index"):
            assert shown.json()[name] == told[name]
        assert shown.json()["state"] == "issued"

    tell(ledger, story)


def test_requests_at_once_share_a_batch(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answers = await asyncio.gather(*(ask(number) for number in range(50)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["batch_key"] for answer in answers}) < 10

    tell(ledger, story)


def test_conflicts_and_faults_are_problems_by_name(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        assert (await ask(1)).status_code == 201
        other = await ask(2, "r-1")
        assert (other.status_code, other.json()["code"]) == (409, "reference_used")
        other = await ask(1, "s", changes={"姓名": "另一人"})
        assert (other.status_code, other.json()["code"]) == (409, "conflicting_certificate")
        bad = await ask(3, changes={"姓名": "", "身份证号": "160101199003071233"})
        assert (bad.status_code, bad.json()["code"]) == (422, "fields_malformed")
        told = [(each["column"], each["code"]) for each in bad.json()["errors"]]
        assert told == [("姓名", "missing_value"), ("身份证号", "wrong_check_character")]
        assert all(each["expected"] and each["expected_en"] for each in bad.json()["errors"])

    tell(ledger, story)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"issuer": "1150"}, "issuer"),
        ({"certificate_type": 5}, "certificate_type"),
        ({"certificate_type": "W011"}, "certificate_type"),
        ({"fields": []}, "fields"),
        ({"case_id": "00"}, "case_id"),
        ({"related_certificate_id": "x"}, "related_certificate_id"),
        ({"holder": "x"}, "holder"),
    ],
)
def test_a_malformed_member_is_named(ledger: Ledger, members: dict[str, Any], field: str) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answer = await ask(1, **members)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["field"] == field

    tell(ledger, story)


def test_what_is_no_request_is_refused(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        client: httpx.AsyncClient = ask.client  # type: ignore[attr-defined]
        key = {"idempotency-key": "r"}
        expected = [
            (await client.post(PATH, content=b"{}"), 422, "idempotency_key_missing"),
            (await client.post(PATH, content=b"{", headers=key), 400, "body_not_json"),
            (await client.post(PATH, content=b"", headers=key), 422, "body_empty"),
            (await client.post(PATH, content=b"x" * 300_000, headers=key), 413, "body_too_large"),
            (
                await client.post(PATH + "?a=1", content=b"{}", headers=key),
                422,
                "parameter_unknown",
            ),
            (await client.post(PATH, content=b"[]", headers=key), 422, "malformed_input"),
            (await client.get(f"/v1/issuance-requests/{HOUSING}/none"), 404, "request_missing"),
            (await client.put("/v1/issuance-requests/x/y"), 405, "method_not_allowed"),
        ]
        for answer, status, code in expected:
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    tell(ledger, story)


def test_who_does_not_wait_is_told_where_to_look(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answer = await ask(1, "a/b", prefer="respond-async")
        assert answer.status_code == 202
        location = answer.headers["location"]
        assert location == f"/v1/issuance-requests/{HOUSING}/a%2Fb"
        for _ in range(200):
            shown = await ask.client.get(location)  # type: ignore[attr-defined]
            if shown.json()["state"] == "issued":
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it never came true")

    tell(ledger, story, limits=GroupLimits(batch_age_s=0.05, standing_s=0.1))


def test_a_batch_that_is_frozen_is_answered_202_with_its_reason(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        assert (await ask(1)).status_code == 201
        freeze = propose_freeze(workspace, str(CHONGQING), workspace.latest_unix() + 30)
        vote(workspace, freeze.proposal_id, approve=True)
        answer = await ask(2)
        assert (answer.status_code, answer.json()["waiting_for"]) == (202, "frozen")

    tell(ledger, story)


def test_more_than_can_be_done_is_refused_with_a_time(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answers = await asyncio.gather(*(ask(number) for number in range(60)))
        refused = [answer for answer in answers if answer.status_code != 201]
        assert len(refused) == 50
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (429, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1

    tell(ledger, story, limits=GroupLimits(batch_age_s=0.3, standing_s=0.1, waiting=10))


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (clerk_of(TRANSPORT), "department_not_allowed"),
        (clerk_of(HOUSING, roles=frozenset({Role.AUDITOR})), "role_not_allowed"),
        (clerk_of(HOUSING, roles=frozenset({Role.OPERATOR})), "role_not_allowed"),
    ],
)
def test_only_a_clerk_of_the_department_issues(
    ledger: Ledger, principal: Principal, code: str
) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answer = await ask(1)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert workspace.vault.requests.find(HOUSING, "r-1") is None

    tell(ledger, story, principal=principal)


def test_a_clerk_need_not_name_the_department(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answer = await ask(1, issuer=None)
        assert (answer.status_code, answer.json()["issuer"]) == (201, str(HOUSING))

    tell(ledger, story, principal=clerk_of(HOUSING))


def test_it_describes_itself() -> None:
    assert DESCRIBED[PATH]["post"]["operationId"] == "issue_certificate"
    assert {"200", "201", "202", "409", "422", "429", "503"} <= set(
        DESCRIBED[PATH]["post"]["responses"]
    )


def test_whoever_is_refused_by_the_application_is_refused(ledger: Ledger) -> None:
    async def refuse(scope: Any, access: Access, operation: str) -> Principal:
        raise NotAuthorizedError("no", code="scope_not_allowed")

    with ledger.open() as workspace, GroupIssuer(workspace, QUICK) as issuer:
        handler = IssueHandler(workspace, issuer, refuse, permit_by(TargetResolver(workspace)))

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(handler)
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
                return await client.post(PATH, content=b"{}", headers={"idempotency-key": "r"})

        assert asyncio.run(ask()).status_code == 403


def test_the_example_of_the_document_can_be_issued_as_it_stands(ledger: Ledger) -> None:
    async def story(ask: Ask, workspace: Workspace) -> None:
        answer = await ask(1, **EXAMPLE)
        assert answer.status_code == 201, answer.text

    tell(ledger, story)
