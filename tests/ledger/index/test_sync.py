"""The index is the chain's log, whoever else syncs it, and whatever kills it on the way."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.client import Respond
from ledger.errors import ChainUnavailableError, ConflictError, StorageError
from ledger.index import sync as sync_module
from ledger.index.checking import find_damage
from ledger.index.store import IndexStore
from ledger.index.sync import rebuild, sync
from ledger.records import EntryAppended
from ledger.workspace import Workspace
from tests.ledger.chain.faulty_node import Fault, answer, lose_request, refuse, stand_between
from tests.ledger.chain.http_node import serve
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN, Consortium, anchor

ROOT = Path(__file__).parents[3]
SEARCH_PATH = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    """An index that is not up to date: others acted since."""
    with consortium.open(SICHUAN) as other:
        anchor(other, ISSUERS[SICHUAN])
    with consortium.open() as opened:
        yield opened


def check(workspace: Workspace) -> int:
    """The index is whole and is the chain's; its size."""
    result = workspace.sync_index()
    assert result.root == workspace.gateway.log_root() == workspace.index.root()
    assert result.size == workspace.gateway.log_size() == workspace.index.cursor().size
    assert list(find_damage(workspace.index)) == []
    return result.size


def test_index_has_the_chains_root_after_each_act(workspace: Workspace) -> None:
    size = check(workspace)
    for added in range(1, 4):
        anchor(workspace)
        assert check(workspace) == size + added


def test_indexes_of_two_members_are_the_same(consortium: Consortium) -> None:
    roots = []
    for member in (SICHUAN, CHONGQING):
        with consortium.open(member) as workspace:
            check(workspace)
            roots.append((workspace.index.root(), list(workspace.index.iterate())))
    assert roots[0] == roots[1]


def test_nothing_new_adds_nothing_and_moves_the_time(consortium: Consortium) -> None:
    with consortium.open(clock=lambda: 2_500_000_000) as workspace:
        check(workspace)
        assert workspace.index.cursor().synced_to_unix == 2_500_000_000
    with consortium.open(clock=lambda: 2_500_000_009) as workspace:
        assert workspace.sync_index().added == 0
        assert workspace.index.cursor().synced_to_unix == 2_500_000_009


def test_as_long_as_no_block_follows_no_contract_is_asked(consortium: Consortium) -> None:
    with consortium.open() as workspace:
        check(workspace)
    with consortium.open() as workspace:
        node = stand_between(workspace)
        first = workspace.sync_index()
        assert (node.asked["eth_call"], node.asked["eth_getLogs"]) == (0, 0)
        assert first.root == workspace.gateway.log_root()
        anchor(workspace)
        assert workspace.sync_index().root == workspace.gateway.log_root() != first.root


def test_another_chain_of_the_same_length_is_asked_what_it_is(
    consortium: Consortium, tmp_path: Path
) -> None:
    fork = consortium.copy(tmp_path / "fork")
    for each in (consortium, fork):
        with each.open() as workspace:
            anchor(workspace)
            workspace.sync_index()
    consortium.set_chain(str(fork.chain))
    with consortium.open() as workspace, pytest.raises(ChainUnavailableError) as caught:
        workspace.sync_index()
    assert caught.value.code == "chain_lost_blocks"


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


