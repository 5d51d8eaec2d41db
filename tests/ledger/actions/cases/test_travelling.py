"""Hand-overs: sealed by both sides, of what the log has, to whom it is meant for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.actions.cases.packages import import_package, keep_receipt, make_package
from ledger.actions.cases.papers import read_papers
from ledger.actions.cases.travelling import hand_over, take_over
from ledger.errors import ConflictError, MalformedInputError, NotAuthorizedError, NotFoundError
from ledger.formats.case_documents import Application, make_salt
from ledger.formats.case_dossier import Dossier
from ledger.formats.case_package import PackageContext, Recipient, seal_package
from ledger.formats.case_receipt import HandOverReceipt
from ledger.records import HandOverMode, HandOverPendingError, NotCustodianError
from tests.ledger.actions.cases.cases import (
    FIRM,
    HOLDER,
    ITEM,
    OFFICER,
    SICHUAN_HOUSING,
    at,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, GUIZHOU, SICHUAN, Ledger

if TYPE_CHECKING:
    from ledger.workspace import Workspace


def give(ledger: Ledger, case_id: bytes) -> bytes:
    package = at(ledger, CHONGQING, lambda home: hand_over(home, case_id, officer=OFFICER)).package
    assert package is not None
    return package


def test_hand_over_asked_for_again_gives_the_same_package(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home:
        first = hand_over(home, case_id)
        again = hand_over(home, case_id)
    assert again.package == first.package
    assert again.result.was_done
    assert again.taker == SICHUAN_HOUSING


def test_material_that_is_on_its_way_is_not_given_twice(two: Ledger) -> None:
    case_id = submit(two)
    give(two, case_id)
    with two.open() as home, pytest.raises(HandOverPendingError):
        hand_over(home, case_id, HandOverMode.POSTAL, "EMS 1234")


def test_material_that_was_given_away_is_not_given_again(two: Ledger) -> None:
    case_id = submit(two)
    send(two, case_id)
    with two.open() as home, pytest.raises((NotCustodianError, NotFoundError)):
        hand_over(home, case_id)


def test_taker_has_every_paper_and_its_receipt_comes_back(two: Ledger) -> None:
    case_id = submit(two)
    package = give(two, case_id)
    with two.open(SICHUAN) as home:
        taken = take_over(home, package, note="齐全", officer=OFFICER)
        again = take_over(home, package, note="齐全", officer=OFFICER)
        theirs = read_papers(home, case_id)
    assert again.receipt == taken.receipt
    assert again.result.was_done
    with two.open() as home:
        ours = read_papers(home, case_id)
        receipt = keep_receipt(home, taken.receipt)
        assert HandOverReceipt.parse(taken.receipt) == receipt
    kinds = [type(each) for each in ours.documents]
    assert [type(each) for each in theirs.documents] == [*kinds, HandOverReceipt]


def test_receipt_that_the_log_has_not_is_refused(two: Ledger) -> None:
    case_id = submit(two)
    package = give(two, case_id)
    taken = at(two, SICHUAN, lambda home: take_over(home, package, note="齐全"))
    with two.open() as home, pytest.raises(ConflictError) as refusal:
        keep_receipt(home, taken.receipt.replace("齐全".encode(), "缺页".encode()))
    assert refusal.value.code == "receipt_differs"


def test_package_for_another_member_opens_nowhere_else(two: Ledger) -> None:
    case_id = submit(two)
    package = give(two, case_id)
    with two.open(GUIZHOU) as home, pytest.raises(NotAuthorizedError) as refusal:
        import_package(home, package)
    assert refusal.value.code == "package_for_another_member"


def test_package_that_is_not_the_one_the_giver_sealed_is_refused(two: Ledger) -> None:
    case_id = submit(two)
    give(two, case_id)
    other = at(two, CHONGQING, lambda home: make_package(home, case_id, SICHUAN_HOUSING, 2))
    with two.open(SICHUAN) as home, pytest.raises(ConflictError) as refusal:
        take_over(home, other)
    assert refusal.value.code == "package_differs"


def test_package_of_another_case_is_not_taken_for_this_one(two: Ledger) -> None:
    first, second = submit(two), submit(two, applicant=HOLDER)
    package = give(two, first)
    give(two, second)
    relabelled = package.replace(first.hex().encode(), second.hex().encode())
    with two.open(SICHUAN) as home, pytest.raises(ConflictError) as refusal:
        take_over(home, relabelled)
    assert refusal.value.code == "package_differs"


def test_dossier_with_another_applicant_is_refused(two: Ledger) -> None:
    case_id = submit(two)

    def forge(home: Workspace) -> bytes:
        papers = read_papers(home, case_id).documents
        forged = Dossier((Application(make_salt(), ITEM, FIRM), *papers[1:]))
        keys = home.gateway.member(SICHUAN).keys
        context = PackageContext(home.gateway.ledger_id, case_id, 1)
        recipient = Recipient(SICHUAN, keys.encryption_x, keys.encryption_y)
        return seal_package(forged.to_json(), context, recipient)

    package = at(two, CHONGQING, forge)
    with two.open(SICHUAN) as home:
        with pytest.raises(ConflictError) as refusal:
            import_package(home, package)
        assert home.vault.cases.find(case_id) is None
    assert refusal.value.code == "dossier_differs"


def test_hand_over_nobody_gave_is_not_taken(two: Ledger) -> None:
    case_id = submit(two)
    package = at(two, CHONGQING, lambda home: make_package(home, case_id, SICHUAN_HOUSING, 2))
    with two.open(SICHUAN) as home, pytest.raises(ConflictError) as refusal:
        take_over(home, package)
    assert refusal.value.code == "hand_over_missing"


def test_paper_travels_by_post_and_is_taken_without_a_package(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home:
        with pytest.raises(MalformedInputError):
            hand_over(home, case_id, HandOverMode.POSTAL)
        given = hand_over(home, case_id, HandOverMode.POSTAL, "EMS 1234，原件三份")
        assert given.package is None
    with two.open(SICHUAN) as home:
        taken = take_over(home, case_id=case_id, note="封条完好")
        receipt = HandOverReceipt.parse(taken.receipt)
        assert (receipt.taker, receipt.note) == (SICHUAN_HOUSING, "封条完好")


def test_package_is_expected_where_one_was_given(two: Ledger) -> None:
    case_id = submit(two)
    give(two, case_id)
    with two.open(SICHUAN) as home, pytest.raises(ConflictError) as refusal:
        take_over(home, case_id=case_id)
    assert refusal.value.code == "package_expected"
