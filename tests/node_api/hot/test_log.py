from __future__ import annotations

from typing import Any

import orjson
import pytest

from ledger.formats.merkle import verify_consistency, verify_inclusion
from ledger.index.reading import INDEX_OLD, STALE_AFTER_S, AsOf
from node_api.freshness import from_headers
from node_api.hot.routes import HotPaths
from tests.support.verifying_home import VerifyingHome, ask


@pytest.fixture
def hot(unchanged: VerifyingHome) -> HotPaths:
    return unchanged.open()


def get(hot: HotPaths, path: str, status: int = 200, **query: object) -> dict[str, Any]:
    params = {name: str(value) for name, value in query.items()}
    answer = ask(hot, "GET", path, params=params)
    assert answer.status_code == status, answer.text
    return orjson.loads(answer.content)  # type: ignore[no-any-return]  # JSON


def test_root_is_that_of_the_chain(unchanged: VerifyingHome, hot: HotPaths) -> None:
    with unchanged.ledger.open() as workspace:
        root, size = workspace.gateway.log_root(), workspace.gateway.log_size()
    told = get(hot, "/v1/log")
    assert (bytes.fromhex(told["root"]), told["size"]) == (root, size)


def test_every_entry_is_proved_in_every_size_of_the_log(hot: HotPaths) -> None:
    size = get(hot, "/v1/log")["size"]
    for within in (1, 2, size // 2, size):
        for index in range(within):
            path = f"/v1/log/entries/{index}/inclusion-proof"
            proof = get(hot, path, size=within)
            assert verify_inclusion(
                bytes.fromhex(proof["leaf_hash"]),
                proof["index"],
                proof["size"],
                [bytes.fromhex(node) for node in proof["path"]],
                bytes.fromhex(proof["root"]),
            )


def test_every_size_is_proved_to_continue_every_smaller_one(hot: HotPaths) -> None:
    size = get(hot, "/v1/log")["size"]
    for first in range(1, size + 1):
        proof = get(hot, "/v1/log/consistency-proof", first=first)
        assert proof["second"] == size
        assert verify_consistency(
            first,
            bytes.fromhex(proof["first_root"]),
            size,
            bytes.fromhex(proof["second_root"]),
            [bytes.fromhex(node) for node in proof["path"]],
        )


def test_only_what_never_changes_may_be_kept(hot: HotPaths) -> None:
    for path, is_kept in (
        ("/v1/log", False),
        ("/v1/log/entries", False),
        ("/v1/log/entries/0", True),
        ("/v1/log/entries/0/inclusion-proof", False),
        ("/v1/log/entries/0/inclusion-proof?size=3", True),
        ("/v1/log/consistency-proof?first=1", False),
        ("/v1/log/consistency-proof?first=1&second=3", True),
    ):
        kept = ask(hot, "GET", path).headers["cache-control"]
        assert ("immutable" in kept) is is_kept, path


def test_what_may_change_says_its_age_and_what_never_does_has_none(
    unchanged: VerifyingHome,
) -> None:
    with unchanged.ledger.open() as workspace:
        cursor = workspace.index.cursor()
    at_unix = cursor.synced_to_unix + STALE_AFTER_S
    for late_s, problem in ((0, ""), (5, INDEX_OLD)):
        hot = unchanged.open(lambda now=at_unix + late_s: now)
        for path in ("/v1/log", "/v1/log/entries", "/v1/log/entries/0/inclusion-proof"):
            told = from_headers(ask(hot, "GET", path).headers)
            age_s = int(STALE_AFTER_S) + late_s
            block = cursor.next_block - 1
            assert told == AsOf(block, cursor.synced_to_unix, age_s, problem), path
        for path in ("/v1/log/entries/0", "/v1/log/entries/0/inclusion-proof?size=3"):
            assert from_headers(ask(hot, "GET", path).headers) is None


def test_entries_are_read_in_pages(hot: HotPaths) -> None:
    size, found, at = get(hot, "/v1/log")["size"], [], 0
    while at < size:
        page = get(hot, "/v1/log/entries", **{"from": at, "limit": 4})
        found += page["entries"]
        at = page["next"]
    assert [entry["index"] for entry in found] == list(range(size))
    assert found[0]["event"] == "ConsortiumFounded"
    assert get(hot, "/v1/log/entries/3") == found[3]
    assert get(hot, "/v1/log/entries", **{"from": size})["entries"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/log/entries/999999", 404, "entry_not_found"),
        ("/v1/log/entries/999999/inclusion-proof", 404, "entry_not_found"),
        ("/v1/log/entries/0/inclusion-proof?size=999999", 404, "size_not_found"),
        ("/v1/log/entries/0/inclusion-proof?size=0", 404, "size_not_found"),
        ("/v1/log/entries/-1", 422, "malformed_input"),
        ("/v1/log/entries/²", 422, "malformed_input"),
        ("/v1/log/entries/1e3/inclusion-proof", 422, "malformed_input"),
        ("/v1/log/consistency-proof", 422, "parameter_missing"),
        ("/v1/log/consistency-proof?first=0", 404, "size_not_found"),
        ("/v1/log/consistency-proof?first=3&second=2", 404, "size_not_found"),
        ("/v1/log/consistency-proof?first=1&first=2", 422, "malformed_input"),
        ("/v1/log/entries?limit=0", 422, "malformed_input"),
        ("/v1/log/entries?limit=1001", 422, "malformed_input"),
        ("/v1/log/entries?to=3", 422, "parameter_unknown"),
        ("/v1/log/entries?from=%ff", 422, "malformed_input"),
        ("/v1/log/entries/1/2", 404, "path_unknown"),
    ],
)
def test_what_there_is_not_is_refused_by_name(
    hot: HotPaths, path: str, status: int, code: str
) -> None:
    answer = ask(hot, "GET", path)
    assert (answer.status_code, orjson.loads(answer.content)["code"]) == (status, code)


def test_a_process_that_answers_says_so(hot: HotPaths) -> None:
    assert get(hot, "/health/live") == {"status": "live"}
    assert ask(hot, "POST", "/health/live").status_code == 405
    assert ask(hot, "DELETE", "/v1/log").status_code == 405
