"""The machine's clock is set back behind what the chain and the vault have recorded.

Chain time stands still until the clock has caught up: nothing is recorded as before what it
follows, and nothing that was recorded is overlooked.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.issuers import find_seal_key, rotate_seal_key
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, verify_document
from ledger.vault.tables import RunState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.faults.issuing import require_each_row_once, require_passed, require_sound
from tests.faults.stopping import is_stopped_at
from tests.faults.stopping_process import LIMITS
from tests.ledger.actions.homes import DECISION, HOUSING, Ledger, identify, write_file

DAY_S = 86_400
BACK_S = (60, 400 * DAY_S)


def verify(workspace: Workspace, number: int) -> Outcome:
    document = present(workspace, identify(number), ["holder_name"]).to_json()
    return verify_document(workspace, document).outcome


def list_times(workspace: Workspace) -> list[int]:
    workspace.sync_index()
    return [row.time_unix for row in workspace.index.iterate()]


@pytest.fixture
def set_back(ledger: Ledger, tmp_path: Path, request: pytest.FixtureRequest) -> Ledger:
    """A ledger that issued the rows 0 to 2 before its clock was set back."""
    ledger.issue(write_file(tmp_path / "before.csv", range(3)))
    ledger.ahead_s = -request.param
    return ledger


@pytest.mark.parametrize("set_back", BACK_S, indirect=True)
def test_issuing_goes_on_and_chain_time_stands_still(set_back: Ledger, tmp_path: Path) -> None:
    with set_back.open() as workspace:
        head_unix = workspace.gateway.head().time_unix
        assert workspace.now_unix() < head_unix
    report = set_back.issue(write_file(tmp_path / "after.csv", range(3, 6)))
    assert (report.state, report.issued) == (RunState.COMPLETED, 3)
    assert [batch.anchored_at_unix for batch in report.batches] == [head_unix]
    with set_back.open() as workspace:
        times = list_times(workspace)
        assert times == sorted(times)
        require_each_row_once(workspace, range(6))
        require_passed(workspace, range(6))
        require_sound(workspace, 6)


@pytest.mark.parametrize("set_back", BACK_S, indirect=True)
def test_a_revocation_counts_at_once_although_the_clock_is_behind_it(set_back: Ledger) -> None:
    with set_back.open() as workspace:
        (result,) = change_status(workspace, LifecycleAct.REVOKE, [identify(1)], DECISION)
        assert result.recorded_at_unix > workspace.now_unix()
        assert [verify(workspace, number) for number in range(3)] == [
            Outcome.PASSED,
            Outcome.FAILED,
            Outcome.PASSED,
        ]


@pytest.mark.parametrize("set_back", BACK_S, indirect=True)
def test_a_rotated_key_seals_although_the_clock_is_behind_its_beginning(
    set_back: Ledger, tmp_path: Path
) -> None:
    with set_back.open() as workspace:
        rotate_seal_key(workspace, HOUSING)
        find_seal_key(workspace, HOUSING)
    report = set_back.issue(write_file(tmp_path / "after.csv", range(3, 6)))
    assert report.issued == 3
    with set_back.open() as workspace:
        require_passed(workspace, range(6))


@pytest.mark.parametrize("moment", ["chunk staged", "transaction kept", "transaction sent"])
def test_issuing_that_was_interrupted_before_the_clock_was_set_back_is_finished(
    ledger: Ledger, tmp_path: Path, moment: str
) -> None:
    source = write_file(tmp_path / "rows.csv", range(15))
    assert is_stopped_at(ledger, "issue", moment, 1, source)
    ledger.ahead_s = -DAY_S
    ledger.issue(source, limits=LIMITS)
    with ledger.open() as workspace:
        require_each_row_once(workspace, range(15))
        require_passed(workspace, (0, 14))
        require_sound(workspace, 15)
