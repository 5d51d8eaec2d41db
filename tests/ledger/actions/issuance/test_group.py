"""Single requests share batches; each is acknowledged once, whoever asks how often."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.governance import propose_freeze, vote
from ledger.actions.issuance.group import GroupIssuer
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.request import (
    FieldsMalformedError,
    IssuanceRequest,
    IssuedCertificate,
    RequestState,
    RequestStatus,
    find_request,
)
from ledger.actions.issuance.tickets import GroupLimits, OverloadedError, Ticket, WaitingRoom
from ledger.actions.issuers import (
    change_mandate,
    declare_compromise,
    register_department,
    rotate_seal_key,
)
from ledger.actions.presentation import present, verify_document
from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.records import BatchAnchored, FrozenError, IssuerNotMandatedError
from ledger.schemas import load_schema
from ledger.vault.tables import BatchState, RunState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    make_row,
    write_file,
)

QUICK = GroupLimits(batch_age_s=0.05, standing_s=0.1, retry_s=0.1, gather_s=0.002)


def ask(
    number: int,
    reference: str | None = None,
    *,
    issuer: Uscc = HOUSING,
    certificate_type: CertificateType = TYPE,
    **changes: str,
) -> IssuanceRequest:
    """A request for the certificate of that number."""
    row = make_row(number, issuer=issuer, **changes)
    return IssuanceRequest(issuer, certificate_type, reference or f"r-{number}", row)


@contextmanager
def issuing(ledger: Ledger, limits: GroupLimits = QUICK) -> Iterator[tuple[Workspace, GroupIssuer]]:
    with ledger.open() as workspace, GroupIssuer(workspace, limits) as issuer:
        yield workspace, issuer


def issue(issuer: GroupIssuer, request: IssuanceRequest) -> IssuedCertificate:
    issued = issuer.issue(request)
    assert isinstance(issued, IssuedCertificate), issued
    return issued


def require_sound(ledger: Ledger, certificates: int) -> None:
    """As many certificates on the chain as in the vault, and nothing left to be done."""
    with ledger.open() as workspace:
        report = fsck(workspace)
        assert (report.problems, report.remarks) == ((), ())
        assert report.certificates == certificates
        anchored = workspace.index.entries_of_kind(BatchAnchored.TOPIC)
        counts = [
            BatchAnchored.decode_payload(row.payload or b"").statement.count for row in anchored
        ]
        assert sum(counts) == certificates


def test_requests_that_arrive_together_share_a_batch(ledger: Ledger) -> None:
    with issuing(ledger) as (workspace, issuer):
        with ThreadPoolExecutor(20) as threads:
            done = list(threads.map(lambda number: issue(issuer, ask(number)), range(60)))
        assert len({each.batch_key for each in done}) < 20
        assert len({(each.batch_key, each.position) for each in done}) == 60
        assert [each.reference for each in done] == [f"r-{number}" for number in range(60)]
        for number in (0, 59):
            document = present(workspace, identify(number), ["holder_name"]).to_json()
            assert verify_document(workspace, document).outcome is Outcome.PASSED
            record = workspace.gateway.batch(done[number].batch_key)
            assert record is not None
            assert record.anchored_at == done[number].anchored_at_unix
    require_sound(ledger, 60)


def test_the_same_request_again_has_the_same_answer(ledger: Ledger) -> None:
    with issuing(ledger) as (_, issuer):
        first = issue(issuer, ask(1))
        again = issue(issuer, ask(1))
        other_reference = issue(issuer, ask(1, "another"))
    assert (first.was_issued_before, again.was_issued_before) == (False, True)
    for each in (again, other_reference):
        assert (each.batch_key, each.position) == (first.batch_key, first.position)
        assert each.log_index == first.log_index
    with issuing(ledger) as (workspace, issuer):  # another process, later
        assert issue(issuer, ask(1)).batch_key == first.batch_key
        with pytest.raises(ConflictError) as refused:
            issuer.issue(ask(2, "another"))
        assert refused.value.code == "reference_used"
        status = find_request(workspace, HOUSING, "another")
        assert (status.state, status.position) == (RequestState.ISSUED, first.position)
    require_sound(ledger, 1)


def test_repeated_while_it_is_under_way_it_is_issued_once(ledger: Ledger) -> None:
    with issuing(ledger) as (_, issuer):
        asked = [ask(3, reference) for reference in ("a", "a", "b", "a", "c", "b") * 5]
        with ThreadPoolExecutor(30) as threads:
            done = list(threads.map(lambda request: issue(issuer, request), asked))
        assert len({(each.batch_key, each.position) for each in done}) == 1
        assert [each.was_issued_before for each in done].count(False) == 1
        for reference in "abc":
            with pytest.raises(ConflictError, match="stands for another"):
                issuer.issue(ask(4, reference))
    require_sound(ledger, 1)


@pytest.mark.parametrize("is_later", [False, True])
def test_a_reference_stands_for_one_content(ledger: Ledger, is_later: bool) -> None:
    other_holder = ask(1, "r", 姓名="另一人")
    other_certificate = ask(2, "r")
    under_another_reference = ask(1, "s", 姓名="另一人")
    expected = ["reference_used", "reference_used", "conflicting_certificate"]
    with issuing(ledger, GroupLimits(batch_age_s=0.3, standing_s=0.1)) as (_, issuer):
        room = WaitingRoom()
        issue(issuer, ask(9))
        first = issuer.hand_in(ask(1, "r"), room)
        if is_later:
            room.wait(lambda: first.is_settled, 10)
        tickets = [
            issuer.hand_in(each, room)
            for each in (other_holder, other_certificate, under_another_reference)
        ]
        room.wait(lambda: all(each.is_settled for each in [first, *tickets]), 10)
    assert first.issued is not None
    assert [getattr(each.error, "code", None) for each in tickets] == expected
    require_sound(ledger, 2)


def test_a_used_reference_beside_a_certificate_under_way_refuses_itself_alone(
    ledger: Ledger,
) -> None:
    with issuing(ledger, GroupLimits(batch_age_s=0.3, standing_s=0.1)) as (_, issuer):
        issue(issuer, ask(1, "used"))
        room = WaitingRoom()
        first = issuer.hand_in(ask(2, "free"), room)
        again, other = (issuer.hand_in(ask(2, each), room) for each in ("used", "other"))
        room.wait(lambda: all(each.is_settled for each in (first, again, other)), 10)
    assert getattr(again.error, "code", None) == "reference_used"
    assert first.issued is not None
    assert other.issued is not None
    assert other.issued.position == first.issued.position
    require_sound(ledger, 2)


def test_everything_wrong_with_the_fields_is_told_at_once(ledger: Ledger) -> None:
    names = {each.column: each.property_name for each in load_schema(TYPE).fields}
    fields: dict[str, object] = {names[title]: value for title, value in make_row(1).items()}
    fields |= {names["姓名"]: "", names["身份证号"]: "160101199003071233", "颜色": "红"}
    fields |= {names["职务"]: 5, names["性别"]: "其他"}
    with issuing(ledger) as (_, issuer):
        with pytest.raises(FieldsMalformedError) as refused:
            issuer.issue(IssuanceRequest(HOUSING, TYPE, "r", fields))
        told = {fault.field: fault.code for fault in refused.value.faults}
        assert told == {
            names["姓名"]: "missing_value",
            names["身份证号"]: "wrong_check_character",
            names["职务"]: "not_text",
            names["性别"]: "not_allowed_value",
            "颜色": "unknown_column",
        }
        with pytest.raises(NotFoundError):
            find_request(_, HOUSING, "r")


def test_fields_go_by_property_by_shown_name_or_by_column(ledger: Ledger) -> None:
    schema = load_schema(TYPE)
    row = make_row(1)
    by_property = {
        each.property_name: row[each.column] for each in schema.fields if each.column in row
    }
    by_shown = {
        each.draft_field.value if each.draft_field else each.property_name: row[each.column]
        for each in schema.fields
        if each.column in row
    }
    with issuing(ledger) as (_, issuer):
        asked: list[Mapping[str, object]] = [row, by_property, by_shown]
        done = [issue(issuer, IssuanceRequest(HOUSING, TYPE, "r", each)) for each in asked]
    assert len({each.leaf_hash for each in done}) == 1


@pytest.mark.parametrize("reference", ["", " ", "张三", "a\n", "x" * 201])
def test_a_reference_is_short_visible_ascii(ledger: Ledger, reference: str) -> None:
    with issuing(ledger) as (_, issuer), pytest.raises(MalformedInputError) as refused:
        issuer.issue(IssuanceRequest(HOUSING, TYPE, reference, make_row(1)))
    assert refused.value.code == "reference_malformed"


def test_departments_issue_beside_each_other(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        register_department(workspace, TRANSPORT, "交通（虚构）", RegionCode.parse("500000"))
        change_mandate(workspace, TRANSPORT, TYPE)
    with issuing(ledger) as (_, issuer):
        asked = [ask(n, issuer=who) for n in range(10) for who in (HOUSING, TRANSPORT)]
        with ThreadPoolExecutor(20) as threads:
            done = list(threads.map(lambda request: issue(issuer, request), asked))
    for who in (HOUSING, TRANSPORT):
        own = {each.batch_key for each in done if each.issuer == who}
        assert own.isdisjoint(each.batch_key for each in done if each.issuer != who)
    require_sound(ledger, 20)


def test_who_may_not_issue_is_refused_by_name(ledger: Ledger) -> None:
    with issuing(ledger) as (workspace, issuer):
        with pytest.raises(NotFoundError):
            issuer.issue(ask(1, issuer=TRANSPORT))
        register_department(workspace, TRANSPORT, "交通（虚构）", RegionCode.parse("500000"))
        with pytest.raises(LedgerError) as refused:
            retry_while(NotFoundError, lambda: issuer.issue(ask(1, issuer=TRANSPORT)))
        assert isinstance(refused.value, IssuerNotMandatedError)
        assert issue(issuer, ask(1)).position == 0
    require_sound(ledger, 1)


def retry_while(kind: type[LedgerError], act: object) -> object:
    """Until the keeper has asked again."""
    for _ in range(100):
        try:
            return act()  # type: ignore[operator]
        except kind:
            time.sleep(0.05)
    raise AssertionError("never")


def test_a_rotated_key_is_picked_up(ledger: Ledger) -> None:
    with issuing(ledger) as (workspace, issuer):
        old = issue(issuer, ask(1))
        new_key = rotate_seal_key(workspace, HOUSING).key_id
        for number in range(2, 40):
            done = issue(issuer, ask(number))
            if workspace.vault.batches.get(done.batch_key).key_id == new_key:
                break
        else:
            raise AssertionError("the old key goes on sealing")
        assert workspace.vault.batches.get(old.batch_key).key_id != new_key
        document = present(workspace, identify(number), ["holder_name"]).to_json()
        assert verify_document(workspace, document).outcome is Outcome.PASSED


def test_after_a_compromise_nothing_is_issued_and_nothing_is_left(ledger: Ledger) -> None:
    with issuing(ledger) as (workspace, issuer):
        done = issue(issuer, ask(1))
        key_id = workspace.vault.batches.get(done.batch_key).key_id
        declare_compromise(workspace, HOUSING, key_id, workspace.latest_unix())
        refused = 0
        for number in range(2, 40):
            try:
                issuer.issue(ask(number))
            except LedgerError:
                refused = number
                break
        assert refused
        new_key = rotate_seal_key(workspace, HOUSING).key_id
        again = retry_while(LedgerError, lambda: issuer.issue(ask(refused)))
        assert isinstance(again, IssuedCertificate)
        assert workspace.vault.batches.get(again.batch_key).key_id == new_key
        assert workspace.vault.batches.in_state(BatchState.CLOSED) == []


def test_a_frozen_batch_is_pending_and_anchored_after_the_freeze(ledger: Ledger) -> None:
    with issuing(ledger) as (workspace, issuer):
        issue(issuer, ask(1))
        freeze = propose_freeze(workspace, str(CHONGQING), workspace.latest_unix() + 30)
        vote(workspace, freeze.proposal_id, approve=True)
        pending = issuer.issue(ask(2))
        assert isinstance(pending, RequestStatus)
        assert pending.state is RequestState.PENDING
        with pytest.raises(FrozenError):
            issuer.issue(ask(3))
    ledger.ahead_s += 31
    with issuing(ledger) as (workspace, issuer):
        done = retry_while(LedgerError, lambda: issuer.issue(ask(2)))
        assert isinstance(done, IssuedCertificate)
        assert done.was_issued_before
        status = find_request(workspace, HOUSING, "r-2")
        assert (status.state, status.log_index) == (RequestState.ISSUED, done.log_index)
    require_sound(ledger, 2)


def test_a_department_that_is_refused_keeps_no_other_waiting(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        register_department(workspace, TRANSPORT, "交通（虚构）", RegionCode.parse("500000"))
        change_mandate(workspace, TRANSPORT, TYPE)
    limits = GroupLimits(batch_age_s=0.05, standing_s=30.0, retry_s=0.1, longest_wait_s=0.8)
    with issuing(ledger, limits) as (workspace, issuer):
        issue(issuer, ask(1))
        issue(issuer, ask(1, "t", issuer=TRANSPORT))
        change_mandate(workspace, HOUSING, TYPE, valid_until_unix=workspace.latest_unix())
        pending = issuer.issue(ask(2))
        assert isinstance(pending, RequestStatus)
        time.sleep(1.0)
        assert issue(issuer, ask(2, "u", issuer=TRANSPORT)).position == 0
        change_mandate(workspace, HOUSING, TYPE)
        done = retry_while(LedgerError, lambda: issuer.issue(ask(2)))
        assert isinstance(done, IssuedCertificate)
    require_sound(ledger, 4)


def test_a_file_and_requests_issue_the_same_rows_once(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(60))
    with issuing(ledger) as (workspace, issuer), ThreadPoolExecutor(30) as threads:
        single = [threads.submit(issuer.issue, ask(number)) for number in range(30)]
        single[0].result()
        report = issue_file(workspace, source, HOUSING, TYPE)
        assert report.state is RunState.COMPLETED
        assert report.issued + report.already_issued == 60
        assert report.given_up == ()
        done = [each.result() for each in single]
        after = [issue(issuer, ask(number)) for number in (0, 59)]
        assert all(isinstance(each, IssuedCertificate) for each in done)
        assert all(each.was_issued_before for each in after)
    require_sound(ledger, 60)


def test_beyond_the_bound_requests_are_refused_and_the_books_balance(ledger: Ledger) -> None:
    limits = GroupLimits(batch_age_s=0.1, standing_s=0.1, waiting=20)
    with issuing(ledger, limits) as (_, issuer):
        room, taken, refused = WaitingRoom(), list[Ticket](), list[float]()
        for number in range(60):
            try:
                taken.append(issuer.hand_in(ask(number), room))
            except OverloadedError as error:
                refused.append(error.retry_after_s)
        room.wait(lambda: all(each.is_settled for each in taken), 20)
        assert (len(taken), len(refused)) == (20, 40)
        assert min(refused) >= 1
        assert all(each.issued for each in taken)
        assert issue(issuer, ask(40)).position == 0
    require_sound(ledger, 21)


def test_stopped_it_leaves_nothing_undone(ledger: Ledger) -> None:
    with issuing(ledger, GroupLimits(batch_age_s=5.0, standing_s=0.1)) as (_, issuer):
        room = WaitingRoom()
        tickets = [issuer.hand_in(ask(number), room) for number in range(5)]
    assert all(each.is_settled or each.is_staged for each in tickets)
    with issuing(ledger) as (_, issuer):
        assert all(issue(issuer, ask(number)) for number in range(5))
    require_sound(ledger, 5)


def test_a_batch_of_another_home_with_the_same_key_stops_the_department(
    ledger: Ledger, tmp_path: Path
) -> None:
    """As after an old backup: what was issued meanwhile could be issued again."""
    with issuing(ledger) as (_, issuer):
        issue(issuer, ask(1))
    old = ledger.copy(tmp_path / "old")
    old.set_chain(str(ledger.chain))
    with issuing(ledger) as (_, issuer):
        issue(issuer, ask(2))
    with issuing(old) as (_, issuer), pytest.raises(ConflictError) as refused:
        issuer.issue(ask(3))
    assert refused.value.code == "batches_lost"
