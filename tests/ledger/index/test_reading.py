"""How old an answer is, and who waits for a chain that does not answer."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from ledger.errors import ChainUnavailableError, StorageError
from ledger.index.reading import (
    INDEX_OLD,
    LOOKING_AT_ONCE,
    RETRY_AFTER_S,
    SLOW_S,
    STALE_AFTER_S,
    AsOf,
    ChainOutage,
    Reading,
    find_age,
    is_away,
)
from ledger.index.store import Cursor
from ledger.workspace import Workspace
from tests.support.consortium import ISSUER, Consortium

AT_UNIX = 1_767_578_400
CURSOR = Cursor(bytes(32), "0x", 8, 3, AT_UNIX, b"h" * 32, b"r" * 32)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(outage: ChainOutage, error: Exception, *, is_whole: bool = True) -> None:
    with pytest.raises(type(error)), outage.looking(is_whole=is_whole):
        raise error


def test_age_is_that_of_the_time_up_to_which_nothing_is_missing() -> None:
    assert find_age(CURSOR, AT_UNIX + 9.9) == AsOf(7, AT_UNIX, 9)
    assert find_age(CURSOR, AT_UNIX - 5).age_s == 0  # the chain's clock is ahead of this one
    assert find_age(CURSOR, AT_UNIX + 9, "chain_missing").is_stale


def test_an_index_that_nothing_was_added_to_for_long_is_stale() -> None:
    later = AT_UNIX + STALE_AFTER_S + 1
    assert find_age(CURSOR, later).problem == INDEX_OLD
    assert find_age(CURSOR, later, "chain_missing").problem == "chain_missing"
    assert not find_age(CURSOR, later, stale_after_s=None).is_stale


def test_the_oldest_that_was_asked_counts_and_any_problem_is_told() -> None:
    reading = Reading(None, lambda cursor, problem: find_age(cursor, AT_UNIX, problem))
    reading.note(CURSOR, "")
    reading.note(replace(CURSOR, next_block=99), "chain_unavailable")
    assert reading.as_of == AsOf(7, AT_UNIX, 0, "chain_unavailable")


def test_a_chain_that_failed_is_left_alone_for_a_while() -> None:
    clock = Clock()
    outage = ChainOutage(clock)
    fail(outage, ChainUnavailableError("no answer", code="chain_refused"))
    assert outage.problem == "chain_refused"
    clock.now += RETRY_AFTER_S
    assert outage.problem == ""


def test_a_look_that_succeeds_ends_it_and_a_single_question_does_not() -> None:
    outage = ChainOutage(Clock())
    fail(outage, ChainUnavailableError("other blocks", code="chain_lost_blocks"))
    with outage.looking(is_whole=False):
        pass
    assert outage.problem == "chain_lost_blocks"
    with outage.looking():
        pass
    assert outage.problem == ""


def test_what_is_wrong_with_the_index_is_no_outage() -> None:
    outage = ChainOutage(Clock())
    fail(outage, StorageError("damaged", code="index_damaged"))
    assert outage.problem == ""
    assert not is_away(StorageError("differs", code="index_root_mismatch"))


def test_a_chain_that_answers_nothing_is_away_while_somebody_still_waits() -> None:
    clock = Clock()
    outage = ChainOutage(clock)
    with outage.looking():
        assert outage.problem == ""
        clock.now += SLOW_S + 1
        assert outage.problem == "chain_unavailable"
    assert outage.problem == ""


def test_few_reads_wait_for_a_chain_at_once() -> None:
    outage = ChainOutage()
    waiting, let_go = threading.Barrier(LOOKING_AT_ONCE + 1), threading.Event()

    def wait() -> None:
        with outage.reading() as has_room:
            assert has_room
            waiting.wait(30)
            let_go.wait(30)

    threads = [threading.Thread(target=wait) for _ in range(LOOKING_AT_ONCE)]
    for thread in threads:
        thread.start()
    waiting.wait(30)
    with outage.reading() as has_room:
        assert not has_room
    let_go.set()
    for thread in threads:
        thread.join(30)
    with outage.reading() as has_room:
        assert has_room


def test_a_read_is_fresh_while_the_chain_answers_and_only_a_read_does_without(
    consortium: Consortium,
) -> None:
    with consortium.open() as workspace:
        workspace.sync_index()
        with workspace.reading() as reading:
            workspace.sync_index()
        assert reading.as_of is not None
        assert not reading.as_of.is_stale
    consortium.chain.rename(consortium.directory / "not mounted")
    with consortium.open() as workspace:
        require_refused(workspace)
        with workspace.reading() as reading:
            assert workspace.sync_index().size == workspace.index.cursor().size
            assert workspace.latest_unix() <= int(time.time())
        assert reading.as_of is not None
        assert reading.as_of.problem == "chain_missing"
        require_refused(workspace)


def require_refused(workspace: Workspace) -> None:
    for ask in (workspace.sync_index, workspace.latest_unix):
        with pytest.raises(ChainUnavailableError):
            ask()


def test_a_read_of_one_home_is_none_of_another(consortium: Consortium) -> None:
    with consortium.open() as workspace, Workspace.open(consortium.home(), "") as other:
        workspace.sync_index()
        with other.reading() as reading:
            workspace.sync_index()
            assert workspace.index.entries_of(ISSUER.to_chain().ljust(32, b"\0"))
        assert reading.as_of is None
