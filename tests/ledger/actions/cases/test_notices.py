"""What a home is told of the log: its own cases, what it relied on, what it issued, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.cases.accepting import accept_case, request_supplement, supplement_case
from ledger.actions.decisions import LifecycleAct
from ledger.actions.lifecycle import change_status
from ledger.actions.notices import Notice, Topic, page_notices
from ledger.actions.viewers import EVERYTHING, Viewer
from ledger.errors import MalformedInputError
from ledger.identifiers import MemberId, RegionCode
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    SICHUAN_HOUSING,
    prepare,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    GUIZHOU,
    HOUSING,
    SICHUAN,
    TRANSPORT,
    Ledger,
    identify,
)

CASES = (Topic.CASE, Topic.SUPPLEMENT, Topic.RECALL)
OPERATOR = Viewer(reads_cases=False)


@pytest.fixture(scope="module")
def told(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, bytes]:
    """Sichuan asked for a supplement of a case of Chongqing's window, accepted it on certificate 1,
    which Chongqing then suspended, with certificate 2. To be read."""
    ledger = prepare(issued.copy(tmp_path_factory.mktemp("told")))
    case_id = submit(ledger, CONTRACT)
    send(ledger, case_id)
    more = (CONTRACT, present_certificate(ledger, 1))
    with ledger.open(SICHUAN) as home:
        request_supplement(home, case_id, "请补正", ["考核合格证书"])
        supplement_case(home, case_id, more)
        accept_case(home, case_id, is_despite=True)
    with ledger.open() as home:
        change_status(home, LifecycleAct.SUSPEND, [identify(1), identify(2)], DECISION)
    return ledger, case_id


def read(
    ledger: Ledger,
    member: MemberId,
    *topics: Topic,
    viewer: Viewer = EVERYTHING,
    limit: int = 1000,
) -> list[Notice]:
    """Every page."""
    found: list[Notice] = []
    with ledger.open(member) as home:
        home.sync_index()
        after, is_complete = -1, False
        while not is_complete:
            page = page_notices(home, after, limit, topics, viewer=viewer)
            assert page.next >= after
            found += page.items
            after, is_complete = page.next, page.is_complete
    return found


def test_both_provinces_are_told_each_step_of_their_case(told: tuple[Ledger, bytes]) -> None:
    ledger, case_id = told
    for member, own in ((CHONGQING, HOUSING), (SICHUAN, SICHUAN_HOUSING)):
        notices = read(ledger, member, Topic.CASE, Topic.SUPPLEMENT)
        assert [each.act for each in notices] == [
            "case_opened",
            "case_handed_over",
            "case_taken_over",
            "supplement_requested",
            "case_supplemented",
            "case_accepted",
        ]
        assert {each.cases for each in notices} == {(case_id,)}
        assert {each.departments for each in notices} == {(own,)}
        supplements = [each.act for each in notices if each.topic is Topic.SUPPLEMENT]
        assert supplements == ["supplement_requested", "case_supplemented"]
        assert notices[-1].detail["state"] == "accepted"


def test_province_without_part_in_a_case_learns_nothing_of_it(told: tuple[Ledger, bytes]) -> None:
    ledger, case_id = told
    notices = read(ledger, GUIZHOU)
    assert not {each.topic for each in notices} & {*CASES, Topic.STATUS}
    assert case_id.hex() not in str(notices)


def test_department_without_part_in_a_case_learns_nothing_of_it(
    told: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = told
    for viewer in (
        Viewer(departments=frozenset({TRANSPORT})),
        Viewer(regions=frozenset({RegionCode.parse("500103")})),
        Viewer(frozenset({HOUSING}), frozenset({RegionCode.parse("510000")})),
    ):
        notices = read(ledger, CHONGQING, viewer=viewer)
        assert not {each.topic for each in notices} & {*CASES, Topic.STATUS}
        assert case_id.hex() not in str(notices)
    own = Viewer(frozenset({HOUSING}), frozenset({RegionCode.parse("500000")}))
    assert read(ledger, CHONGQING, viewer=own) == read(ledger, CHONGQING)


def test_who_relied_on_a_certificate_is_told_that_it_was_suspended(
    told: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = told
    (recall,) = read(ledger, SICHUAN, Topic.RECALL, Topic.STATUS)
    assert (recall.topic, recall.cases) == (Topic.RECALL, (case_id,))
    assert recall.certificates == (str(identify(1)),)
    assert (recall.detail["status"], recall.departments) == ("suspended", (SICHUAN_HOUSING,))
    (status,) = read(ledger, CHONGQING, Topic.RECALL, Topic.STATUS)
    assert (status.topic, status.detail["certificates"]) == (Topic.STATUS, 2)


def test_operator_is_told_of_votes_and_keys_and_of_no_case(told: tuple[Ledger, bytes]) -> None:
    ledger, case_id = told
    notices = read(ledger, SICHUAN, viewer=OPERATOR)
    topics = {each.topic for each in notices}
    assert topics == {Topic.GOVERNANCE, Topic.ISSUERS, Topic.CATALOGUE}
    assert case_id.hex() not in str(notices)
    assert {each.departments for each in notices} == {()}


def test_pages_tell_each_notice_once_whatever_their_size(told: tuple[Ledger, bytes]) -> None:
    ledger, _ = told
    whole = read(ledger, SICHUAN)
    assert read(ledger, SICHUAN, limit=1) == whole
    assert read(ledger, SICHUAN, limit=4) == whole
    indexes = [each.log_index for each in whole]
    assert indexes == sorted(set(indexes))


def test_page_goes_on_over_many_entries_that_are_nobodys_news(
    told: tuple[Ledger, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, _ = told
    whole = read(ledger, GUIZHOU, Topic.GOVERNANCE)
    monkeypatch.setattr("ledger.actions.notices.reading.EXAMINED_AT_ONCE", 2)
    assert read(ledger, GUIZHOU, Topic.GOVERNANCE) == whole


def test_cursor_at_the_end_tells_what_comes_next_and_nothing_before(
    told: tuple[Ledger, bytes], tmp_path: Path
) -> None:
    ledger = told[0].copy(tmp_path / "own")
    with ledger.open() as home:
        home.sync_index()
        end = page_notices(home, limit=1000).next
        assert page_notices(home, end).items == ()
        change_status(home, LifecycleAct.REVOKE, [identify(9)], DECISION)
        home.sync_index()
        page = page_notices(home, end)
    assert [(each.act, each.detail["certificates"]) for each in page.items] == [
        ("status_changed", 1)
    ]
    assert (page.next > end, page.is_complete) == (True, True)


@pytest.mark.parametrize(("after", "limit"), [(-2, 10), (0, 0), (0, 1001)])
def test_cursor_or_limit_that_cannot_be_is_refused(
    told: tuple[Ledger, bytes], after: int, limit: int
) -> None:
    with told[0].open() as home, pytest.raises(MalformedInputError):
        page_notices(home, after, limit)