@pytest.mark.parametrize(
    "alteration",
    [
        "UPDATE nodes SET hash = randomblob(32) WHERE level = (SELECT max(level) FROM nodes)",
        "UPDATE entries SET leaf_hash = randomblob(32)",
    ],
)
def test_altered_index_is_refused_and_rebuilt(workspace: Workspace, alteration: str) -> None:
    size = check(workspace)
    anchor(workspace)  # an odd entry at the edge
    if workspace.gateway.log_size() % 2 == 0:
        anchor(workspace)
    workspace.sync_index()
    alter(workspace.index_path, alteration)
    with pytest.raises(StorageError, match="index rebuild") as caught:
        workspace.sync_index()
    assert caught.value.code == "index_root_mismatch"
    assert workspace.rebuild_index().size > size
    check(workspace)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:5_000]),
        lambda path: path.write_bytes(b"no database" * 1_000),
        lambda path: path.write_bytes(b""),
        lambda path: alter(path, "UPDATE cursor SET schema_number = 1"),
        lambda path: alter(path, "UPDATE cursor SET size = 1"),
        lambda path: path.unlink(),
    ],
)
def test_whatever_became_of_the_file_a_rebuild_mends_it(
    consortium: Consortium, damage: Callable[[Path], object]
) -> None:
    with consortium.open() as workspace:
        check(workspace)
    damage(workspace.index_path)
    with consortium.open() as workspace:
        workspace.rebuild_index()
        check(workspace)
        anchor(workspace)
        check(workspace)
    assert not [path for path in workspace.home.iterdir() if ".new" in path.name]


def test_index_of_another_ledger_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with IndexStore.create(tmp_path / "other.sqlite", b"L" * 32, "0x") as store:
        with pytest.raises(ConflictError, match="is the index of ledger 4c4c") as caught:
            sync(store, workspace.gateway)
        assert caught.value.code == "index_of_another_ledger"
        assert store.cursor().size == 0


def test_chain_that_lost_blocks_is_refused(consortium: Consortium, tmp_path: Path) -> None:
    """Somebody put an older backup of the chain in its place."""
    shutil.copytree(consortium.chain, tmp_path / "older")
    with consortium.open() as workspace:
        anchor(workspace)
        check(workspace)
    consortium.set_chain(str(tmp_path / "older"))
    with consortium.open() as workspace, pytest.raises(ChainUnavailableError) as caught:
        workspace.sync_index()
    assert caught.value.code == "chain_lost_blocks"


def test_chain_with_another_history_is_refused(consortium: Consortium, tmp_path: Path) -> None:
    """The older backup went on its own way, and is as long by now."""
    fork = consortium.copy(tmp_path / "fork")
    with consortium.open() as workspace:
        anchor(workspace)
        size = check(workspace)
    with fork.open() as workspace:
        anchor(workspace)
        assert check(workspace) == size
    consortium.set_chain(str(fork.chain))
    with consortium.open() as workspace:
        with pytest.raises(ChainUnavailableError) as caught:
            workspace.sync_index()
        assert caught.value.code == "chain_lost_blocks"
        workspace.rebuild_index()
        check(workspace)


def hide(position: int) -> Callable[[dict[str, Any], Respond], object]:
    """A node that leaves out one entry of its answer, as if it had not been recorded."""

    def fault(request: dict[str, Any], respond: Respond) -> object:
        response: Any = respond(request)
        topic = f"0x{EntryAppended.TOPIC.hex()}"
        entries = [log for log in response["result"] if log["topics"][0] == topic]
        response["result"].remove(entries[position])
        return response

    return fault


@pytest.mark.parametrize("position", [0, 5, -1])
def test_entry_that_a_node_leaves_out_is_missed_and_asked_for_again(
    workspace: Workspace, position: int
) -> None:
    workspace.index_path.unlink()
    node = stand_between(workspace)
    node.fail_once("eth_getLogs", hide(position))
    with pytest.raises(StorageError, match="try again") as caught:
        workspace.sync_index()
    assert caught.value.code == "index_gap"
    assert workspace.index.cursor().size == 0
    check(workspace)


def test_entry_left_out_of_an_earlier_range_is_missed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "_STEP_BLOCKS", 3)
    workspace.index_path.unlink()
    stand_between(workspace).fail_once("eth_getLogs", hide(-1))
    with pytest.raises(StorageError, match="index rebuild") as caught:
        workspace.sync_index()
    assert caught.value.code == "index_gap"
    workspace.rebuild_index()
    check(workspace)


