"""The process that serves the chain is killed at every moment of taking and keeping a transaction.

Whatever the moment: once the chain is there again, each act is on it once, every row has exactly
one certificate, and whatever was acknowledged before the kill still verifies.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread, Timer

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.fsck import fsck
from ledger.actions.governance import execute, propose_freeze, vote
from ledger.actions.issuance.outcome import IssuanceLimits
from ledger.actions.lifecycle import change_status
from ledger.actions.proposals import Proposal, find_proposal
from ledger.actions.status_targets import read_targets
from ledger.errors import ChainUnavailableError, ConflictError
from ledger.formats.status_list import Status
from ledger.records import StatusChanged, VoteCast
from ledger.vault.tables import ActState, RunState
from ledger.workspace import Workspace
from tests.faults.chain_process import ALL, MOMENTS, NEVER, ChainProcess, open_listener
from tests.faults.issuing import (
    find_acknowledged,
    finish,
    require_each_row_once,
    require_passed,
    require_sound,
)
from tests.faults.test_issuance_kill import RANDOM_KILLS
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    GUIZHOU,
    ISSUED,
    SICHUAN,
    Ledger,
    identify,
    write_file,
)
from tests.local_chain.embedded.history import check_history

ROWS = 200  # two batches
EDGES = (0, 99, 100, 199)
LIMITS = IssuanceLimits(batch_rows=100, chunk_rows=50)
TAKING = (
    "transaction received",
    "block begun",
    "transaction carried out",
    "block ending",
    "block ended",
    "block put, not committed",
    "block committed",
    "transaction taken",
)
AT_ONCE_S, LATER_S, NEVER_S = 0.0, 0.5, 3_600.0
ISSUING = [
    *(("request received", n, AT_ONCE_S) for n in (1, 15, 30)),
    *(("call answered", n, AT_ONCE_S) for n in (1, 16)),
    ("nonce answered", 2, AT_ONCE_S),
    *((moment, n, AT_ONCE_S) for moment in TAKING for n in (1, 2)),
    *(("receipt asked for", n, AT_ONCE_S) for n in (1, 2)),
    *(("receipt read", n, AT_ONCE_S) for n in (1, 2)),
    ("receipt asked for", 4, NEVER_S),  # the second transaction is taken, and waits
    *((moment, 2, LATER_S) for moment in ("block ending", "block committed")),
]
READING = {"logs asked for", "logs read"}  # which issuing does not
SUBMITTING = ("transaction received", "block put, not committed", "block committed", "receipt read")
VOTING = [*((moment, n) for moment in SUBMITTING for n in (1, 2)), ("logs read", 1)]
FREEZE_S = 3_600
LONGEST_LIFE_S = 1.0
RANDOM_DEATHS = RANDOM_KILLS // 8


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_file(tmp_path / "rows.csv", range(ROWS))


@contextmanager
def served(
    ledger: Ledger, moment: str = NEVER, occurrence: int = 1, **options: float
) -> Iterator[ChainProcess]:
    """The ledger's chain is served, and found there by its homes; it is stopped in the end."""
    with open_listener() as listener:
        ledger.set_chain("http://{}:{}".format(*listener.getsockname()))
        chain = ChainProcess(ledger.chain, listener, moment, occurrence, **options)
    with chain:
        yield chain
    check_history(ledger.chain)


@contextmanager
def served_again_when_killed(ledger: Ledger, moment: str, occurrence: int) -> Iterator[None]:
    """It is served at one address, whose socket holds requests until the next process is there."""
    with open_listener() as listener:
        ledger.set_chain("http://{}:{}".format(*listener.getsockname()))
        first = ChainProcess(ledger.chain, listener, moment, occurrence)
        following: list[ChainProcess] = []

        def follow() -> None:
            first.require_killed()
            following.append(ChainProcess(ledger.chain, listener))

        successor = Thread(target=follow)
        successor.start()
        try:
            yield
        finally:
            first.kill()
            successor.join()
            for chain in following:
                chain.kill()
    check_history(ledger.chain)


@pytest.mark.parametrize(("moment", "occurrence", "seal_interval_s"), ISSUING)
def test_issuing_whose_chain_was_killed_is_run_again_and_every_row_has_one_certificate(
    ledger: Ledger, source: Path, moment: str, occurrence: int, seal_interval_s: float
) -> None:
    with served(ledger, moment, occurrence, seal_interval_s=seal_interval_s) as chain:
        with pytest.raises(ChainUnavailableError):
            ledger.issue(source, limits=LIMITS)
        chain.require_killed()
    with served(ledger):
        with ledger.open() as workspace:
            assert fsck(workspace).problems == ()
            require_passed(workspace, find_acknowledged(workspace, EDGES))
        finish(ledger, source, ROWS, EDGES, LIMITS)


@pytest.mark.parametrize("moment", [*SUBMITTING, "transaction taken"])
def test_issuing_goes_on_when_the_killed_chain_is_back_before_the_next_request_is_given_up(
    ledger: Ledger, source: Path, moment: str
) -> None:
    with served_again_when_killed(ledger, moment, 2):
        report = ledger.issue(source, limits=LIMITS)
        assert (report.state, report.issued) == (RunState.COMPLETED, ROWS)
        finish(ledger, source, ROWS, EDGES, LIMITS)


