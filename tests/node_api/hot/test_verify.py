from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from ledger.formats.evidence import MAX_EVIDENCE_SIZE
from node_api.freshness import from_headers
from node_api.hot.routes import HotPaths
from tests.ledger.actions.homes import found, identify, write_file
from tests.support.verifying_home import VerifyingHome, ask

DAY_S = 86_400


@pytest.fixture
def hot(verifying: VerifyingHome) -> HotPaths:
    return verifying.open()


@pytest.fixture
def settled(unchanged: VerifyingHome) -> HotPaths:
    """For tests that change nothing."""
    return unchanged.open()


def verify(hot: HotPaths, document: bytes, **query: str) -> dict[str, Any]:
    answer = ask(hot, "POST", "/v1/verify", content=document, params=query)
    assert answer.status_code == 200, answer.text
    return orjson.loads(answer.content)  # type: ignore[no-any-return]  # JSON


def reasons(report: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["reason"] for check in report["checks"] if check["reason"]}


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = orjson.loads(answer.content)
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"], problem.get("field")


def test_a_genuine_certificate_passes_with_words_and_the_age_of_what_is_known(
    unchanged: VerifyingHome, settled: HotPaths
) -> None:
    answer = ask(settled, "POST", "/v1/verify", content=unchanged.documents[0])
    assert answer.headers["cache-control"] == "no-store"
    report = orjson.loads(answer.content)
    assert report["outcome"] == "PASSED"
    assert report["words"]["outcome"] == {"zh": "通过", "en": "Passed"}
    assert report["checks"][4]["words"]["name"]["en"] == "Anchored"
    assert report["titles"]["holder_name"] == "姓名"
    assert report["knowledge"]["size"] == report["log"]["size"] > 0
    assert 0 <= report["knowledge"]["age_s"] < 600
    assert report["unavailable"] is None
    told = from_headers(answer.headers)
    assert told is not None
    assert told.time_unix == report["knowledge"]["synced_to_unix"]
    assert told.age_s - report["knowledge"]["age_s"] in (0, 1)


def test_a_bare_certificate_is_judged_as_far_as_it_goes(
    unchanged: VerifyingHome, settled: HotPaths
) -> None:
    bare = orjson.loads(unchanged.documents[1])["certificate"].encode() + b"\n"
    report = verify(settled, bare)
    assert report["outcome"] == "INDETERMINATE"
    assert reasons(report)["anchored"] == "missing_batch_proof"


@pytest.mark.parametrize(
    "document", [b" ", b"\x00" * 100, b"{}", b"[" * 50_000, "证照".encode("utf-16"), b"%PDF-1.7"]
)
def test_what_cannot_be_read_gets_a_report_and_no_error(settled: HotPaths, document: bytes) -> None:
    report = verify(settled, document)
    assert report["outcome"] == "FAILED"
    assert reasons(report)["well_formed"] == "not_well_formed"
    assert report["words"]["reasons"][0]["zh"].startswith("文件不是完整的证照")
    assert len(report["words"]["next"]) == 1


def test_an_altered_certificate_fails(unchanged: VerifyingHome, settled: HotPaths) -> None:
    document = orjson.loads(unchanged.documents[0])
    header, payload, rest = document["certificate"].split(".", 2)
    document["certificate"] = f"{header}.{payload[:-4]}AAAA.{rest}"
    assert verify(settled, orjson.dumps(document))["outcome"] == "FAILED"


def test_requests_that_are_none_are_refused_by_name(
    unchanged: VerifyingHome, settled: HotPaths
) -> None:
    document = unchanged.documents[0]
    assert refusal(ask(settled, "POST", "/v1/verify")) == (422, "body_empty", "body")
    large = ask(settled, "POST", "/v1/verify", content=bytes(MAX_EVIDENCE_SIZE + 1))
    assert refusal(large)[:2] == (413, "body_too_large")
    wrong = ask(settled, "GET", "/v1/verify")
    assert refusal(wrong)[:2] == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    for query, field in (
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2026-01-05T10:00:00"}, "as_of"),  # of which place?
        ({"as_of": "99999999999999999999"}, "as_of"),
        ({"relying_region": "999999"}, "relying_region"),
        ({"audience": "x"}, "audience"),
        ({"nonce": "x" * 513}, "nonce"),
        ({"lang": "zh"}, "lang"),
    ):
        answer = ask(settled, "POST", "/v1/verify", content=document, params=query)
        assert (refusal(answer)[0], refusal(answer)[2]) == (422, field), query


def test_the_verdict_is_about_the_time_and_the_region_asked_for(
    unchanged: VerifyingHome, settled: HotPaths
) -> None:
    document = unchanged.documents[0]
    before = verify(settled, document, as_of="2025-01-05T10:00:00+08:00")
    assert before["as_of_unix"] == 1_736_042_400
    assert reasons(before)["status"] == "not_yet_issued"
    assert verify(settled, document, as_of="1736042400")["as_of_unix"] == 1_736_042_400
    elsewhere = verify(settled, document, relying_region="510000")
    assert reasons(elsewhere)["recognition"] == "not_recognised"
    nobody = verify(settled, document, relying_region="none")
    assert nobody["outcome"] == "PASSED"
    assert nobody["checks"][8]["outcome"] == "NOT_REQUIRED"


