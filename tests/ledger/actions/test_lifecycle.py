from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from ledger.actions import lifecycle
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.fsck import fsck
from ledger.actions.holdings import find_stored
from ledger.actions.issuance.outcome import IssuanceLimits
from ledger.actions.issuers import rotate_seal_key
from ledger.actions.lifecycle import StatusResult, change_status, preview, record_change
from ledger.actions.presentation import present, verify_document
from ledger.actions.status_targets import fetch_status, read_targets
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId
from ledger.records import StatusChanged, StatusSequenceUnexpectedError
from ledger.vault.tables import ActState
from ledger.verification.report import CheckName
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    HOUSING,
    ISSUED,
    OFFICER,
    SICHUAN,
    Ledger,
    identify,
    write_file,
)

SUSPEND, RESTORE, REVOKE, SUPERSEDE = LifecycleAct
ALLOWED = {
    (Status.VALID, SUSPEND): Status.SUSPENDED,
    (Status.VALID, REVOKE): Status.REVOKED,
    (Status.VALID, SUPERSEDE): Status.SUPERSEDED,
    (Status.SUSPENDED, RESTORE): Status.VALID,
    (Status.SUSPENDED, REVOKE): Status.REVOKED,
    (Status.SUSPENDED, SUPERSEDE): Status.SUPERSEDED,
}
LEADS_TO = {Status.SUSPENDED: SUSPEND, Status.REVOKED: REVOKE, Status.SUPERSEDED: SUPERSEDE}
OTHER_DECISION = dataclasses.replace(DECISION, legal_basis="《另一规定》第一条")
PAIRS = [(status, act) for status in Status for act in LifecycleAct]


def statuses(workspace: Workspace, numbers: Sequence[int]) -> list[Status]:
    targets = read_targets(workspace, identify_all(numbers))
    by_place = {
        (target.batch_key, place): target.status(place)
        for target in targets
        for place in target.places
    }
    stored = [find_stored(workspace, identify(number)) for number in numbers]
    return [by_place[each.batch.batch_key, each.position] for each in stored]


def status_of(workspace: Workspace, number: int) -> Status:
    return fetch_status(workspace, find_stored(workspace, identify(number)))


def newest_change(workspace: Workspace) -> StatusChanged:
    """The newest entry of the log."""
    size = workspace.sync_index().size
    return StatusChanged.decode_payload(workspace.index.entry(size - 1).payload or b"")


def change(
    ledger: Ledger, act: LifecycleAct, *numbers: int, decision: Decision = DECISION
) -> list[StatusResult]:
    with ledger.open() as workspace:
        return change_status(workspace, act, identify_all(numbers), decision)


def identify_all(numbers: Sequence[int]) -> list[CertificateId]:
    return [identify(number) for number in numbers]


@pytest.fixture(scope="module")
def shared(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """For tests that keep to one certificate each, whose number they are given."""
    ledger = issued.copy(tmp_path_factory.mktemp("lifecycle"))
    for status, act in LEADS_TO.items():
        numbers = [n for n, (before, _) in enumerate(PAIRS) if before is status]
        change(ledger, act, *numbers)
    return ledger


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=lambda n: "-".join(map(str, PAIRS[n])))
def test_each_act_begins_only_from_where_it_may(shared: Ledger, number: int) -> None:
    before, act = PAIRS[number]
    after = ALLOWED.get((before, act))
    with shared.open() as workspace:
        size = workspace.gateway.log_size()
        if after is None:
            with pytest.raises(ConflictError, match=f"is {before.name.lower()}") as caught:
                change_status(workspace, act, [identify(number)], OTHER_DECISION)
            assert caught.value.code == "status_not_allowed"
            assert workspace.gateway.log_size() == size
        else:
            (result,) = change_status(workspace, act, [identify(number)], DECISION)
            assert result.certificates == 1
            assert result.log_index == size == workspace.gateway.log_size() - 1
        assert status_of(workspace, number) is (before if after is None else after)


