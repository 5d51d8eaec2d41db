"""Acts of departments and members are killed at every moment at which something becomes durable.

Run again, each is done exactly once, and nothing that it left is in the way.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.founding import found_ledger
from ledger.actions.fsck import fsck
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import (
    change_mandate,
    find_department,
    find_seal_key,
    register_department,
    rotate_seal_key,
)
from ledger.actions.lifecycle import change_status
from ledger.actions.proposals import list_members
from ledger.actions.status_targets import read_targets
from ledger.chain.artifacts import MODULE_NAMES
from ledger.errors import ConflictError
from ledger.formats.status_list import Status
from ledger.identifiers import RegionCode
from ledger.records import DepartmentRegistered, SealKeyRegistered, StatusChanged
from ledger.vault.tables import ActState
from ledger.workspace import Workspace
from tests.faults.stopping import count_moments, is_stopped_at
from tests.faults.stopping_process import REVOKED
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    HOUSING,
    OFFICER,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    write_file,
)

SENDING = ("transaction kept", "transaction sent", "receipt seen", "transaction settled")
REVOKING = ("act kept", *SENDING, "act ending")
REGISTERING = [("seal key kept", 1), *((moment, n) for moment in SENDING for n in (1, 2))]
FOUNDING = [
    *(("transaction kept", n) for n in (1, 2, 8)),
    *(("transaction sent", n) for n in (2, 5)),
    ("settings stored", 1),
]


def require_sound(workspace: Workspace) -> None:
    report = fsck(workspace)
    assert (report.problems, report.remarks) == ((), ())


@pytest.mark.parametrize("moment", REVOKING)
def test_a_revocation_killed_at_any_moment_is_recorded_once_and_its_officer_is_known(
    provinces: Ledger, moment: str
) -> None:
    ids = [identify(number) for number in REVOKED]
    assert is_stopped_at(provinces, "revoke", moment)
    with provinces.open() as workspace:
        was_sent_before = moment != "act kept"
        results = change_status(workspace, LifecycleAct.REVOKE, ids, DECISION)
        assert len(results) == (0 if was_sent_before else 1)
        (target,) = read_targets(workspace, ids)
        assert {target.status(place) for place in target.places} == {Status.REVOKED}
        workspace.sync_index()
        (row,) = workspace.index.entries_of_kind(StatusChanged.TOPIC)
        recorded = StatusChanged.decode_payload(row.payload or b"").statement
        acts = workspace.vault.acts
        assert acts.open_officer(recorded.officer_commitment).officer == OFFICER
        require_sound(workspace)
        (act,) = acts.in_state(ActState.RECORDED)
        assert act.officer == recorded.officer_commitment
        assert acts.in_state(ActState.PREPARED, ActState.SENT) == []


def test_the_moments_of_a_revocation_are_all_there_are(provinces: Ledger) -> None:
    assert count_moments(provinces, "revoke") == dict.fromkeys(REVOKING, 1)


@pytest.mark.parametrize(("moment", "occurrence"), REGISTERING)
def test_a_registration_killed_at_any_moment_is_done_once(
    ledger: Ledger, tmp_path: Path, moment: str, occurrence: int
) -> None:
    assert is_stopped_at(ledger, "register", moment, occurrence)
    with ledger.open() as workspace:
        with suppress(ConflictError):  # it was complete already
            register_department(workspace, TRANSPORT, "交通", RegionCode.parse("500000"))
        department = find_department(workspace, TRANSPORT)
        assert department.name == "交通（虚构）"
        assert len(department.seal_keys) == 1
        kinds = [row.kind for row in workspace.index.entries_of(subject())]
        assert kinds == [DepartmentRegistered.TOPIC, SealKeyRegistered.TOPIC]
        change_mandate(workspace, TRANSPORT, TYPE)
        source = write_file(tmp_path / "rows.csv", range(3), issuer=TRANSPORT)
        assert issue_file(workspace, source, TRANSPORT, TYPE).issued == 3
        require_sound(workspace)


def subject() -> bytes:
    return TRANSPORT.to_chain().ljust(32, b"\0")


@pytest.mark.parametrize(
    ("moment", "occurrence"),
    [("seal key kept", 1), *((m, n) for m in ("transaction kept", "receipt seen") for n in (1, 2))],
)
def test_a_rotation_killed_at_any_moment_leaves_a_key_to_seal_with(
    ledger: Ledger, tmp_path: Path, moment: str, occurrence: int
) -> None:
    assert is_stopped_at(ledger, "rotate", moment, occurrence)
    with ledger.open() as workspace:
        workspace.submitter.resolve_unfinished()
        find_seal_key(workspace, HOUSING)
        newest = rotate_seal_key(workspace, HOUSING).key_id
    ledger.ahead_s += 61
    with ledger.open() as workspace:
        now_unix = workspace.latest_unix()
        keys = find_department(workspace, HOUSING).seal_keys
        assert [key.key_id for key in keys if key.valid_until_unix > now_unix] == [newest]
        source = write_file(tmp_path / "rows.csv", range(3))
        assert issue_file(workspace, source, HOUSING, TYPE).issued == 3
        require_sound(workspace)


@pytest.mark.parametrize(("moment", "occurrence"), FOUNDING)
def test_a_founding_killed_at_any_moment_can_be_finished(
    tmp_path: Path, moment: str, occurrence: int
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.create(CHONGQING)
    assert is_stopped_at(ledger, "found", moment, occurrence)
    with ledger.open() as workspace:
        with suppress(ConflictError):  # it was complete already
            found_ledger(workspace)
        for name in MODULE_NAMES:
            assert workspace.gateway.module(name).address
        workspace.sync_index()
        assert [each.member for each in list_members(workspace.index)] == [CHONGQING]
        register_department(workspace, HOUSING, "住建（虚构）", RegionCode.parse("500000"))
        change_mandate(workspace, HOUSING, TYPE)
        source = write_file(tmp_path / "rows.csv", range(3))
        assert issue_file(workspace, source, HOUSING, TYPE).issued == 3
        require_sound(workspace)
