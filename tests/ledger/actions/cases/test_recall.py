"""What rested on a certificate that was revoked, suspended or superseded since."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.recall import Reliance, find_place, find_recalls
from ledger.actions.cases.recalling import recall as tell_recalls
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.lifecycle import change_status
from ledger.actions.viewers import Viewer
from ledger.formats.certificate import Placement
from ledger.formats.status_list import Status
from ledger.identifiers import MemberId, RegionCode, Uscc
from ledger.records import CaseState
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    ITEM,
    SICHUAN_HOUSING,
    at,
    prepare,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, DECISION, SICHUAN, Ledger, identify

LATER = Decision(3, "《规定》第九条", date(2026, 2, 1))


@pytest.fixture(scope="module")
def relied_once(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, bytes]:
    """Sichuan accepted a case on Chongqing's certificate 1, and one on paper."""
    ledger = prepare(issued.copy(tmp_path_factory.mktemp("relied")))
    ids = []
    for materials in ((CONTRACT, present_certificate(ledger, 1)), (CONTRACT,)):
        case_id = submit(ledger, *materials)
        send(ledger, case_id)
        with ledger.open(SICHUAN) as home:
            accept_case(home, case_id, is_despite=True)
        ids.append(case_id)
    return ledger, ids[0]


@pytest.fixture
def relied(relied_once: tuple[Ledger, bytes], tmp_path: Path) -> tuple[Ledger, bytes]:
    return relied_once[0].copy(tmp_path / "relied"), relied_once[1]


def change(ledger: Ledger, act: LifecycleAct, number: int = 1, *, by: Decision = DECISION) -> None:
    with ledger.open() as home:
        change_status(home, act, [identify(number)], by)


def recall(ledger: Ledger, member: MemberId = SICHUAN, since_unix: int = 0) -> list[Reliance]:
    return at(ledger, member, lambda home: find_recalls(home, since_unix=since_unix))


def test_while_certificates_are_as_they_were_nothing_is_recalled(
    relied: tuple[Ledger, bytes],
) -> None:
    ledger, _ = relied
    assert recall(ledger) == []
    change(ledger, LifecycleAct.REVOKE, 2)
    assert recall(ledger) == [], "of a neighbour in the same status word"


def test_a_revocation_names_the_case_that_rested_on_the_certificate(
    relied: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = relied
    change(ledger, LifecycleAct.REVOKE)
    (found,) = recall(ledger)
    assert (found.case_id, found.item_code, found.state) == (case_id, ITEM, CaseState.ACCEPTED)
    assert found.handler == SICHUAN_HOUSING
    assert str(found.certificate_id) == str(identify(1))
    assert (found.position, found.status) == (1, Status.REVOKED)
    assert found.is_committed
    (step,) = found.changes
    assert (step.status, step.legal_basis) == (Status.REVOKED, DECISION.legal_basis)
    assert step.effective_date == "2026-01-15"
    assert step.log_index > found.relied_log_index


def test_only_the_home_that_relied_can_tell(relied: tuple[Ledger, bytes]) -> None:
    ledger, _ = relied
    change(ledger, LifecycleAct.REVOKE)
    assert recall(ledger, CHONGQING) == []


def test_a_certificate_that_was_restored_is_told_with_both_changes(
    relied: tuple[Ledger, bytes],
) -> None:
    ledger, _ = relied
    change(ledger, LifecycleAct.SUSPEND)
    change(ledger, LifecycleAct.RESTORE, by=LATER)
    (found,) = recall(ledger)
    assert found.status is Status.VALID
    assert [step.status for step in found.changes] == [Status.SUSPENDED, Status.VALID]


def test_of_a_certificate_that_is_named_every_reliance_is_told(
    relied: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = relied
    place = at(ledger, CHONGQING, lambda home: find_place(home, identify(1)))
    assert place is not None
    with ledger.open(SICHUAN) as home:
        (by_place,) = find_recalls(home, placement=place)
        (by_id,) = find_recalls(home, certificate_id=identify(1))
        assert find_recalls(home, certificate_id=identify(2)) == []
        assert find_recalls(home, placement=Placement(place.batch_key, 2)) == []
        assert find_place(home, identify(1)) is None
    assert by_place == by_id
    assert (by_id.case_id, by_id.status, by_id.changes) == (case_id, Status.VALID, ())


def test_only_changes_recorded_since_a_time_count(relied: tuple[Ledger, bytes]) -> None:
    ledger, _ = relied
    change(ledger, LifecycleAct.SUSPEND)
    (found,) = recall(ledger)
    at_unix = found.changes[0].recorded_at_unix
    assert recall(ledger, since_unix=at_unix) == [found]
    assert recall(ledger, since_unix=at_unix + 1) == []


def test_a_salt_that_was_altered_does_not_open_the_commitment(
    relied: tuple[Ledger, bytes],
) -> None:
    import sqlite3

    ledger, _ = relied
    change(ledger, LifecycleAct.REVOKE)
    with sqlite3.connect(ledger.home(SICHUAN) / "vault" / "vault.db") as connection:
        connection.execute("UPDATE reliances SET salt = randomblob(32)")
    connection.close()
    (found,) = recall(ledger)
    assert not found.is_committed


def test_what_an_erased_case_relied_on_is_recalled_no_more(relied: tuple[Ledger, bytes]) -> None:
    ledger, case_id = relied
    change(ledger, LifecycleAct.REVOKE)
    at(ledger, SICHUAN, lambda home: home.vault.cases.erase(case_id, "申请删除（虚构）", None))
    assert recall(ledger) == []


def test_who_is_limited_is_told_of_what_their_departments_accepted(
    relied: tuple[Ledger, bytes],
) -> None:
    ledger, _ = relied
    change(ledger, LifecycleAct.REVOKE)
    province, elsewhere = RegionCode.parse(str(SICHUAN)), RegionCode.parse(str(CHONGQING))
    limits = {
        Viewer(): 1,
        Viewer(departments=frozenset({SICHUAN_HOUSING})): 1,
        Viewer(departments=frozenset({Uscc.build("11510000000000099")})): 0,
        Viewer(regions=frozenset({province})): 1,
        Viewer(regions=frozenset({elsewhere})): 0,
    }
    for viewer, count in limits.items():
        told = at(ledger, SICHUAN, lambda home, viewer=viewer: tell_recalls(home, viewer=viewer))
        assert len(told.reliances) == count, viewer
