from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.actions.audit import (
    UNREADABLE,
    AuditStep,
    Trail,
    audit_certificate,
    audit_evidence,
    audit_since,
)
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.facts import current_head
from ledger.actions.issuers import declare_compromise, find_department
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present
from ledger.errors import NotFoundError
from ledger.formats.evidence import Evidence
from ledger.formats.merkle import verify_inclusion
from ledger.identifiers import MemberId
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    GUIZHOU,
    HOUSING,
    OFFICER,
    SICHUAN,
    Ledger,
    identify,
    write_file,
)
from tests.ledger.actions.unreadable import revoke_unreadably

HOUR_S = 3_600
LIFE = (
    (LifecycleAct.SUSPEND, "suspended"),
    (LifecycleAct.RESTORE, "restored"),
    (LifecycleAct.REVOKE, "revoked"),
)


@pytest.fixture(scope="module")
def lived(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Certificate 5 was suspended, restored and revoked, its neighbours 4 and 6 in between."""
    ledger = issued.copy(tmp_path_factory.mktemp("lived"))
    for act, _ in LIFE:
        ledger.ahead_s += HOUR_S
        with ledger.open() as workspace:
            for number in (4, 5, 6):
                change_status(workspace, act, [identify(number)], DECISION)
    return ledger


def show(ledger: Ledger, number: int = 5) -> Evidence:
    with ledger.open() as workspace:
        return present(workspace, identify(number), [])


def follow(ledger: Ledger, evidence: Evidence, member: MemberId = SICHUAN) -> Trail:
    with ledger.open(member) as workspace:
        return audit_evidence(workspace, evidence)


def require_proven(trail: Trail) -> None:
    for step in trail.steps:
        assert verify_inclusion(
            step.leaf_hash, step.log_index, trail.head.size, step.path, trail.head.root
        )


def test_every_step_is_told_with_its_times_and_its_proof(lived: Ledger) -> None:
    with lived.open() as workspace:
        trail = audit_certificate(workspace, identify(5))
        chain_root = workspace.gateway.log_root()
    assert [step.act for step in trail.steps] == [
        "consortium_founded",
        "department_registered",
        "seal_key_registered",
        "mandate_changed",
        "batch_anchored",
        *(name for _, name in LIFE),
    ]
    assert trail.head.root == chain_root
    require_proven(trail)
    changes = trail.steps[-3:]
    assert {step.effective for step in changes} == {"2026-01-15"}
    assert {step.legal_basis for step in changes} == {DECISION.legal_basis}
    times = [step.recorded_at_unix for step in changes]
    assert times[1] - times[0] >= HOUR_S - 60
    assert times == sorted(times)
    assert {step.actor for step in changes} == {str(HOUSING)}


def test_a_step_moved_to_another_place_is_not_proven(lived: Ledger) -> None:
    trail = follow(lived, show(lived))
    first, second = trail.steps[-2:]
    assert not verify_inclusion(
        first.leaf_hash, second.log_index, trail.head.size, second.path, trail.head.root
    )


def test_steps_of_others_in_the_same_word_are_not_shown(lived: Ledger) -> None:
    trails = [follow(lived, show(lived, number)) for number in (4, 5, 6, 7)]
    changed = [{s.log_index for s in t.steps if s.reason_code is not None} for t in trails]
    assert [len(each) for each in changed] == [3, 3, 3, 0]
    assert changed[0].isdisjoint(changed[1])


def test_every_province_sees_the_same_steps_and_only_the_home_the_officer(lived: Ledger) -> None:
    evidence = show(lived)
    trails = [follow(lived, evidence, member) for member in (CHONGQING, SICHUAN, GUIZHOU)]
    without_officers = [[_without_officer(step) for step in trail.steps] for trail in trails]
    assert without_officers[0] == without_officers[1] == without_officers[2]
    for trail, is_home in zip(trails, (True, False, False), strict=True):
        told = {step.officer for step in trail.steps if step.reason_code is not None}
        if is_home:
            assert told == {OFFICER}
        else:
            assert all(officer.startswith("commitment ") for officer in told)
            assert len(told) == 3, "nobody sees that it was one officer"


def test_an_officer_who_can_be_read_no_more_leaves_the_trail_whole(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        change_status(workspace, LifecycleAct.SUSPEND, [identify(5)], DECISION)
    before = follow(provinces, show(provinces), CHONGQING)
    with sqlite3.connect(provinces.home(CHONGQING) / "vault" / "vault.db") as connection:
        connection.execute("UPDATE officers SET ciphertext = randomblob(60)")
    connection.close()
    after = follow(provinces, show(provinces), CHONGQING)
    assert [step.officer for step in before.steps if step.officer] == [OFFICER]
    (told,) = [step.officer for step in after.steps if step.officer]
    assert told.startswith("unreadable, commitment ")
    steps = [[_without_officer(step)[:-1] for step in trail.steps] for trail in (before, after)]
    assert steps[0] == steps[1]


def _without_officer(step: AuditStep) -> tuple[object, ...]:
    return (
        step.log_index,
        step.recorded_at_unix,
        step.act,
        step.region,
        step.actor,
        step.effective,
        step.reason_code,
        step.legal_basis,
        step.detail,
        step.leaf_hash,
        step.path,
    )


def test_an_auditor_needs_no_passphrase_for_another_provinces_certificate(lived: Ledger) -> None:
    def ask() -> str:
        raise AssertionError("the passphrase was asked for")

    evidence = show(lived)
    with Workspace.open(lived.home(SICHUAN), ask, clock=lived.clock) as workspace:
        assert len(audit_evidence(workspace, evidence).steps) == 8


def test_an_erased_certificate_keeps_its_trail(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, [identify(5)], DECISION)
        before = audit_certificate(workspace, identify(5))
        workspace.vault.certificates.erase_key(str(identify(5)), "申请删除（虚构）")
        after = audit_certificate(workspace, identify(5))
    assert after.steps == before.steps


def test_a_certificate_that_was_never_anchored_has_no_trail(
    provinces: Ledger, tmp_path: Path
) -> None:
    elsewhere = provinces.copy(tmp_path / "elsewhere")
    elsewhere.issue(write_file(tmp_path / "rows.csv", [77]))
    with pytest.raises(NotFoundError) as caught:
        follow(provinces, show(elsewhere, 77))
    assert caught.value.code == "not_anchored"
    with provinces.open() as workspace, pytest.raises(NotFoundError):
        audit_certificate(workspace, identify(77))


def test_a_compromise_of_the_key_is_a_step_of_its_certificates(provinces: Ledger) -> None:
    with provinces.open() as workspace:
        (key,) = find_department(workspace, HOUSING).seal_keys
        since = workspace.gateway.head().time_unix
        declare_compromise(workspace, HOUSING, key.key_id, since)
        step = audit_certificate(workspace, identify(5)).steps[-1]
    assert step.act == "seal_key_compromised"
    assert step.detail == {"key_id": key.key_id.hex(), "compromised_since_unix": since}


def test_everything_since_a_time_is_told_oldest_first(lived: Ledger) -> None:
    with lived.open(SICHUAN) as workspace:
        whole = list(audit_since(workspace, 0))
        head = current_head(workspace.index)
        assert [step.log_index for step in whole] == list(range(workspace.gateway.log_size()))
        since = whole[-4].recorded_at_unix
        recent = list(audit_since(workspace, since))
    assert recent == [step for step in whole if step.recorded_at_unix >= since]
    for step in whole:
        assert verify_inclusion(step.leaf_hash, step.log_index, head.size, step.path, head.root)


def test_one_provinces_doings_can_be_told_alone(lived: Ledger) -> None:
    with lived.open() as workspace:
        whole = list(audit_since(workspace, 0))
        theirs = list(audit_since(workspace, 0, region=str(SICHUAN)))
    assert theirs == [step for step in whole if step.region == str(SICHUAN)]
    assert 0 < len(theirs) < len(whole)


def test_an_entry_that_cannot_be_read_is_told_as_such(provinces: Ledger) -> None:
    evidence = show(provinces)
    with provinces.open() as workspace:
        index = revoke_unreadably(workspace, 5)
        change_status(
            workspace,
            LifecycleAct.REVOKE,
            [identify(6)],
            Decision(3, "《规定》", DECISION.effective_date),
        )
    with provinces.open(SICHUAN) as workspace:
        trail = audit_evidence(workspace, evidence)
        (told,) = [step for step in audit_since(workspace, 0) if step.act == UNREADABLE]
    assert told.log_index == index
    assert told in trail.steps
    require_proven(trail)
    assert told.actor == str(HOUSING)
    assert set(told.detail) == {"kind", "subject", "payload_hash"}


def test_an_entry_of_a_kind_unknown_to_this_version_is_told_as_such(provinces: Ledger) -> None:
    """The index is of a version that knew fewer kinds: one entry has no payload for it."""
    with provinces.open(SICHUAN) as workspace:
        workspace.sync_index()
        forget_payload_of_the_newest(workspace)
        steps = list(audit_since(workspace, 0))
        assert [step.act for step in steps].count(UNREADABLE) == 1
        assert steps[-1].act == UNREADABLE
        assert steps[-1].leaf_hash == workspace.index.entry(len(steps) - 1).leaf_hash


def forget_payload_of_the_newest(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.index_path) as connection:
        connection.execute(
            "UPDATE entries SET payload = NULL "
            "WHERE entry_index = (SELECT max(entry_index) FROM entries)"
        )
    connection.close()
