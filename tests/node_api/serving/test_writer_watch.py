"""When a core ends because its vault is another's, and what it leaves for the fronts to tell."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from ledger.errors import StorageError
from ledger.vault.store import Vault
from node_api.front.away import AwayApp
from node_api.serving.absence import (
    ABSENCE_NAME,
    NOT_RUNNING,
    clear_absence,
    find_absence,
    tell_absence,
)
from node_api.serving.writer_watch import GIVEN_UP_AFTER_S, WriterWatch


class StandInVault:
    """Answers what a test says: the real one is tested with a real server."""

    def __init__(self) -> None:
        self.code = ""
        self.is_taken_over = False

    def confirm_writer(self) -> None:
        if self.code:
            raise StorageError("told so", code=self.code)


@pytest.fixture
def watched() -> SimpleNamespace:
    found = SimpleNamespace(vault=StandInVault(), now_s=0.0, lost=[])
    vault = cast("Vault", found.vault)
    found.watch = WriterWatch(vault, lambda: found.lost.append(1), lambda: float(found.now_s))
    return found


def look(watched: SimpleNamespace, code: str, now_s: float) -> list[int]:
    watched.vault.code, watched.now_s = code, now_s
    if code:
        with pytest.raises(StorageError):
            watched.watch.look()
    else:
        watched.watch.look()
    return list(watched.lost)


def test_one_that_wrote_meanwhile_ends_the_core_at_once(watched: SimpleNamespace) -> None:
    watched.vault.is_taken_over = True
    assert look(watched, "vault_in_use", 0.0) == [1]
    watched.watch.look()  # nothing more to be seen
    assert watched.lost == [1]


def test_one_that_only_holds_the_lock_ends_the_core_after_a_while(watched: SimpleNamespace) -> None:
    assert look(watched, "vault_in_use", 0.0) == []
    assert look(watched, "vault_in_use", GIVEN_UP_AFTER_S - 1) == []
    assert look(watched, "", GIVEN_UP_AFTER_S) == []  # it was our own former connection
    assert look(watched, "vault_in_use", GIVEN_UP_AFTER_S + 1) == []
    assert look(watched, "vault_in_use", 2 * GIVEN_UP_AFTER_S + 1) == [1]


def test_a_server_that_is_away_ends_nothing_however_long(watched: SimpleNamespace) -> None:
    for now_s in (0.0, 100.0, 10_000.0):
        assert look(watched, "vault_unavailable", now_s) == []
    assert look(watched, "vault_in_use", 10_001.0) == []


def ask_away(home: Path, path: str) -> tuple[int, dict[bytes, bytes], Any]:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    scope: Any = {"type": "http", "path": path, "raw_path": path.encode(), "headers": []}
    asyncio.run(AwayApp(home)(scope, cast("Any", None), send))
    return told[0]["status"], dict(told[0]["headers"]), orjson.loads(told[1]["body"])


def test_fronts_tell_what_the_last_core_said_and_nothing_after_the_next_one(
    tmp_path: Path,
) -> None:
    tell_absence(tmp_path, StorageError("user zl at 10.0.0.1 is", code="vault_in_use"))
    status, headers, body = ask_away(tmp_path, "/health/ready")
    assert (status, body["ready"], body["missing"]) == (503, False, ["core"])
    assert body["dependencies"][0]["code"] == "vault_in_use"
    assert headers[b"retry-after"].isdigit()
    status, headers, body = ask_away(tmp_path, "/v1/jobs")
    assert (status, body["code"]) == (503, "core_unavailable")
    assert [each["code"] for each in body["errors"]] == ["vault_in_use"]
    assert "10.0.0.1" not in str(body)
    clear_absence(tmp_path)
    _, _, body = ask_away(tmp_path, "/v1/jobs")
    assert "errors" not in body
    assert find_absence(tmp_path) == NOT_RUNNING


@pytest.mark.parametrize("content", [b"", b"[]", b'{"code": 1}', b'{"code": "<b>"}', b"\xff"])
def test_a_word_that_is_none_is_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / ABSENCE_NAME).write_bytes(content)
    assert find_absence(tmp_path) == NOT_RUNNING
