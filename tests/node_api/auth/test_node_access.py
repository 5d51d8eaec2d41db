"""A whole node: people of a provider and programs with keys, each within their limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ledger.errors import MalformedInputError
from node_api.auth.maker_checker import MakerChecker
from node_api.auth.settings import ApprovalSettings, AuthSettings, LimitSettings, OidcSettings
from node_api.operations.table import by_id
from node_api.settings import NodeSettings
from tests.support.command_line import at, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, ISSUERS, PASSPHRASE, SICHUAN, Consortium
from tests.support.identity_provider import AUDIENCE, IdentityProvider, run_provider
from tests.support.node import RunningNode, run_node

MINE, ANOTHERS, NOBODYS = (make_id(number) for number in (1, 2, 3))
HOLDER, OTHER_HOLDER = "160101199003071232", "160101199003071275"
REVOCATION = {"reason": "03", "legal_basis": "《某规定》第一条"}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with run_provider() as running:
        yield running


@pytest.fixture(scope="module")
def served(
    founded_consortium: Consortium,
    provider: IdentityProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningNode]:
    """A node with two certificates of two holders, that wants two officers for a revocation."""
    directory = tmp_path_factory.mktemp("access")
    consortium = founded_consortium.copy(directory / "consortium")
    rows = [make_row(1), make_row(2, 身份证号=OTHER_HOLDER)]
    at(consortium).run("issue", write_csv(directory / "two.csv", rows))
    settings = NodeSettings(
        auth=AuthSettings(
            oidc=(OidcSettings(issuer=provider.issuer, audience=AUDIENCE),),
            approvals=ApprovalSettings(
                operations=frozenset({"create_api_key", "issue_certificate", "revoke_certificate"})
            ),
        ),
        limits=LimitSettings(failed_logins="", max_body_bytes=100_000),
    )
    with run_node(consortium.open(), PASSPHRASE, settings) as running:
        yield running


class Caller:
    """Somebody with a token or a key."""

    def __init__(self, served: RunningNode, token: str, purpose: str = "窗口核验") -> None:
        self._http = served.public
        self._headers = {"authorization": f"Bearer {token}"}
        if purpose:
            self._headers["purpose"] = quote(purpose)

    def ask(self, method: str, path: str, **members: Any) -> httpx.Response:
        body = {"json": members} if members else {}
        return self._http.request(method, path, headers=self._headers, **body)  # type: ignore[arg-type]

    def code(self, method: str, path: str, **members: Any) -> str:
        """Code of the problem, which is no failure of the node."""
        answer = self.ask(method, path, **members)
        assert 400 <= answer.status_code < 500, answer.text
        return f"{answer.status_code} {answer.json()['code']}"


@pytest.fixture
def person(served: RunningNode, provider: IdentityProvider) -> Any:
    def log_in(*roles: str, purpose: str = "窗口核验", **claims: Any) -> Caller:
        told = {"departments": [str(ISSUER)], **claims, "roles": list(roles)}
        return Caller(served, provider.sign(provider.claims(**told)), purpose)

    return log_in


def path_of(identifier: Any) -> str:
    return f"/v1/certificates/{identifier}"


def test_clerk_reads_with_a_purpose_and_it_is_in_the_access_log(
    served: RunningNode, person: Any
) -> None:
    read = person("clerk").ask("GET", path_of(MINE))
    assert read.status_code == 200, read.text
    assert person("clerk", purpose="").code("GET", path_of(MINE)) == "422 purpose_required"
    (row, *_) = served.get("/v1/access-log", object_id=MINE)["records"]
    assert (row["event"], row["subject"], row["roles"]) == (
        "show_certificate",
        "oidc:8d1f",
        "clerk",
    )
    assert (row["purpose"], row["outcome"]) == ("窗口核验", "allowed")
    assert row["request_id"] == read.headers.get("x-request-id", row["request_id"])
    assert served.get("/v1/access-log/check")["damage"] == []


def test_clerk_of_another_department_is_refused_and_that_is_logged(
    served: RunningNode, person: Any
) -> None:
    other = person("clerk", sub="other", departments=[str(ISSUERS[SICHUAN])])
    assert other.code("GET", path_of(MINE)) == "403 department_not_allowed"
    (row, *_) = served.get("/v1/access-log", subject="oidc:other")["records"]
    assert (row["object_id"], row["outcome"]) == (str(MINE), "department_not_allowed")
    elsewhere = person("clerk", regions=["510000"])
    assert elsewhere.code("GET", path_of(MINE)) == "403 region_not_allowed"


def test_holder_sees_their_own_and_can_not_tell_anothers_from_none(person: Any) -> None:
    holder = person("holder", sub="h", holder_code=HOLDER, departments=None)
    assert holder.ask("GET", path_of(MINE)).status_code == 200
    told = []
    for identifier in (ANOTHERS, NOBODYS):
        answer = holder.ask("GET", path_of(identifier))
        body = answer.json()
        for name in ("request_id", "instance"):
            body.pop(name, None)
        told.append((answer.status_code, str(body).replace(str(identifier), "X")))
    assert told[0] == told[1]
    assert told[0][0] == 404
    change = holder.code("POST", f"{path_of(MINE)}/revoke", **REVOCATION)
    assert change.startswith("403 role_not_allowed")


def test_operator_and_watchers_keep_to_their_side(person: Any) -> None:
    operator = person("operator")
    assert operator.code("GET", path_of(MINE)) == "403 role_not_allowed"
    auditor = person("auditor", departments=None)
    assert auditor.ask("GET", path_of(MINE)).status_code == 200
    assert auditor.code("POST", f"{path_of(MINE)}/revoke", **REVOCATION) == ("403 role_not_allowed")
    assert person("auditor", departments=None, regions=["510000"]).code("GET", path_of(MINE)) == (
        "403 region_not_allowed"
    )


def test_nobody_without_credentials_and_none_with_wrong_ones(served: RunningNode) -> None:
    anonymous = served.public.get(path_of(MINE))
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "credentials_missing")
    assert anonymous.headers["www-authenticate"].startswith("Bearer")
    assert anonymous.headers["cache-control"] == "no-store"
    assert "server" not in anonymous.headers
    wrong = Caller(served, "zl_0123456789abcdef_" + "A" * 43)
    assert wrong.code("GET", path_of(MINE)) == "401 api_key_invalid"
    assert wrong.code("GET", "/v1/issuers") == "401 api_key_invalid"


def test_path_tricks_lead_nowhere(served: RunningNode, person: Any) -> None:
    other = person("clerk", departments=[str(ISSUERS[SICHUAN])])
    for path in (
        f"/v1/certificates/../certificates/{MINE}",
        f"/v1/certificates/{MINE}/",
        f"/v1//certificates/{MINE}",
        f"/v1/certificates/{MINE}%00",
        f"/v1/certificates/{MINE};x=1",
        f"/V1/certificates/{MINE}",
        f"/v1/certificates/{str(MINE).lower()}",
        f"/v1/certificates/%31{str(MINE)[1:]}",
    ):
        answer = other.ask("GET", path)
        assert answer.status_code in (400, 403, 404, 405, 422), (path, answer.status_code)


def test_foreign_host_and_large_bodies_are_refused(served: RunningNode, person: Any) -> None:
    answer = served.public.get("/v1/catalogue", headers={"host": "evil.example.cn"})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_unknown")
    large = person("clerk").ask("POST", f"{path_of(MINE)}/revoke", reason="x" * 200_000)
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_operator_alone_can_not_make_a_key_and_two_can(served: RunningNode, person: Any) -> None:
    wanted = {"name": "window", "role": "clerk", "departments": [str(ISSUER)]}
    first = person("operator", sub="op1", departments=None)
    asked = first.ask("POST", "/v1/api-keys", **wanted)
    assert asked.status_code == 202, asked.text
    approval, location = asked.json(), asked.headers["location"]
    told = {"digest": approval["digest"]}
    assert first.code("POST", f"{location}/approval", **told) == "403 own_request"
    clerk = person("clerk", sub="c1")
    assert clerk.code("POST", f"{location}/approval", **told) == "403 role_not_allowed"
    second = person("operator", sub="op2", departments=None)
    seen = second.ask("GET", location).json()
    assert '"role":"clerk"' in seen["request"]
    assert second.code("POST", f"{location}/approval", digest="00" * 32) == "409 approval_digest"
    done = second.ask("POST", f"{location}/approval", **told)
    assert done.json()["state"] == "done", done.text
    assert second.ask("GET", location).json()["result"] is None
    secret = httpx.Response(200, content=first.ask("GET", location).json()["result"]).json()[
        "secret"
    ]
    assert Caller(served, secret).ask("GET", path_of(MINE)).status_code == 200
    (key,) = [k for k in served.get("/v1/api-keys") if k["name"] == "window"]
    assert key["created_by"] == "oidc:op1"
    assert first.ask("DELETE", f"/v1/api-keys/{key['key_id']}").status_code == 200
    assert Caller(served, secret).code("GET", path_of(MINE)) == "401 api_key_revoked"


def test_nobody_is_asked_to_approve_what_could_never_be_done(
    served: RunningNode, person: Any
) -> None:
    operator = person("operator", sub="op4", departments=None)
    wanted = {"name": "of nobody", "role": "clerk", "departments": [str(ISSUER)]}
    wrong: dict[str, dict[str, Any]] = {
        "key_role": {"role": "holder"},
        "key_name": {"name": ""},
        "key_limits": {"departments": []},
        "key_scope": {"scopes": []},
        "key_days": {"days": 367},
        "key_owner": {"owner": "two words"},
    }
    before = served.get("/v1/approvals")
    for code, members in wrong.items():
        answer = operator.ask("POST", "/v1/api-keys", **{**wanted, **members})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    revocation = {**REVOCATION, "reason": "no reason of this type"}
    answer = person("officer", sub="o9").ask("POST", f"{path_of(MINE)}/revoke", **revocation)
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert served.get("/v1/approvals") == before
    refused = [row["outcome"] for row in served.get("/v1/access-log", limit=20)["records"]]
    assert set(wrong) <= set(refused)


def test_revocation_waits_for_another_officer_of_the_same_department(
    served: RunningNode, person: Any
) -> None:
    path = f"{path_of(ANOTHERS)}/revoke"
    maker = person("officer", sub="o1")
    asked = maker.ask("POST", path, **REVOCATION)
    assert asked.status_code == 202, asked.text
    assert maker.ask("POST", path, **REVOCATION).json() == asked.json()
    location, told = asked.headers["location"], {"digest": asked.json()["digest"]}
    standing = maker.ask("GET", f"{path_of(ANOTHERS)}/status").json()
    assert "revoked" not in str(standing)
    keys = [
        served.post(
            "/v1/api-keys",
            name=f"of o1, {number}",
            role="officer",
            departments=[str(ISSUER)],
            owner="oidc:o1",
            status=201,
        )["secret"]
        for number in range(2)
    ]
    for secret in keys:  # the same person's second pair of hands
        own = Caller(served, secret)
        assert own.code("POST", f"{location}/approval", **told) == "403 own_request"
    stranger = person("officer", sub="o3", departments=[str(ISSUERS[SICHUAN])])
    assert stranger.code("POST", f"{location}/approval", **told) == "403 department_not_allowed"
    checker = person("officer", sub="o2")
    done = checker.ask("POST", f"{location}/approval", **told)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "done"
    standing = maker.ask("GET", f"{path_of(ANOTHERS)}/status").json()
    assert "revoked" in str(standing)
    events = [row["event"] for row in served.get("/v1/access-log", kind="security")["records"]]
    assert {"approval_requested", "approval_granted"} <= set(events)


def test_scope_of_a_key_ends_at_the_door(served: RunningNode) -> None:
    made = served.post(
        "/v1/api-keys",
        name="reader",
        role="officer",
        departments=[str(ISSUER)],
        scopes=["read"],
        status=201,
    )
    reader = Caller(served, made["secret"])
    assert reader.ask("GET", path_of(MINE)).status_code == 200
    assert reader.code("POST", f"{path_of(MINE)}/revoke", **REVOCATION) == ("403 scope_not_allowed")


def test_token_of_a_silent_provider_opens_nothing(
    served: RunningNode, provider: IdentityProvider
) -> None:
    token = provider.sign(header={"kid": "unknown"})
    assert Caller(served, token).code("GET", path_of(MINE)) == "401 token_key_unknown"


def test_second_officer_for_an_operation_that_there_is_not_is_refused(
    served: RunningNode,
) -> None:
    settings = ApprovalSettings(operations=frozenset({"issue_everything"}))
    with pytest.raises(MalformedInputError) as refusal:
        MakerChecker(served.workspace, None, settings, by_id().get)  # type: ignore[arg-type]
    assert refusal.value.field == "auth.approvals.operations"


def test_what_would_need_a_second_officer_and_can_not_wait_is_refused(person: Any) -> None:
    refused = person("officer").code("POST", "/v1/certificates", certificate_id=str(NOBODYS))
    assert refused == "403 second_officer_needed"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 90_000,
        b'{"a":' * 15_000 + b"1" + b"}" * 15_000,
        b'{"reason": NaN, "legal_basis": 1e999999}',
        b'{"reason": ' + b"9" * 90_000 + b"}",
        b'{"reason": "\\ud800", "legal_basis": "\\u0000"}',
        b'{"reason": "03", "reason": "01", "__proto__": {}}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"\x1f\x8b\x08\x00",
        b"null",
        b"",
    ],
)
def test_json_made_to_hurt_is_refused_and_not_repeated(
    served: RunningNode, person: Any, body: bytes
) -> None:
    token = person("officer")._headers
    for extra in ({}, {"content-encoding": "gzip"}):
        answer = served.public.request(
            "POST",
            f"{path_of(MINE)}/revoke",
            headers={**token, "content-type": "application/json", **extra},
            content=body,
        )
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 2_000


def test_no_other_site_may_read_or_prepare_anything(served: RunningNode, person: Any) -> None:
    """Nodes answer no page but their own: Source: Fetch Standard, CORS protocol."""
    origin = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    headers = person("clerk")._headers | origin
    for method in ("GET", "OPTIONS", "HEAD"):
        for path in ("/v1/log", "/v1/issuers", "/v1/certificates", "/verify", "/v1/jobs"):
            answer = served.public.request(method, path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert method != "OPTIONS" or answer.status_code in (405, 404), path


@pytest.mark.parametrize("given", ["a\u0085b", '{"level":"critical"}', "x" * 5_000, "../../etc"])
def test_what_a_stranger_writes_into_headers_is_in_no_log_and_no_answer(
    served: RunningNode, person: Any, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    written = given.encode()
    names = ("x-request-id", "user-agent", "x-forwarded-for", "x-zhenglian-client", "referer")
    headers = dict.fromkeys(names, written) | {"authorization": b"Bearer " + written}
    with caplog.at_level("DEBUG"):
        answer = served.public.get("/v1/issuers", headers=headers)
        lost = served.public.get(f"/v1/{quote(given)[:900]}?q={quote(given)[:900]}")
    assert answer.status_code in (401, 422)
    assert lost.status_code in (401, 404, 414)
    for each in (answer, lost):
        assert each.headers["x-request-id"].isalnum()
        assert "script" not in each.text
    assert given not in answer.text
    records = [record for record in caplog.records if record.name.startswith("node_api")]
    assert not [record for record in records if given in str(record.__dict__)]


def test_another_departments_requests_jobs_and_approvals_are_not_to_be_guessed(
    served: RunningNode, person: Any
) -> None:
    issued = person("clerk").ask("GET", f"/v1/issuance-requests/{ISSUER}/reference-1")
    assert issued.status_code == 404
    stranger = person("clerk", departments=[str(ISSUERS[SICHUAN])], sub="stranger")
    assert stranger.code("GET", f"/v1/issuance-requests/{ISSUER}/reference-1").startswith("403")
    job = person("clerk")
    made = served.public.post(
        "/v1/jobs",
        params={"issuer": str(ISSUER), "kind": "revoke", "reason": "1", "legal_basis": "x"},
        headers={**job._headers, "content-type": "text/plain"},
        content=b"x\n",
    )
    path = made.headers.get("location", "/v1/jobs/" + "0" * 32)
    for method in ("GET", "DELETE"):
        assert stranger.ask(method, path).status_code in (403, 404)
    assert stranger.ask("GET", path + "/errors").status_code in (403, 404)
