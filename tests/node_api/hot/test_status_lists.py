from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import orjson
import pytest

from ledger.actions.known_log import KnownLog
from ledger.actions.lifecycle import LifecycleAct, change_status
from ledger.actions.status_lists import TTL_S, VALIDITY_S, StatusListPublisher
from ledger.formats.evidence import parse_evidence
from ledger.formats.seals import SUITE_P256, compute_key_id
from ledger.formats.signing_certificate import load_chain
from ledger.formats.status_list import Status
from ledger.formats.status_list_token import StatusListToken, parse_status_list_token
from ledger.workspace import Workspace
from node_api.hot.status_lists import StatusListHandler
from tests.ledger.actions.homes import DECISION, identify
from tests.support.verifying_home import VerifyingHome, ask

MEDIA_TYPE = "application/statuslist+jwt"


@pytest.fixture
def workspace(verifying: VerifyingHome) -> Iterator[Workspace]:
    with verifying.ledger.open() as opened:
        yield opened


@pytest.fixture
def handler(verifying: VerifyingHome, workspace: Workspace) -> Iterator[StatusListHandler]:
    log = KnownLog(verifying.index)
    with ThreadPoolExecutor(1) as executor:
        yield StatusListHandler(StatusListPublisher(workspace, log), executor)
    log.close()


@pytest.fixture
def path(verifying: VerifyingHome) -> str:
    key = parse_evidence(verifying.documents[0]).certificate.placement.batch_key
    return f"/v1/status-lists/{key.hex()}"


def read(answer: httpx.Response) -> StatusListToken:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    token = parse_status_list_token(answer.content)
    assert token.is_signed
    return token


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, orjson.loads(answer.content)["code"]


def test_the_list_is_signed_by_the_department_and_says_what_the_ledger_says(
    verifying: VerifyingHome, workspace: Workspace, handler: StatusListHandler, path: str
) -> None:
    token = read(ask(handler, "GET", path))
    certificate = parse_evidence(verifying.documents[3]).certificate
    chain = load_chain(token.x5c)
    assert chain.organisation == str(certificate.issuer)
    assert workspace.gateway.seal_key(
        certificate.issuer, compute_key_id(SUITE_P256, chain.x, chain.y)
    ).valid_from
    assert token.status(certificate.placement.position) is Status.VALID
    assert token.expires_at_unix == token.log_time_unix + VALIDITY_S
    change_status(workspace, LifecycleAct.REVOKE, [identify(3)], DECISION)
    change_status(workspace, LifecycleAct.SUSPEND, [identify(1)], DECISION)
    workspace.sync_index()
    changed = read(ask(handler, "GET", path))
    assert [changed.status(n) for n in range(5)] == [
        Status.VALID,
        Status.SUSPENDED,
        Status.VALID,
        Status.REVOKED,
        Status.VALID,
    ]
    word = workspace.gateway.status_word(certificate.placement.batch_key, 0)
    assert changed.words == word


def test_the_list_is_kept_until_a_status_changes(
    workspace: Workspace, handler: StatusListHandler, path: str
) -> None:
    first = ask(handler, "GET", path)
    assert first.headers["cache-control"] == f"public, max-age={TTL_S}"
    workspace.sync_index()
    assert ask(handler, "GET", path).content == first.content
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = ask(handler, "GET", path, headers={"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    change_status(workspace, LifecycleAct.REVOKE, [identify(2)], DECISION)
    workspace.sync_index()
    changed = ask(handler, "GET", path, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_the_list_is_signed_anew_before_it_ends(
    verifying: VerifyingHome, workspace: Workspace, handler: StatusListHandler, path: str
) -> None:
    first = read(ask(handler, "GET", path))
    verifying.ledger.ahead_s = VALIDITY_S - TTL_S / 2
    workspace.sync_index()
    later = read(ask(handler, "GET", path))
    assert later.expires_at_unix > first.expires_at_unix
    assert later.words == first.words


def test_a_chain_that_stands_still_lets_lists_run_out(
    verifying: VerifyingHome, handler: StatusListHandler, path: str
) -> None:
    read(ask(handler, "GET", path))
    verifying.ledger.ahead_s = VALIDITY_S
    answer = ask(handler, "GET", path)
    assert code_of(answer) == (503, "chain_stalled")
    assert int(answer.headers["retry-after"]) > 0


def test_only_what_there_is_is_handed_out(handler: StatusListHandler, path: str) -> None:
    assert code_of(ask(handler, "GET", f"{path[:-2]}zz")) == (422, "malformed_input")
    assert code_of(ask(handler, "GET", f"/v1/status-lists/{'00' * 32}")) == (404, "batch_unknown")
    assert code_of(ask(handler, "GET", f"{path}?time=1")) == (422, "parameter_unknown")
    assert ask(handler, "POST", path).status_code == 405
    cwt = ask(handler, "GET", path, headers={"accept": "application/statuslist+cwt"})
    assert code_of(cwt) == (406, "not_acceptable")
    for accepted in (MEDIA_TYPE, "*/*", f"text/html, {MEDIA_TYPE};q=0.5"):
        assert ask(handler, "GET", path, headers={"accept": accepted}).status_code == 200