def test_a_change_shows_in_another_provinces_verdict(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        document = present(workspace, identify(5), ["holder_name"]).to_json()
    for act, reason in (
        (SUSPEND, "certificate_suspended"),
        (RESTORE, None),
        (REVOKE, "certificate_revoked"),
    ):
        change(provinces, act, 5)
        with provinces.open(SICHUAN) as workspace:
            check = verify_document(workspace, document).check(CheckName.STATUS)
        assert check.reason == reason


def test_certificates_of_several_words_and_batches_change_together(
    ledger: Ledger, tmp_path: Path
) -> None:
    limits = IssuanceLimits(batch_rows=300)
    ledger.issue(write_file(tmp_path / "rows.csv", range(450)), limits=limits)
    numbers = (0, 127, 128, 299, 300, 449)
    results = change(ledger, REVOKE, *numbers)
    assert sorted(result.certificates for result in results) == [2, 4]
    with ledger.open() as workspace:
        told = statuses(workspace, range(450))
        assert [n for n, status in enumerate(told) if status is Status.REVOKED] == list(numbers)
        assert fsck(workspace).problems == ()


def test_three_thousand_certificates_in_24_words_cost_one_entry(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.issue(write_file(tmp_path / "rows.csv", range(3_072)))
    with ledger.open() as workspace:
        size = workspace.gateway.log_size()
    (result,) = change(ledger, SUSPEND, *range(3_000))
    assert (result.certificates, result.log_index) == (3_000, size)
    with ledger.open() as workspace:
        assert workspace.gateway.log_size() == size + 1
        assert len(newest_change(workspace).statement.changes) == 24
        told = statuses(workspace, range(3_072))
    assert told == [Status.SUSPENDED] * 3_000 + [Status.VALID] * 72


def test_more_words_than_a_statement_holds_take_several(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MAX_WORDS", 2)
    ledger.issue(write_file(tmp_path / "rows.csv", range(640)))
    results = change(ledger, REVOKE, *range(640))
    assert [(r.sequence, r.certificates) for r in results] == [(1, 256), (2, 256), (3, 128)]
    with ledger.open() as workspace:
        assert {*statuses(workspace, range(640))} == {Status.REVOKED}


@pytest.mark.parametrize("others", [7, 8], ids=["same certificate", "another of its batch"])
def test_a_change_by_somebody_else_in_between_is_a_conflict_and_changes_nothing(
    provinces: Ledger, others: int
) -> None:
    with provinces.open() as workspace:
        (target,) = read_targets(workspace, [identify(7)])
        change_status(workspace, SUSPEND, [identify(others)], DECISION)
        size = workspace.gateway.log_size()
        with pytest.raises(StatusSequenceUnexpectedError):
            record_change(workspace, REVOKE, target, DECISION)
        assert workspace.gateway.log_size() == size
        assert status_of(workspace, 7) is (Status.SUSPENDED if others == 7 else Status.VALID)
        states = [act.state for act in workspace.vault.acts.for_batch(target.batch_key)]
        assert states == [ActState.RECORDED, ActState.REFUSED]
        change_status(workspace, REVOKE, [identify(7)], DECISION)
        assert status_of(workspace, 7) is Status.REVOKED


def test_interrupted_decision_over_several_batches_is_finished_by_the_same_call(
    admitted: Ledger, tmp_path: Path
) -> None:
    ledger = admitted.copy(tmp_path / "ledger")
    source = write_file(tmp_path / "rows.csv", range(6))
    ledger.issue(source, limits=IssuanceLimits(batch_rows=2))
    with ledger.open() as workspace:
        first, *_ = targets = read_targets(workspace, identify_all(range(6)))
        assert len(targets) == 3
        record_change(workspace, REVOKE, first, DECISION)  # and then the process ended
        told = preview(workspace, REVOKE, identify_all(range(6)), DECISION)
        assert [each.is_done for each in told.affected] == [True] * 2 + [False] * 4
        assert (told.count, told.done, told.left) == (6, 2, 4)
        results = change_status(workspace, REVOKE, identify_all(range(6)), DECISION)
        assert [result.batch_key for result in results] == [t.batch_key for t in targets[1:]]
        assert statuses(workspace, range(6)) == [Status.REVOKED] * 6
        size = workspace.gateway.log_size()
        assert change_status(workspace, REVOKE, identify_all(range(6)), DECISION) == []
        assert workspace.gateway.log_size() == size


@pytest.mark.parametrize(
    "changed",
    [
        {"reason_code": 3},
        {"legal_basis": "《另一规定》第一条"},
        {"effective_date": date(2026, 1, 16)},
        {"officer": "经办人（虚构）另一人"},
        {"officer": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_decision_is_not_taken_for_the_one_that_was_carried_out(
    provinces: Ledger, changed: dict[str, object]
) -> None:
    change(provinces, REVOKE, 3)
    other = dataclasses.replace(DECISION, **changed)  # type: ignore[arg-type]  # by name
    with pytest.raises(ConflictError, match="same reason, legal basis, effective date") as caught:
        change(provinces, REVOKE, 3, 4, decision=other)
    assert caught.value.code == "status_not_allowed"
    with provinces.open() as workspace:
        assert status_of(workspace, 4) is Status.VALID


def test_same_decision_after_a_restoration_suspends_again(provinces: Ledger) -> None:
    change(provinces, SUSPEND, 3)
    change(provinces, RESTORE, 3)
    (again,) = change(provinces, SUSPEND, 3)
    assert again.sequence == 3
    with provinces.open() as workspace:
        assert status_of(workspace, 3) is Status.SUSPENDED


def test_certificate_never_suspended_is_not_taken_for_restored(provinces: Ledger) -> None:
    change(provinces, SUSPEND, 3)
    change(provinces, RESTORE, 3)
    assert change(provinces, RESTORE, 3) == []
    with pytest.raises(ConflictError, match=str(identify(4))):
        change(provinces, RESTORE, 3, 4)


def test_one_wrong_status_keeps_all_from_changing_and_every_wrong_one_is_named(
    provinces: Ledger,
) -> None:
    change(provinces, REVOKE, 1, 3)
    with provinces.open() as workspace:
        size = workspace.gateway.log_size()
        with pytest.raises(ConflictError) as caught:
            change_status(workspace, SUSPEND, identify_all(range(5)), DECISION)
        for number in range(5):
            assert (str(identify(number)) in caught.value.message) is (number in (1, 3))
        assert workspace.gateway.log_size() == size


def test_preview_tells_whom_it_concerns_and_changes_nothing(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        size = workspace.gateway.log_size()
        told = preview(workspace, REVOKE, identify_all([9, 2, 9]), DECISION)
        first = preview(workspace, REVOKE, identify_all([9, 2, 9]), DECISION, described=1)
        assert (told.count, first.count, first.affected) == (2, 2, told.affected[:1])
        assert [(a.certificate_id, a.holder_name, a.status) for a in told.affected] == [
            (identify(9), "持证人9", Status.VALID),
            (identify(2), "持证人2", Status.VALID),
        ]
        assert workspace.gateway.log_size() == size
        assert workspace.vault.acts.in_state(*ActState) == []


@pytest.mark.parametrize("act", [SUSPEND, REVOKE, SUPERSEDE])
@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(1990, 1, 1), "from 2024-01-05, when .* was issued; got 1990-01-01"),
        (date(2024, 1, 4), "from 2024-01-05"),
        (date(2999, 1, 1), "a day until"),
    ],
)
def test_decision_cannot_take_effect_before_the_issue_or_in_the_far_future(
    provinces: Ledger, act: LifecycleAct, day: date, told: str
) -> None:
    decision = dataclasses.replace(DECISION, effective_date=day)
    with provinces.open() as workspace:
        size = workspace.gateway.log_size()
        for attempt in (preview, change_status):
            with pytest.raises(MalformedInputError, match=told) as caught:
                attempt(workspace, act, [identify(3)], decision)
            assert caught.value.field == "effective_date"
        assert workspace.gateway.log_size() == size


def test_certificate_is_not_restored_before_it_was_issued(provinces: Ledger) -> None:
    change(provinces, SUSPEND, 3)
    early = dataclasses.replace(DECISION, effective_date=date(1990, 1, 1))
    with pytest.raises(MalformedInputError, match="effective-date"):
        change(provinces, RESTORE, 3, decision=early)
    with provinces.open() as workspace:
        assert status_of(workspace, 3) is Status.SUSPENDED


def test_decision_can_take_effect_on_the_day_of_issue(provinces: Ledger) -> None:
    day = dataclasses.replace(DECISION, effective_date=date(2024, 1, 5))
    (result,) = change(provinces, REVOKE, 3, decision=day)
    assert result.certificates == 1


def test_day_of_effect_of_what_cannot_be_read_is_not_asked(provinces: Ledger) -> None:
    early = dataclasses.replace(DECISION, effective_date=date(2020, 1, 1))
    with provinces.open() as workspace:
        workspace.vault.certificates.erase_key(str(identify(3)), "retention ended")
    (result,) = change(provinces, REVOKE, 3, decision=early)
    assert result.certificates == 1


def test_a_certificate_named_twice_changes_once(provinces: Ledger) -> None:
    (result,) = change(provinces, REVOKE, 4, 4)
    assert result.certificates == 1


def test_only_the_own_anchored_certificates_can_be_changed(provinces: Ledger) -> None:
    with provinces.open() as workspace, pytest.raises(NotFoundError) as caught:
        change_status(workspace, REVOKE, [identify(0), identify(ISSUED)], DECISION)
    assert caught.value.code == "certificate_unknown"
    with provinces.open(SICHUAN) as workspace, pytest.raises(NotFoundError):
        change_status(workspace, REVOKE, [identify(0)], DECISION)
    with provinces.open() as workspace:
        assert status_of(workspace, 0) is Status.VALID


def test_the_officer_stays_in_the_vault_and_only_a_commitment_is_on_chain(
    provinces: Ledger,
) -> None:
    change(provinces, REVOKE, 3)
    with provinces.open() as workspace:
        commitment = newest_change(workspace).statement.officer_commitment
        kept = workspace.vault.acts.open_officer(commitment)
        assert kept.officer == OFFICER
        assert kept.commitment == commitment
    written = {path: path.read_bytes() for path in provinces.directory.rglob("*") if path.is_file()}
    assert any(DECISION.legal_basis.encode() in content for content in written.values())
    assert [path for path, content in written.items() if OFFICER.encode() in content] == []


def test_two_acts_of_one_officer_have_nothing_in_common_on_chain(provinces: Ledger) -> None:
    commitments = set()
    for number in (1, 2):
        change(provinces, REVOKE, number)
        with provinces.open() as workspace:
            event = newest_change(workspace)
        commitments.add(event.statement.officer_commitment)
    assert len(commitments) == 2


def test_without_an_officer_there_is_no_commitment(provinces: Ledger) -> None:
    change(provinces, REVOKE, 3, decision=dataclasses.replace(DECISION, officer=None))
    with provinces.open() as workspace:
        event = newest_change(workspace)
    assert event.statement.officer_commitment == bytes(32)


def test_a_batch_of_a_rotated_key_is_changed_with_the_new_one(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        new_key = rotate_seal_key(workspace, HOUSING).key_id
    provinces.ahead_s += 61
    change(provinces, REVOKE, 3)
    with provinces.open() as workspace:
        event = newest_change(workspace)
        assert event.statement.key_id == new_key
        assert status_of(workspace, 3) is Status.REVOKED


def test_reason_basis_and_date_are_recorded_as_decided(provinces: Ledger) -> None:
    decision = Decision(7, "《行政处罚法》第九条", date(2026, 2, 28))
    change(provinces, REVOKE, 3, decision=decision)
    with provinces.open(CHONGQING) as workspace:
        statement = newest_change(workspace).statement
    told = (statement.reason_code, statement.legal_basis, statement.effective_date)
    assert told == (7, "《行政处罚法》第九条", 20260228)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason_code": 0}, "reason"),
        ({"reason_code": 65_536}, "reason"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"legal_basis": "法" * 86}, "legal_basis"),
    ],
)
def test_a_decision_that_the_ledger_could_not_hold_is_none(
    changes: dict[str, int | str], field: str
) -> None:
    with pytest.raises(MalformedInputError) as caught:
        dataclasses.replace(DECISION, **changes)  # type: ignore[arg-type]  # by name
    assert caught.value.field == field