def test_root_is_compared_after_each_step_before_the_next_is_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry of an early range is not what the chain recorded; their number is right."""
    monkeypatch.setattr(sync_module, "_STEP_BLOCKS", 6)
    workspace.index_path.unlink()
    node = stand_between(workspace)
    altered: list[int] = []

    def alter_first(request: dict[str, Any], respond: Respond) -> object:
        response: Any = respond(request)
        topic = f"0x{EntryAppended.TOPIC.hex()}"
        entries = [log for log in response["result"] if log["topics"][0] == topic]
        if entries and not altered:
            altered.append(node.asked["eth_getLogs"])
            entries[0]["data"] = entries[0]["data"][:-4] + "0bad"
        return response

    node.faults["eth_getLogs"] = alter_first
    with pytest.raises(StorageError) as caught:
        workspace.sync_index()
    assert caught.value.code == "index_root_mismatch"
    assert altered == [node.asked["eth_getLogs"]]
    workspace.rebuild_index()
    check(workspace)


@pytest.mark.parametrize("told", [refuse("missing trie node"), answer(None)])
def test_node_without_old_states_is_compared_with_at_the_end(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, told: Fault
) -> None:
    monkeypatch.setattr(sync_module, "_STEP_BLOCKS", 3)
    workspace.index_path.unlink()
    node = stand_between(workspace)
    head = hex(workspace.gateway.head().block_number)
    refused: list[object] = []

    def prune(request: dict[str, Any], respond: Respond) -> object:
        if request["params"][1] in ("latest", head):
            return respond(request)
        refused.append(request)
        return told(request, respond)

    node.faults["eth_call"] = prune
    check(workspace)
    assert len(refused) == 1


def test_chain_lost_in_the_middle_leaves_what_was_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "_STEP_BLOCKS", 1)
    workspace.index_path.unlink()
    node = stand_between(workspace)

    def lose_later(request: dict[str, Any], respond: Respond) -> object:
        if node.asked["eth_getLogs"] > 9:
            return lose_request(request, respond)
        return respond(request)

    node.faults["eth_getLogs"] = lose_later
    with pytest.raises(ChainUnavailableError):
        workspace.sync_index()
    cursor = workspace.index.cursor()
    assert cursor.next_block == 9
    assert cursor.synced_to_unix == 0
    node.faults.clear()
    check(workspace)


def test_blocks_that_another_sync_has_read_meanwhile_are_not_read_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While we read, another process reads the same blocks, and the next."""
    monkeypatch.setattr(sync_module, "_STEP_BLOCKS", 4)
    workspace.index_path.unlink()
    workspace.index  # noqa: B018 - made here, empty
    node = stand_between(workspace)

    def overtake(request: dict[str, Any], respond: Respond) -> object:
        response = respond(request)
        node.faults.clear()
        with IndexStore.open(workspace.index_path) as other:
            sync(other, workspace.gateway)
        return response

    node.faults["eth_getLogs"] = overtake
    check(workspace)


def test_index_that_is_ahead_of_the_head_we_saw_is_right_all_the_same(
    workspace: Workspace,
) -> None:
    """After we asked for the head, the chain grew and another process read that, too."""
    node = stand_between(workspace)
    seen = workspace.gateway.log_size()

    def grow(request: dict[str, Any], respond: Respond) -> object:
        node.faults.clear()
        anchor(workspace)
        with IndexStore.open(workspace.index_path) as other:
            assert sync(other, workspace.gateway).size == seen + 1
        return respond(request)

    def arm(request: dict[str, Any], respond: Respond) -> object:
        response = respond(request)
        if request["params"][0] == "latest":
            node.faults["eth_call"] = grow
        return response

    node.faults["eth_getBlockByNumber"] = arm
    result = workspace.sync_index()
    assert result.size == seen
    assert workspace.index.cursor().size == seen + 1
    check(workspace)