def test_the_moments_listed_are_all_there_are_when_issuing(ledger: Ledger, source: Path) -> None:
    with served(ledger, ALL) as chain:
        ledger.issue(source, limits=LIMITS)
        counts = chain.stop()
    assert {moment: counts[moment] for moment in TAKING} == dict.fromkeys(TAKING, 2)
    assert set(counts) == set(MOMENTS) - READING


@pytest.mark.parametrize("moment", SUBMITTING)
def test_a_revocation_whose_chain_was_killed_is_recorded_once(
    provinces: Ledger, moment: str
) -> None:
    ids = [identify(1), identify(3)]
    with served(provinces, moment) as chain:
        with provinces.open() as workspace, pytest.raises(ChainUnavailableError) as unknown:
            change_status(workspace, LifecycleAct.REVOKE, ids, DECISION)
        assert unknown.value.code == "outcome_unknown"
        chain.require_killed()
    with served(provinces), provinces.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, ids, DECISION)
        (target,) = read_targets(workspace, ids)
        assert {target.status(place) for place in target.places} == {Status.REVOKED}
        workspace.sync_index()
        assert len(list(workspace.index.entries_of_kind(StatusChanged.TOPIC))) == 1
        (act,) = workspace.vault.acts.in_state(*ActState)
        assert act.state is ActState.RECORDED
        require_passed(workspace, (0, 2))
        require_sound(workspace, ISSUED)


@pytest.fixture(scope="module")
def proposed(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Proposal]:
    """Of three members two approve of a proposal. Only to be copied."""
    ledger = issued.copy(tmp_path_factory.mktemp("proposed"))
    with ledger.open() as workspace:
        until_unix = workspace.latest_unix() + FREEZE_S
        proposal = propose_freeze(workspace, str(CHONGQING), until_unix)
    for member in (CHONGQING, SICHUAN):
        with ledger.open(member) as workspace:
            assert not vote(workspace, proposal.proposal_id, approve=True).executed
    return ledger, proposal


def count_votes(workspace: Workspace, proposal_id: bytes) -> int:
    votes = [
        VoteCast.decode_payload(row.payload or b"").statement
        for row in workspace.index.entries_of_kind(VoteCast.TOPIC)
    ]
    return [each.proposal_id for each in votes].count(proposal_id)


@pytest.mark.parametrize(("moment", "occurrence"), VOTING)
def test_a_vote_whose_chain_was_killed_counts_once_and_carries_its_proposal(
    proposed: tuple[Ledger, Proposal], tmp_path: Path, moment: str, occurrence: int
) -> None:
    ledger, proposal_id = proposed[0].copy(tmp_path / "ledger"), proposed[1].proposal_id
    with served(ledger, moment, occurrence) as chain:
        with ledger.open(GUIZHOU) as workspace, pytest.raises(ChainUnavailableError):
            vote(workspace, proposal_id, approve=True)
        chain.require_killed()
    with served(ledger), ledger.open(GUIZHOU) as workspace:
        with suppress(ConflictError):  # it was counted already
            vote(workspace, proposal_id, approve=True)
        execute(workspace, proposal_id)
        proposal = find_proposal(workspace.index, proposal_id)
        assert proposal.state == "executed"
        assert proposal.approvals == (CHONGQING, SICHUAN, GUIZHOU)
        assert count_votes(workspace, proposal_id) == 3
        require_sound(workspace, 0)


@pytest.mark.parametrize("moment", ["logs asked for", "logs read", "request received"])
def test_an_index_whose_chain_was_killed_meanwhile_goes_on(provinces: Ledger, moment: str) -> None:
    with served(provinces, moment) as chain:
        with provinces.open(SICHUAN) as workspace, pytest.raises(ChainUnavailableError):
            workspace.rebuild_index()
        chain.require_killed()
    with served(provinces), provinces.open(SICHUAN) as workspace:
        result = workspace.sync_index()
        assert result.root == workspace.gateway.log_root()
        assert result.size == workspace.gateway.log_size()
        require_sound(workspace, 0)


def test_a_chain_killed_at_random_instants_loses_no_acknowledged_certificate(
    ledger: Ledger, tmp_path: Path
) -> None:
    chance = random.Random(20261122)
    rows, deaths = 0, 0
    source = write_file(tmp_path / "0.csv", range(ROWS))
    while deaths < RANDOM_DEATHS:
        with served(ledger) as chain:
            timer = Timer(chance.uniform(0.0, LONGEST_LIFE_S), chain.kill)
            timer.start()
            try:
                while True:
                    assert ledger.issue(source, limits=LIMITS).state is RunState.COMPLETED
                    rows += ROWS
                    numbers = range(rows, rows + ROWS)
                    source = write_file(tmp_path / f"{rows}.csv", numbers)
            except ChainUnavailableError:
                deaths += 1
            timer.join()
        with ledger.open() as workspace:
            done = find_acknowledged(workspace, range(rows + ROWS))
            assert done[:rows] == list(range(rows))
    with served(ledger):
        assert ledger.issue(source, limits=LIMITS).state is RunState.COMPLETED
        with ledger.open() as workspace:
            require_each_row_once(workspace, range(rows + ROWS))
            require_passed(workspace, (*EDGES, rows, rows + ROWS - 1))
            require_sound(workspace, rows + ROWS)