def test_a_revocation_shows_with_the_first_request_after_it_is_indexed(
    verifying: VerifyingHome, hot: HotPaths
) -> None:
    document, neighbour = verifying.documents[0], verifying.documents[1]
    assert verify(hot, document)["outcome"] == "PASSED"
    verifying.revoke(0)
    assert reasons(verify(hot, document))["status"] == "certificate_revoked"
    assert verify(hot, neighbour)["outcome"] == "PASSED"


@pytest.mark.parametrize(
    "lie",
    [
        lambda d: d | {"facts": []},
        lambda d: d | {"facts": [{"index": "of a version to come"}]},
        lambda d: d | {"facts": d["facts"][:3]},
        lambda d: d | {"log": d["log"] | {"ledger_id": "00" * 32, "root": "11" * 32}},
    ],
)
def test_what_a_document_says_of_the_log_counts_for_nothing(
    verifying: VerifyingHome, hot: HotPaths, lie: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    genuine = orjson.loads(verifying.documents[0])
    assert verify(hot, orjson.dumps(lie(genuine)))["outcome"] == "PASSED"
    verifying.revoke(0)
    assert verify(hot, orjson.dumps(lie(genuine)))["outcome"] == "FAILED"


def test_nothing_hides_behind_facts_that_are_not_read(
    unchanged: VerifyingHome, settled: HotPaths
) -> None:
    whole = unchanged.documents[0]
    assert whole.endswith(b"]}")
    for tail in (b'],"certificate":"x","x":[]}', b"]]}", b"],[]}", b"\x00]}", b'],"facts":[]}'):
        report = verify(settled, whole[:-2] + tail)
        assert reasons(report)["well_formed"] == "not_well_formed", tail


def test_without_an_index_there_is_no_verdict_and_no_root(verifying: VerifyingHome) -> None:
    verifying.index.rename(verifying.home / "away")
    hot = verifying.open()
    report = verify(hot, verifying.documents[0])
    assert (report["outcome"], report["knowledge"]) == ("INDETERMINATE", None)
    assert report["unavailable"] == {"code": "index_missing"}
    assert reasons(report)["anchored"] == "no_trusted_log"
    answer = ask(hot, "GET", "/v1/log")
    assert refusal(answer)[:2] == (503, "index_missing")
    assert int(answer.headers["retry-after"]) > 0
    assert str(verifying.home) not in answer.text
    (verifying.home / "away").rename(verifying.index)
    assert verify(hot, verifying.documents[0])["outcome"] == "PASSED"


@pytest.mark.parametrize("damage", [b"not a database at all" * 400, bytes(8192)])
def test_a_damaged_index_gives_no_verdict_until_it_is_rebuilt(
    verifying: VerifyingHome, hot: HotPaths, damage: bytes
) -> None:
    document = verifying.documents[0]
    assert verify(hot, document)["outcome"] == "PASSED"
    for path in verifying.home.glob("index.sqlite*"):
        path.unlink()
    verifying.index.write_bytes(damage)
    report = verify(hot, document)
    assert report["outcome"] == "INDETERMINATE"
    assert report["unavailable"]["code"].startswith("index_")
    with verifying.ledger.open() as workspace:
        workspace.rebuild_index()
    assert verify(hot, document)["outcome"] == "PASSED"


def test_an_index_that_nobody_syncs_makes_verdicts_stale_and_never_failed(
    verifying: VerifyingHome,
) -> None:
    later = verifying.open(lambda: verifying.ledger.clock() + 2 * DAY_S)
    report = verify(later, verifying.documents[0])
    assert report["outcome"] == "INDETERMINATE"
    assert reasons(report) == {"freshness": "stale", "holder_binding": "bearer"}
    assert report["knowledge"]["age_s"] >= 2 * DAY_S


def test_what_was_anchored_after_the_log_was_last_seen_is_not_called_false(
    verifying: VerifyingHome, tmp_path: Any
) -> None:
    ledger = verifying.ledger
    held = [path.read_bytes() for path in (verifying.index,)]
    ledger.issue(write_file(tmp_path / "more.csv", [100]))
    from ledger.actions.presentation import present

    with ledger.open() as workspace:
        document = present(workspace, identify(100), None).to_json()
    for path in verifying.home.glob("index.sqlite*"):
        path.unlink()
    verifying.index.write_bytes(held[0])
    hot = verifying.open(lambda: ledger.clock() + 60)
    report = verify(hot, document)
    assert report["outcome"] == "INDETERMINATE"
    assert reasons(report)["anchored"] == "not_anchored_yet"
    verifying.sync()
    assert verify(verifying.open(), document)["outcome"] == "PASSED"


def test_a_certificate_of_another_ledger_fails_where_the_log_is_known_up_to_now(
    verifying: VerifyingHome, tmp_path: Any
) -> None:
    from ledger.actions.presentation import present

    other = found(tmp_path / "other")
    other.issue(write_file(tmp_path / "rows.csv", range(2)))
    with other.open() as workspace:
        document = present(workspace, identify(1), None).to_json()
    verifying.sync()
    hot = verifying.open(lambda: 0.0)  # a clock behind that of the chain
    report = verify(hot, document)
    assert report["outcome"] == "FAILED"
    assert reasons(report)["anchored"] == "not_anchored"
