"""Each system call that changes the vault or the chain fails, or is the last before a kill.

Whatever the call and the fault: the command says what is wrong or has done all it was told, and
the same command, run again, does what is left. A sample is tried, every kind of call on every file
among it; with ZHENGLIAN_EVERY_SYSTEM_CALL=1 every single call (half an hour or more).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.actions.restoration import restore_backup
from ledger.actions.status_targets import read_targets
from ledger.formats.status_list import Status
from ledger.records import StatusChanged
from tests.faults.issuing import require_each_row_once, require_passed, require_sound
from tests.faults.stopping_process import LIMITS
from tests.faults.system_calls import (
    EIO,
    ENOSPC,
    KILL,
    MAY_BE_FULL,
    PAGE,
    Call,
    Commands,
    Ended,
    Occurrence,
)
from tests.ledger.actions.homes import CHONGQING, PASSPHRASE, Ledger, identify, write_file

IS_EVERY_CALL = os.environ.get("ZHENGLIAN_EVERY_SYSTEM_CALL") == "1"
VAULT = Path(str(CHONGQING), "vault")
WRITE_AHEAD_LOG, BLOCKS = VAULT / "vault.db-wal", Path("chain/data.mdb")
FILES = (
    VAULT,
    VAULT / "vault.lock",
    VAULT / "vault.db",
    VAULT / "vault.db-shm",
    WRITE_AHEAD_LOG,
    Path("chain"),
    Path("chain/lock.json"),
    Path("chain/lock.mdb"),
    BLOCKS,
)
DIRECTORIES = (VAULT, Path("chain"))
ISSUED_BEFORE = range(100, 103)
ROWS = range(15)  # two batches
REVOKED = ISSUED_BEFORE[:2]
MOST_TRIALS = 40  # how many pages a block changes is chance, and so what its n-th write is
REASON = ("--reason", "03", "--legal-basis", "《安全生产管理人员管理规定》第二十四条", "--yes")


@dataclass(frozen=True)
class Stage:
    """A ledger that is put back before each trial, always in the same place."""

    original: Ledger
    directory: Path
    source: Path
    commands: Commands

    @property
    def home(self) -> Path:
        return self.directory / str(CHONGQING)

    def put_back(self) -> Ledger:
        shutil.rmtree(self.directory, ignore_errors=True)
        return self.original.copy(self.directory)

    def list_calls(self, *arguments: object) -> Mapping[Call, list[Occurrence]]:
        """Of a command, on the files of the vault and the chain."""
        self.put_back()
        paths = [self.directory / path for path in (*FILES, VAULT / "vault.db-journal")]
        return self.commands.list_calls(self.home, paths, *arguments)


@pytest.fixture(scope="module")
def stage(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("system calls")
    original = founded.copy(directory / "original")
    original.issue(write_file(directory / "before.csv", ISSUED_BEFORE), limits=LIMITS)
    source = write_file(directory / "rows.csv", ROWS)
    with Commands(directory) as commands:
        yield Stage(original, directory / "ledger", source, commands)


@pytest.fixture(scope="module")
def calls_of_issuing(stage: Stage) -> Mapping[Call, list[Occurrence]]:
    return stage.list_calls("issue", stage.source)


@pytest.fixture(scope="module")
def calls_of_revoking(stage: Stage) -> Mapping[Call, list[Occurrence]]:
    return stage.list_calls("revoke", *map(identify, REVOKED), *REASON)


def choose(
    calls: Mapping[Call, list[Occurrence]], path: Path, fault: str, at_most: int
) -> list[Occurrence]:
    """Of each kind of call on a file that may meet the fault, some that lie well apart."""
    return [
        occurrence
        for call, occurrences in calls.items()
        if call.path == path and (fault != ENOSPC or call.name in MAY_BE_FULL)
        for occurrence in (occurrences if IS_EVERY_CALL else spread(occurrences, at_most))
    ]


def spread(occurrences: list[Occurrence], at_most: int) -> list[Occurrence]:
    """The first, the last and some between; the middle one if it is to be one."""
    last = len(occurrences) - 1
    if at_most == 1:
        return [occurrences[last // 2]]
    return [occurrences[at] for at in sorted({k * last // (at_most - 1) for k in range(at_most)})]


def require_ended_by(fault: str, ended: Ended) -> None:
    """With a name for what went wrong, or with a success that is told apart below."""
    if fault == KILL and ended.fault_came:
        assert ended.code == -9, ended
    else:
        ended.require_orderly()


def test_the_files_listed_are_all_that_are_changed(
    calls_of_issuing: Mapping[Call, list[Occurrence]], stage: Stage
) -> None:
    assert {call.path for call in calls_of_issuing} == {stage.directory / path for path in FILES}


@pytest.mark.parametrize(
    ("fault", "file"),
    [(fault, file) for fault in (EIO, KILL) for file in FILES]
    + [(ENOSPC, file) for file in FILES if file not in DIRECTORIES],
    ids=str,
)
def test_issuing_that_a_call_interrupts_is_finished_by_the_same_command(
    stage: Stage, calls_of_issuing: Mapping[Call, list[Occurrence]], fault: str, file: Path
) -> None:
    at_most = 2 if fault == KILL else 1
    came = False
    for occurrence in choose(calls_of_issuing, stage.directory / file, fault, at_most):
        ledger = stage.put_back()
        ended = stage.commands.run_failing(stage.home, occurrence, fault, "issue", stage.source)
        came |= ended.fault_came
        require_ended_by(fault, ended)
        again = stage.commands.run(stage.home, "issue", stage.source)
        assert again.code == 0, (occurrence, ended, again)
        require_finished(ledger, ended, again)
    assert came


def test_the_chain_goes_on_when_it_could_not_make_a_block_valid(stage: Stage) -> None:
    """LMDB refuses everything after such a failure; the block is kept, and written again."""
    for _ in range(MOST_TRIALS):
        validating = next(
            occurrences[0]
            for call, occurrences in stage.list_calls("issue", stage.source).items()
            if call.path == stage.directory / BLOCKS and 0 < call.size < PAGE
        )
        ledger = stage.put_back()
        ended = stage.commands.run_failing(stage.home, validating, EIO, "issue", stage.source)
        ended.require_orderly()
        require_finished(ledger, ended, stage.commands.run(stage.home, "issue", stage.source))
        *pages, last = ended.sizes_until_fault()
        if last < PAGE and all(size >= PAGE for size in pages):
            assert "is kept and tried again" in ended.err
            assert ended.code == 0 or ended.faults > 1, ended  # another on closing loses the block
            if ended.code == 0:
                return
    pytest.fail(f"in none of {MOST_TRIALS} trials did the fault meet that write alone")


def require_finished(ledger: Ledger, ended: Ended, again: Ended) -> None:
    """Each row has one certificate, and whoever said so first was right."""
    told = again.answer()
    assert told["issued"] + told["already_issued"] == len(ROWS)
    if ended.code == 0:
        assert ended.answer()["state"] == "completed"
        assert told["already_issued"] == len(ROWS)
    with ledger.open() as workspace:
        require_each_row_once(workspace, [*ROWS, *ISSUED_BEFORE])
        require_passed(workspace, (ROWS[0], ROWS[-1], ISSUED_BEFORE[0]))
        require_sound(workspace, len(ROWS) + len(ISSUED_BEFORE))


@pytest.mark.parametrize("fault", [EIO, KILL])
@pytest.mark.parametrize("file", FILES if IS_EVERY_CALL else (WRITE_AHEAD_LOG, BLOCKS), ids=str)
def test_revoking_that_a_call_interrupts_is_done_once(
    stage: Stage, calls_of_revoking: Mapping[Call, list[Occurrence]], fault: str, file: Path
) -> None:
    command = ("revoke", *map(identify, REVOKED), *REASON)
    came = False
    for occurrence in choose(calls_of_revoking, stage.directory / file, fault, 1):
        ledger = stage.put_back()
        ended = stage.commands.run_failing(stage.home, occurrence, fault, *command)
        came |= ended.fault_came
        require_ended_by(fault, ended)
        again = stage.commands.run(stage.home, *command)
        told = again.answer()
        assert told["certificates"] + told["already_done"] == len(REVOKED), (ended, again)
        assert ended.code != 0 or told["certificates"] == 0
        with ledger.open() as workspace:
            (target,) = read_targets(workspace, [identify(number) for number in REVOKED])
            assert {target.status(place) for place in target.places} == {Status.REVOKED}
            workspace.submitter.resolve_unfinished()  # as the next act would
            require_sound(workspace, len(ISSUED_BEFORE))
            assert len(list(workspace.index.entries_of_kind(StatusChanged.TOPIC))) == 1
    assert came


@pytest.mark.parametrize("fault", [EIO, ENOSPC, KILL])
def test_backup_that_a_call_interrupts_is_whole_or_not_there(
    stage: Stage, tmp_path: Path, fault: str
) -> None:
    ledger = stage.put_back()
    at_most = 2 if fault == KILL else 1
    calls = stage.commands.list_calls(stage.home, (), "backup", tmp_path / "first")
    chosen = [
        occurrence
        for call, occurrences in group_by_name(calls, tmp_path).items()
        if fault != ENOSPC or call in MAY_BE_FULL
        for occurrence in (occurrences if IS_EVERY_CALL else spread(occurrences, at_most))
    ]
    for number, occurrence in enumerate(chosen):
        directory = tmp_path / str(number)
        target = directory / "backup"
        ended = stage.commands.run_failing(stage.home, occurrence, fault, "backup", target)
        assert ended.fault_came, occurrence
        require_ended_by(fault, ended)
        if not target.exists():
            assert ended.code != 0
            assert stage.commands.run(stage.home, "backup", target).code == 0
        assert [path.name for path in directory.iterdir()] == ["backup"]
        summary = restore_backup(target, directory / "home", PASSPHRASE)
        assert summary.certificates == len(ISSUED_BEFORE)
    with ledger.open() as workspace:
        require_sound(workspace, len(ISSUED_BEFORE))


def group_by_name(
    calls: Mapping[Call, list[Occurrence]], directory: Path
) -> dict[str, list[Occurrence]]:
    """The occurrences of calls on files below a directory, by the call's name."""
    grouped: dict[str, list[Occurrence]] = {}
    for call, occurrences in calls.items():
        if call.path.is_relative_to(directory):
            grouped.setdefault(call.name, []).extend(occurrences)
    return grouped