SYNCING = """
import os, signal, sys
from pathlib import Path
from ledger.index import sync
from tests.ledger.chain.faulty_node import stand_between
from tests.support.consortium import Consortium

method, count = sys.argv[2], int(sys.argv[3])
sync._STEP_BLOCKS = 1
with Consortium(Path(sys.argv[1])).open() as workspace:
    node = stand_between(workspace)

    def die(request, respond):
        if node.asked[method] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return respond(request)

    node.faults[method] = die
    getattr(workspace, sys.argv[4])()
"""


def run_until_killed(consortium: Consortium, method: str, count: int, what: str) -> None:
    arguments = [str(consortium.directory), method, str(count), what]
    environment = os.environ | {"PYTHONPATH": SEARCH_PATH}
    run = subprocess.run([sys.executable, "-c", SYNCING, *arguments], env=environment, check=False)
    assert run.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("method", "count"), [("eth_getLogs", 1), ("eth_getLogs", 9)])
def test_kill_9_while_syncing_leaves_an_index_that_goes_on(
    consortium: Consortium, method: str, count: int
) -> None:
    (consortium.home() / "index.sqlite").unlink()
    run_until_killed(consortium, method, count, "sync_index")
    with consortium.open() as workspace:
        assert workspace.index.cursor().next_block == count - 1
        check(workspace)


def test_kill_9_while_rebuilding_leaves_the_old_index(consortium: Consortium) -> None:
    run_until_killed(consortium, "eth_getLogs", 9, "rebuild_index")
    home = consortium.home()
    assert [path for path in home.iterdir() if ".new" in path.name]
    with consortium.open() as workspace:
        assert workspace.index.cursor().size > 0
        check(workspace)
        workspace.rebuild_index()
        check(workspace)
    assert not [path for path in home.iterdir() if ".new" in path.name]


def test_only_one_process_rebuilds_at_a_time(workspace: Workspace) -> None:
    workspace.sync_index()
    node = stand_between(workspace)
    refused: list[str] = []

    def rebuild_again(request: dict[str, Any], respond: Respond) -> object:
        node.faults.clear()
        with pytest.raises(StorageError, match="another process is rebuilding") as caught:
            rebuild(workspace.index_path, workspace.gateway)
        refused.append(caught.value.code)
        return respond(request)

    node.faults["eth_getLogs"] = rebuild_again
    workspace.rebuild_index()
    assert refused == ["index_rebuilding"]
    check(workspace)


def test_reader_goes_on_while_the_index_is_rebuilt(workspace: Workspace) -> None:
    size = check(workspace)
    stream = workspace.index.iterate()
    seen = [next(stream).entry_index]
    anchor(workspace)
    workspace.rebuild_index()
    seen += [row.entry_index for row in stream]
    assert seen == list(range(size))
    assert workspace.index.cursor().size == size + 1


TOGETHER = """
import sys
from pathlib import Path
from ledger.index import sync
from tests.support.consortium import Consortium

sync._STEP_BLOCKS = 2
sys.stdin.readline()
with Consortium(Path(sys.argv[1])).open() as workspace:
    for _ in range(10):
        workspace.sync_index()
print("done")
"""


def test_two_processes_sync_one_index_while_the_chain_grows(consortium: Consortium) -> None:
    (consortium.home() / "index.sqlite").unlink()
    with serve(consortium.chain) as node:
        for member in (SICHUAN, CHONGQING):
            consortium.set_chain(node.url, member)
        arguments = [sys.executable, "-c", TOGETHER, str(consortium.directory)]
        environment = os.environ | {"PYTHONPATH": SEARCH_PATH}
        both = [
            subprocess.Popen(
                arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for process in both:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        with consortium.open(SICHUAN) as workspace:
            for _ in range(10):
                anchor(workspace, ISSUERS[SICHUAN])
        assert [process.communicate()[0] for process in both] == ["done\n", "done\n"]
        with consortium.open() as workspace:
            check(workspace)
